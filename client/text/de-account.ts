/** Sitzungen aus der Nähe und die Seite eines Kontos, auf Deutsch. */
import type { enAccount } from "./en-account.ts";

const number = new Intl.NumberFormat("de");
const counted = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;
const sessions = (n: number) => counted(n, "Sitzung", "Sitzungen");

export const deAccount: typeof enAccount = {
  list: {
    updates: (n) => counted(n, "Neuerung", "Neuerungen"),
    more: (n) => `${number.format(n)} weitere zeigen`,
    shown: (n, of) => `${number.format(n)} von ${counted(of, "Gerät", "Geräten")} gezeigt`,
    andMore: (n) => `und ${number.format(n)} weitere`,
  },

  details: {
    show: "Einzelheiten",
    of: (device) => `zu ${device}`,
    created: "Angemeldet",
    lastSeen: "Zuletzt aktiv",
    ended: "Beendet",
    idle: "Endet ungenutzt",
    lifetime: "Endet spätestens",
    remembered: "Angemeldet bleiben bis",
    method: "Angemeldet mit",
    methods: {
      password: "Passwort",
      remembered: "Gemerkter Anmeldung",
      token: "Passwort, durch eine App",
      guest: "Niemand ist angemeldet",
    },
    authenticated: "Passwort eingegeben",
    address: "Adresse",
    id: "Sitzungsnummer",
  },

  chosen: {
    choose: (username, device) => `${username} auf ${device} auswählen`,
    chooseGuest: (device) => `Gast auf ${device} auswählen`,
    chooseAll: "Alle gezeigten auswählen",
    count: (n) => `${number.format(n)} ausgewählt`,
    clear: "Auswahl aufheben",
    signOut: (n) => `${sessions(n)} abmelden`,
    title: (n) => `${sessions(n)} abmelden?`,
    body: "Sie sind sofort überall beendet, mit allen offenen Seiten.",
    one: (username, device) => `${username} auf ${device}`,
    guest: (device) => `ein Gast auf ${device}`,
    message: "Nachricht an diese Personen",
  },

  everyone: {
    ending: "Alle werden abgemeldet …",
    clearing: "Beendete Sitzungen werden aus der Liste genommen",
    cleared: (n, of) => `${number.format(n)} von ${number.format(of)} aus der Liste genommen`,
    done: "Alle sind abgemeldet.",
  },

  endedByOwner: "Selbst abgemeldet",

  views: {
    label: "Teile dieses Kontos",
    overview: "Profil",
    sessions: "Sitzungen",
    desk: "Reservierungen",
    history: "Verlauf",
  },
  sessions: {
    live: "Jetzt angemeldet",
    none: "Dieses Konto ist nirgends angemeldet.",
    ended: "Kürzlich abgemeldet",
    noneEnded: "In den letzten 28 Tagen wurde nichts abgemeldet.",
  },
  history: {
    lead: "Was mit diesem Konto geschah: Anmeldungen, Abmeldungen und Änderungen, Neuestes zuerst.",
    nothing: "Mit diesem Konto ist noch nichts geschehen.",
  },
  desk: {
    bin: "Merkliste",
    emptyBin: "Die Merkliste ist leer.",
    reservations: "Reservierungen",
    noReservations: "Dieses Konto hat in den letzten 28 Tagen nichts reserviert.",
    columns: {
      thing: "Sache",
      quantity: "Anzahl",
      added: "Hinzugefügt",
      state: "Stand",
      reserved: "Reserviert",
      until: "Bis",
    },
    removed: "Nicht mehr im Katalog",
    outcomes: "Ergebnisse ansehen",
  },
};
