/** Katalog, Merkliste und Reservierungen auf Deutsch. */
import type { DeskText } from "./en-desk.ts";

const number = new Intl.NumberFormat("de");
const either = new Intl.ListFormat("de", { type: "disjunction" });
const counted = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;

export const deDesk: DeskText = {
  header: {
    bin: "Merkliste",
    reservations: "Reservierungen",
    administration: "Verwaltung",
    count: (n) => number.format(n),
    things: (n) => counted(n, "Eintrag", "Einträge"),
    held: (n) => `${number.format(n)} vorgemerkt`,
  },

  catalogue: {
    lead: "Was sich hier reservieren lässt, auf dem Stand dieses Augenblicks.",
    list: "Angebote",
    search: "Name oder Beschreibung",
    clear: "Suche löschen",
    empty: "Im Katalog steht noch nichts.",
    noMatch: (q) => `Zu „${q}“ gibt es hier nichts.`,
    available: (n) => `${number.format(n)} frei`,
    soldOut: "Keine frei",
    everyone: "Für alle",
    onlyIn: (places) => `Für Menschen in ${either.format(places)}`,
    onlyInCities: (cities, countries) =>
      `Für Menschen in ${either.format(cities)}, in ${either.format(countries)}`,
    heldFor: (duration) => `Wird zurückgelegt für: ${duration}`,
    limit: (n) => `Höchstens ${number.format(n)} je Konto`,
    tasks: {
      none: "Abholen ohne weitere Schritte",
      confirm: "Abholen nach Zustimmung zu den Bedingungen",
      reauthenticate: "Abholen mit Ihrem Passwort",
      other_device: "Abholen nach Freigabe auf einem anderen Ihrer Geräte",
    },
    add: "Merken",
    addOne: (name) => `${name} merken`,
    inBin: (n) => `${number.format(n)} auf Ihrer Merkliste`,
    added: (name, n) => `${name}: ${number.format(n)} auf Ihrer Merkliste.`,
    notFor: {
      permission: "Ihr Konto darf nicht reservieren.",
      place: (place) => `Nicht für Konten in ${place}.`,
      nowhere: "Ihr Konto nennt keinen Ort. Die Verwaltung kann ihn eintragen.",
    },
  },

  quantity: {
    of: (name) => `Anzahl: ${name}`,
    more: (name) => `Eins mehr: ${name}`,
    fewer: (name) => `Eins weniger: ${name}`,
  },

  reserve: {
    button: "Reservieren",
    one: (name) => `${name} reservieren`,
    pending: "Wird reserviert …",
    progress: (done, of) => `Reserviere ${number.format(done)} von ${number.format(of)} …`,
    all: "Alles reservieren",
    done: (name, duration) => `${name} ist für Sie zurückgelegt. Zeit zum Abholen: ${duration}.`,
    doneMany: (n) => `${counted(n, "Stück ist", "Stücke sind")} für Sie zurückgelegt.`,
    open: "Zu den Reservierungen",
    refused: (n, of) =>
      of === 1 ? "" : `${number.format(n)} von ${number.format(of)} nicht reserviert.`,
  },

  bin: {
    leadGuest:
      "Was Sie bei diesem Besuch gesammelt haben. Dieser Browser findet es 30 Tage lang wieder.",
    leadAccount: "Was Sie gesammelt haben, auf allen Ihren Geräten gleich.",
    columns: { thing: "Angebot", quantity: "Anzahl", available: "Jetzt frei" },
    empty: "Ihre Merkliste ist leer.",
    toCatalogue: "Zum Katalog",
    gone: "Nicht mehr im Katalog",
    goneName: "Ein Angebot, das es nicht mehr gibt",
    remove: "Entfernen",
    removeOne: (name) => `${name} entfernen`,
    removed: (name) => `${name} steht nicht mehr auf Ihrer Merkliste.`,
    clear: "Merkliste leeren",
    cleared: (n) => `${counted(n, "Eintrag", "Einträge")} von der Merkliste entfernt.`,
    onwards: "Reservieren, was Sie gesammelt haben",
    onwardsBody:
      "Zum Reservieren braucht es ein Konto. Ihre Merkliste kommt mit, nichts geht verloren.",
    signIn: "Anmelden und reservieren",
    register: "Konto anlegen",
    merged: (n, there) =>
      `${counted(n, "Eintrag", "Einträge")} aus diesem Besuch ${
        n === 1 ? "kam" : "kamen"
      } auf Ihre Merkliste${
        there === 0
          ? "."
          : ` (${number.format(there)} ${there === 1 ? "stand" : "standen"} schon darauf).`
      }`,
    review: "Ansehen",
    mergedTitle: "Aus Ihrem Besuch übernommen",
    mergedItem: (name, quantity, was) =>
      was === 0
        ? `${name}: ${number.format(quantity)}`
        : `${name}: ${number.format(quantity)} statt ${number.format(was)}`,
    undoMerge: "Rückgängig",
    undoMergeUntil: (at) =>
      `Lässt sich bis ${at} rückgängig machen, soweit Sie es nicht geändert haben.`,
    undone: "Was aus Ihrem Besuch dazukam, ist wieder entfernt.",
  },

  reservations: {
    lead: "Was für Sie zurückgelegt ist, bis Sie es abholen; auf allen Ihren Geräten gleich.",
    held: "Für Sie zurückgelegt",
    nothingHeld: "Für Sie ist nichts zurückgelegt.",
    past: "Früher",
    nothingPast: "Nichts in den letzten 28 Tagen.",
    left: (time) => `noch ${time}`,
    timeUp: "Die Zeit ist um",
    warning: (name, minutes) =>
      `${name}: noch ${counted(minutes, "Minute", "Minuten")} zum Abholen.`,
    states: {
      held: "Zurückgelegt",
      claimed: "Abgeholt",
      expired: "Verfallen",
      released: "Zurückgegeben",
    },
    todo: {
      none: "Es gehört Ihnen. Holen Sie es ab, bevor die Zeit um ist.",
      confirm: "Stimmen Sie den Bedingungen zu, dann holen Sie es ab.",
      reauthenticate: "Geben Sie noch einmal Ihr Passwort ein, dann holen Sie es ab.",
      other_device:
        "Wartet auf Sie an einem anderen Gerät: Öffnen Sie Rollcall dort, wo Sie schon einmal angemeldet waren, und geben Sie es frei.",
    },
    ready: "Alles ist erledigt. Holen Sie es ab, bevor die Zeit um ist.",
    over: {
      claimed: "Es gehört jetzt Ihnen.",
      expired: "Die Zeit war um, und es ging zurück.",
      released: "Es wurde zurückgegeben.",
    },
    readTerms: "Bedingungen lesen",
    terms: (name) => `Bedingungen: ${name}`,
    noTerms: "Es ist nichts festgehalten. Sie stimmen zu, es zu nehmen.",
    accept: "Zustimmen",
    accepting: "Einen Augenblick …",
    prove: "Passwort eingeben",
    claim: "Abholen",
    claimOne: (name) => `${name} abholen`,
    claiming: "Wird abgeholt …",
    release: "Zurückgeben",
    releaseOne: (name) => `${name} zurückgeben`,
    releaseTitle: (name) => `${name} zurückgeben?`,
    releaseBody: "Dann kann es sofort jemand anders haben.",
    releasing: "Wird zurückgegeben …",
    released: (name) => `${name} wurde zurückgegeben.`,
    information: (name) => `Was Sie erhalten haben: ${name}`,
    keepIt:
      "Bewahren Sie es gut auf. Um es hier später noch einmal zu sehen, brauchen Sie Ihr Passwort.",
    copy: "Kopieren",
    showAgain: "Noch einmal zeigen",
    showAgainOne: (name) => `Zeigen, was Sie erhalten haben: ${name}`,
    showing: "Einen Augenblick …",
    hide: "Verbergen",
    columns: { thing: "Angebot", state: "Stand", reserved: "Reserviert", ended: "Beendet" },
  },

  approval: {
    label: "Freigabe",
    sentence: (name, device) => `Auf dem Gerät „${device}“ wurde ${name} reserviert. Freigeben?`,
    anotherDevice: "ein anderes Gerät",
    more: (n) => `${number.format(n)} weitere zu beantworten`,
    yes: "Freigeben",
    no: "Das war ich nicht",
    pending: "Einen Augenblick …",
    approved: (name) => `${name} kann jetzt abgeholt werden, auf dem Gerät, das darum bat.`,
    rejected: (name) =>
      `${name} wurde zurückgegeben. Melden Sie hier jedes Gerät ab, das Sie nicht kennen.`,
  },
};
