/**
 * What happened, in German. No verb agrees with a person and every person stands in the dative, after "von"
 * or "bei": so each sentence reads right with a username, with "Ihnen" and with "einem Gast" in any place.
 */
import type { enEvents } from "./en-events.ts";
import { phrase } from "./phrase.ts";

const list = new Intl.ListFormat("de");

export const deEvents: typeof enEvents = {
  you: "Ihnen",
  administrator: "der Verwaltung",
  guest: "einem Gast",
  somebody: "jemandem",

  types: {
    "sign_in.succeeded": "Anmeldungen",
    "sign_in.failed": "Abgelehnte Anmeldungen",
    "session.opened": "Begonnene Sitzungen",
    "session.ended": "Beendete Sitzungen",
    "everyone.ended": "Alle abgemeldet",
    "permissions.changed": "Geänderte Rechte",
    "account.created": "Neue Konten",
    "account.disabled": "Gesperrte Konten",
    "account.enabled": "Entsperrte Konten",
    "password.changed": "Geänderte Passwörter",
    "device.new": "Neue Geräte",
    "theft.detected": "Gestohlene Anmeldungen",
    "bin.merged": "Übernommene Merklisten",
    "reservation.held": "Reservierungen",
    "reservation.released": "Zurückgegebene Reservierungen",
    "reservation.expired": "Abgelaufene Reservierungen",
    "outcome.success": "Abholungen",
    "outcome.fail": "Ausgabe: abgelehnt",
    "outcome.hack": "Ausgabe: verdächtig",
    "outcome.judged": "Beurteilte Verdachtsfälle",
  },

  signedIn: (who) => phrase`Anmeldung von ${who}`,
  refused: {
    credentials: (who) => phrase`Anmeldung im Konto von ${who} abgelehnt: falsches Passwort`,
    disabled: (who) => phrase`Anmeldung im Konto von ${who} abgelehnt: das Konto ist gesperrt`,
    limited: (who) => phrase`Anmeldung im Konto von ${who} abgelehnt: zu viele Versuche`,
    other: (who) => phrase`Anmeldung im Konto von ${who} abgelehnt`,
  },
  refusedUnknown: phrase`Eine Anmeldung wurde abgelehnt: ein solches Konto gibt es nicht`,
  refusedUnknownLimited: phrase`Eine Anmeldung wurde abgelehnt: zu viele Versuche`,

  opened: {
    account: (who) => phrase`Neue Sitzung von ${who}`,
    token: (who) => phrase`Anmeldung einer App im Konto von ${who}`,
    guest: () => phrase`Ein Gastbesuch hat begonnen`,
  },

  ended: {
    signed_out: (who) => phrase`Abmeldung von ${who}`,
    revoked: (who) => phrase`Von ${who} abgemeldet: ein anderes eigenes Gerät`,
    admin: (who, by) => phrase`Ein Gerät von ${who} wurde von ${by} abgemeldet`,
    password_changed: (who) =>
      phrase`Ein Gerät von ${who} wurde abgemeldet: das Passwort ist ein neues`,
    replaced: (who) => phrase`Neue Anmeldung von ${who}, die frühere Sitzung ist damit beendet`,
    limit: (who) =>
      phrase`Zu viele Geräte: das am längsten nicht benutzte von ${who} wurde abgemeldet`,
    expired_idle: (who) => phrase`Eine nicht benutzte Sitzung von ${who} ist abgelaufen`,
    expired_lifetime: (who) => phrase`Eine Sitzung von ${who} hat ihre längste Dauer erreicht`,
    account_disabled: (who) =>
      phrase`Eine Sitzung von ${who} wurde beendet: das Konto wurde gesperrt`,
    theft: (who) =>
      phrase`Ein Gerät von ${who} wurde abgemeldet: jemand benutzte eine gestohlene Anmeldung`,
    restored: (who) =>
      phrase`Eine Sitzung von ${who} wurde beendet: der Server kam aus einer Sicherung zurück`,
  },
  endedForUnknownReason: (who) => phrase`Eine Sitzung von ${who} wurde beendet`,
  guestEnded: (reason) => phrase`Ein Gastbesuch endete: ${reason}`,
  guestEndedBy: (by) => phrase`Ein Gastbesuch wurde von ${by} beendet`,

  everyoneEnded: (by) => phrase`Alle wurden von ${by} abgemeldet`,
  everyoneRestored: phrase`Der Server kam aus einer Sicherung zurück: alle wurden abgemeldet`,

  allowed: (by, who, added) => phrase`Neue Rechte bei ${who}, von ${by}: ${list.format(added)}`,
  disallowed: (by, who, removed) =>
    phrase`Entzogene Rechte bei ${who}, von ${by}: ${list.format(removed)}`,
  permitted: (by, who, added, removed) =>
    phrase`Geänderte Rechte bei ${who}, von ${by}: neu ${list.format(added)}; nicht mehr ${list.format(removed)}`,
  permissionsChanged: (by, who) => phrase`Die Rechte von ${who} wurden von ${by} geändert`,

  accountCreated: (who) => phrase`Neues Konto von ${who}`,
  accountCreatedBy: (by, who) => phrase`Neues Konto von ${who}, angelegt von ${by}`,
  accountDisabled: (by, who) => phrase`Das Konto von ${who} wurde von ${by} gesperrt`,
  accountEnabled: (by, who) => phrase`Das Konto von ${who} wurde von ${by} entsperrt`,
  passwordChanged: (who) => phrase`Das Passwort wurde von ${who} geändert`,
  passwordSet: (by, who) => phrase`Das Passwort von ${who} wurde von ${by} neu gesetzt`,
  newDevice: (who) => phrase`Anmeldung von ${who} auf einem Gerät, das neu für das Konto ist`,
  theft: (who) => phrase`Jemand versuchte es mit einer gestohlenen Anmeldung von ${who}`,
  binMerged: (who) =>
    phrase`Die Merkliste eines Besuchs wurde bei der Anmeldung von ${who} übernommen`,
  reserved: (who, what) => phrase`${what} wurde von ${who} reserviert`,
  released: (who, what) => phrase`${what} wurde von ${who} zurückgegeben`,
  releasedBy: (by, who, what) =>
    phrase`${what}, reserviert von ${who}, wurde von ${by} zurückgenommen`,
  expired: (who, what) => phrase`${what}, reserviert von ${who}, wurde nicht rechtzeitig abgeholt`,
  claimed: (who, what) => phrase`${what} wurde von ${who} abgeholt`,
  something: "etwas",
  failed: {
    out_of_stock: (who, what) => phrase`${what} war bei der Anfrage von ${who} nicht vorrätig`,
    limit_reached: (who, what) =>
      phrase`Anfrage von ${who} nach ${what} abgelehnt: die Höchstzahl ist erreicht`,
    reservation_expired: (who, what) => phrase`${what} wurde von ${who} zu spät abgeholt`,
    already_claimed: (who, what) =>
      phrase`${what} sollte von ${who} ein zweites Mal abgeholt werden`,
    not_entitled: (who, what) =>
      phrase`Anfrage von ${who} nach ${what} abgelehnt: die Berechtigung gilt nicht mehr`,
  },
  failedOther: (who, what) => phrase`Anfrage von ${who} nach ${what} abgelehnt`,
  suspected: {
    not_entitled: (who, what) =>
      phrase`Verdächtig: Versuch von ${who}, ${what} ohne Berechtigung zu reservieren`,
    not_yours: (who, what) =>
      phrase`Verdächtig: Zugriff von ${who} auf eine fremde Reservierung von ${what}`,
    unknown_reservation: (who) =>
      phrase`Verdächtig: Zugriff von ${who} auf eine Reservierung, die es nicht gibt`,
    task_not_done: (who, what) =>
      phrase`Verdächtig: ${what} sollte von ${who} ohne die Aufgabe abgeholt werden`,
  },
  suspectedOther: (who, what) => phrase`Verdächtig: ein Versuch von ${who} mit ${what}`,
  judgedMistake: (by, who) =>
    phrase`Ein Verdacht bei ${who} war nach dem Urteil von ${by} ein Irrtum`,
  judgedHack: (by, who) =>
    phrase`Ein Verdacht bei ${who} war nach dem Urteil von ${by} ein Angriff`,
  unknown: (type) => phrase`Ein Ereignis, das diese Seite noch nicht kennt: ${type}`,
  unknownAbout: (type, who) =>
    phrase`Ein Ereignis, das diese Seite noch nicht kennt: ${type}, bei ${who}`,
};
