/** Katalog mit Bestand und die Protokolle der Ausgabe, für die Verwaltung, auf Deutsch. */
import type { AdminDeskText } from "./en-admin-desk.ts";

const number = new Intl.NumberFormat("de");
const percent = new Intl.NumberFormat("de", { style: "percent" });
const list = new Intl.ListFormat("de");
const counted = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;
const units = (n: number) => counted(n, "Einheit", "Einheiten");

export const deAdminDesk: AdminDeskText = {
  number: (n) => number.format(n),

  stock: {
    lead: "Was sich reservieren lässt, und was aus jeder Einheit wurde.",
    overview: "Verlauf im Diagramm",
    create: "Neue Ressource",
    search: "Name einer Ressource",
    total: (n) => counted(n, "Ressource", "Ressourcen"),
    none: "Im Katalog steht noch nichts.",
    noMatch: (q) => `Keine Ressource heißt „${q}“.`,
    clear: "Suche löschen",
    removed: "Aus dem Katalog genommen",
    removedLead:
      "Niemand kann sie mehr reservieren. Zurückgelegtes läuft aus; Ausgegebenes bleibt ausgegeben.",

    states: {
      delivered: "Ausgegeben",
      held: "Zurückgelegt",
      stock: "Frei",
      withdrawn: "Zurückgezogen",
    },
    of: (n) => `von ${units(n)}`,
    noUnits: "Noch keine Einheiten",
    all: "Zusammen",
    bar: (delivered, held, stock, withdrawn) =>
      `${number.format(delivered)} ausgegeben, ${number.format(held)} zurückgelegt, ${number.format(stock)} frei, ${number.format(withdrawn)} zurückgezogen`,

    neverReserved: "Noch nie reserviert.",
    noneSettled: (made) => `${counted(made, "Reservierung", "Reservierungen")}, alle noch offen.`,
    settled: (claimed, settled) =>
      `${number.format(claimed)} von ${counted(settled, "Reservierung", "Reservierungen")} abgeholt (${percent.format(claimed / settled)})`,
    timeToClaim: (duration) => `Median: ${duration}`,
    expired: (n) => `${number.format(n)} verfallen`,
    released: (n) => `${number.format(n)} zurückgegeben`,

    edit: "Bearbeiten",
    editOne: (name) => `${name} bearbeiten`,
    remove: "Entfernen",
    removeOne: (name) => `${name} entfernen`,
    removeTitle: (name) => `${name} entfernen?`,
    removeFree: (n) =>
      n === 0
        ? "Die Ressource verschwindet sofort aus dem Katalog. Keine ihrer Einheiten ist frei."
        : `Die Ressource verschwindet sofort aus dem Katalog. ${n === 1 ? "Ihre freie Einheit wird" : `Ihre ${number.format(n)} freien Einheiten werden`} zurückgezogen und nie ausgegeben.`,
    removeHeld: (n) =>
      n === 1
        ? "Eine Einheit ist zurückgelegt: Sie kann bis zum Ablauf noch abgeholt werden; sonst wird sie zurückgezogen."
        : `${number.format(n)} Einheiten sind zurückgelegt: Sie können bis zum Ablauf noch abgeholt werden; sonst werden sie zurückgezogen.`,
    removeDelivered: "Was ausgegeben ist, bleibt bei denen, die es haben.",
    removeButton: "Ressource entfernen",
    removing: "Wird entfernt …",
    removedOne: (name) => `${name} ist nicht mehr im Katalog.`,
  },

  resource: {
    createTitle: "Neue Ressource",
    editTitle: (name) => `${name} bearbeiten`,
    create: "Ressource anlegen",
    creating: "Wird angelegt …",
    created: (name) =>
      `${name} steht im Katalog. Fügen Sie Einheiten hinzu, damit man reservieren kann.`,
    saved: (name) => `${name} wurde geändert.`,
    name: "Name",
    description: "Beschreibung",
    countries: "Länder",
    countriesHint: "Wer reservieren darf. Keins genannt: Menschen aus allen Ländern.",
    noCountry: (name) => `Ein Land namens „${name}“ gibt es nicht.`,
    cities: "Orte",
    citiesHint: "Durch Kommas getrennt. Keiner genannt: Menschen aus allen Orten.",
    take: (value) => `${value} herausnehmen`,
    limit: "Höchstens je Konto",
    limitHint:
      "So viele Einheiten darf ein Konto zusammen zurückgelegt haben und besitzen. Leer: so viele es gibt.",
    hold: "Zurückgelegt für",
    holdUnit: "Zeiteinheit",
    holdFault: "Von einer Sekunde bis zu einer Woche.",
    holdHint: "So lange wartet eine Einheit auf die Person, die sie reserviert hat.",
    holdUnits: { seconds: "Sekunden", minutes: "Minuten", hours: "Stunden", days: "Tage" },
    task: "Aufgabe",
    taskNames: {
      none: "Keine Aufgabe",
      confirm: "Bedingungen zustimmen",
      reauthenticate: "Passwort eingeben",
      other_device: "Auf einem anderen Gerät freigeben",
    },
    tasks: {
      none: "Wer reserviert hat, kann gleich abholen.",
      confirm: "Vorher stimmt man den Bedingungen unten zu.",
      reauthenticate: "Vorher gibt man nach dem Reservieren das eigene Passwort ein.",
      other_device:
        "Vorher gibt man es auf einem anderen Gerät frei, das das Konto schon benutzt hat.",
    },
    terms: "Bedingungen",
    termsHint: "Das, dem man zustimmt.",
    heldKeeps: "Was jetzt zurückgelegt ist, behält Aufgabe und Frist.",
  },

  units: {
    add: "Einheiten hinzufügen",
    addTo: (name) => `Einheiten hinzufügen: ${name}`,
    lead: "Eine Einheit je Zeile: ein Code, ein Link, ein Text. Jede geht genau einmal an ein Konto.",
    secret:
      "Vorher sieht sie niemand: nicht in Listen, Exporten oder Protokollen, auch Sie hier nicht. Behalten Sie eine eigene Kopie.",
    source: "Woher sie kommen",
    byTyping: "Eingetippt",
    byFile: "Aus einer Datei",
    typed: "Einheiten",
    file: "Datei",
    fileHint: "Reiner Text in UTF-8, eine Einheit je Zeile.",
    submit: "Einheiten hinzufügen",
    cancel: "Übertragung abbrechen",
    sending: "Übertragung",
    sent: (share) => `${percent.format(share)} übertragen`,
    checking: "Alles ist übertragen. Wird geprüft …",
    canceled: "Abgebrochen. Nichts wurde hinzugefügt.",
    added: (n) => `${units(n)} hinzugefügt.`,
    noneAdded: "Nichts wurde hinzugefügt.",
    duplicates: (n, lines) => {
      const more = n - lines.length;
      const named = lines.map((line) => number.format(line));
      const where = more > 0 ? [...named, `${number.format(more)} weitere`] : named;
      const label = lines.length === 1 && more === 0 ? "Zeile" : "Zeilen";
      return `${counted(n, "Dublette", "Dubletten")} ausgelassen (${label} ${list.format(where)}).`;
    },
    wrongLine: (line, why) =>
      `Zeile ${number.format(line)} ist nicht richtig. ${why} Nichts wurde hinzugefügt.`,
    wrong: "Die Einheiten sind nicht richtig. Nichts wurde hinzugefügt.",
    lost: "Die Verbindung ist abgerissen. War schon alles angekommen, sind die Einheiten im Bestand; noch einmal gesendet, kommt nur hinzu, was fehlt.",
    more: "Weitere hinzufügen",
    done: "Fertig",
  },

  outcomes: {
    lead: "Wie Reservieren und Abholen ausgingen, in drei Protokollen. Ein Angriff ist, was unsere eigenen Seiten nie tun: ein Verdacht, bis Sie ihn beurteilen.",
    logs: "Protokolle",
    kinds: { success: "Erfolg", fail: "Fehlschlag", hack: "Angriff" },
    kindHints: {
      success: "Ausgegebene Einheiten",
      fail: "Abgelehnt, und niemand ist schuld",
      hack: "Hätte nicht möglich sein sollen",
    },
    resource: "Ressource",
    allResources: "Alle Ressourcen",
    unknownResource: "eine Ressource, die es nicht mehr gibt",
    code: "Grund",
    allCodes: "Alle Gründe",
    codes: {
      claimed: "Abgeholt",
      out_of_stock: "Keine frei",
      limit_reached: "Grenze erreicht",
      reservation_expired: "Zu spät",
      already_claimed: "Schon abgeholt",
      not_entitled: "Nicht berechtigt",
      not_yours: "Gehört jemand anderem",
      unknown_reservation: "Keine solche Reservierung",
      task_not_done: "Aufgabe nicht erledigt",
    },
    judged: "Beurteilung",
    judgedOrNot: "Beurteilt oder nicht",
    judgedOnly: "Beurteilt",
    unjudgedOnly: "Nicht beurteilt",
    account: (username) => `Nur ${username}`,
    oneAccount: "Nur ein Konto",
    allAccounts: "Alle Konten zeigen",
    clear: "Filter löschen",
    reservation: "Reservierungsnummer",
    session: "Sitzungsnummer",

    following: "Neues kommt oben hinzu",
    arrived: (n) => counted(n, "neuer Vorgang", "neue Vorgänge"),
    nothing: {
      success: "Noch wurde nichts abgeholt.",
      fail: "Noch wurde nichts abgelehnt.",
      hack: "Nichts Verdächtiges ist geschehen.",
    },
    noMatch: "Nichts in diesem Protokoll passt zu diesen Filtern.",
    nothingYet: "Unter dem Neuesten passt nichts. Älteres wurde noch nicht durchsucht.",
    older: "Ältere zeigen",

    evidence: {
      address: "Adresse",
      forwardedFor: "X-Forwarded-For",
      userAgent: "Browserkennung",
      session: "Sitzung",
      missing: "keine",
    },

    judge: "Ihr Urteil",
    verdicts: { mistake: "Versehen", hack: "Angriff" },
    judgeAs: {
      mistake: (username) => `Was ${username} tat, als Versehen beurteilen`,
      hack: (username) => `Was ${username} tat, als Angriff beurteilen`,
    },
    judgedBy: {
      mistake: (by) => `Ein Versehen, beurteilt von ${by}`,
      hack: (by) => `Ein Angriff, beurteilt von ${by}`,
    },
    judgedByYou: {
      mistake: "Ein Versehen, von Ihnen beurteilt",
      hack: "Ein Angriff, von Ihnen beurteilt",
    },
    hackTitle: "Als Angriff beurteilen?",
    hackBody: (username) =>
      `Alles, was für ${username} zurückgelegt ist, geht zurück in den Bestand. Sitzungen und Konto bleiben, wie sie sind; gleich danach können Sie sie beenden und sperren.`,
    hackButton: "Es ist ein Angriff",
    judging: "Wird beurteilt …",
    released: (n, username) =>
      n === 0
        ? `Für ${username} war nichts zurückgelegt.`
        : `${n === 1 ? "Eine Einheit" : `${number.format(n)} Einheiten`} von ${username} ${n === 1 ? "ging" : "gingen"} zurück in den Bestand.`,
    endAll: (username) => `Alle Sitzungen von ${username} beenden`,
    disable: (username) => `${username} sperren`,

    export: "Exportieren",
    exportLog: (log) => `Protokoll „${log}“ als NDJSON exportieren`,
    trim: "Älteres vergessen …",
    trimTitle: (log) => `Älteres aus dem Protokoll „${log}“ vergessen?`,
    trimBody:
      "Was vergessen ist, kommt nicht zurück. Exportieren Sie es vorher, wenn Sie es brauchen könnten.",
    trimBefore: "Alles vor dem",
    trimButton: "Vergessen",
    trimming: "Wird vergessen …",
    trimmed: (n) =>
      n === 0 ? "So Altes gab es nicht." : `${counted(n, "Vorgang", "Vorgänge")} vergessen.`,
  },
};
