/** Counts over time, in German, part of the dictionary in de.ts. */
import type { Text } from "./en.ts";

const number = new Intl.NumberFormat("de", { maximumFractionDigits: 1 });
const counted = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;

export const deStats: Text["stats"] = {
  lead: "Wie viele da sind, wer kommt und geht, und was am Schalter geschieht.",
  number: (n) => number.format(n),
  window: "Zeitraum",
  windows: { "15m": "15 Min.", "1h": "1 Std.", "24h": "24 Std.", "7d": "7 Tage" },
  within: {
    "15m": "letzte 15 Minuten",
    "1h": "letzte Stunde",
    "24h": "letzte 24 Stunden",
    "7d": "letzte 7 Tage",
  },
  now: "jetzt",
  standing: (at) => `Nicht live: Die Diagramme zeigen den Stand von ${at}.`,

  figures: "Auf einen Blick",
  sessions: "Laufende Sitzungen",
  online: "Online",
  signIns: "Anmeldungen",
  refused: "Abgelehnte Anmeldungen",
  ends: "Beendete Sitzungen",
  suspicious: "Verdächtig",
  unknown: "nicht gezählt",

  showTable: "Als Tabelle zeigen",
  showChart: "Als Diagramm zeigen",
  about: (action, chart) => `${action}: ${chart}`,
  time: "Ab",

  onlineChart: "Sitzungen online",
  onlineSeries: "Online",
  onlineSummary: (most, at, now) =>
    [
      `Höchster Mittelwert: ${number.format(Math.round(most))}, gegen ${at}.`,
      now === null ? "" : `Jetzt ${number.format(now)}.`,
    ]
      .filter(Boolean)
      .join(" "),
  onlineNothing: "In diesem Zeitraum wurde nicht gezählt.",

  signInsChart: "Anmeldungen",
  succeeded: "Angemeldet",
  failed: "Abgelehnt",
  signInsSummary: (succeeded, failed) =>
    `${counted(succeeded, "Anmeldung", "Anmeldungen")}, ${number.format(failed)} abgelehnt.`,

  endsChart: "Beendete Sitzungen nach Grund",
  reasons: {
    signed_out: "Abgemeldet",
    revoked: "Von anderem Gerät",
    admin: "Durch Verwaltung",
    password_changed: "Passwort geändert",
    replaced: "Neu angemeldet",
    limit: "Zu viele Geräte",
    expired_idle: "Nicht genutzt",
    expired_lifetime: "Höchstdauer erreicht",
    account_disabled: "Konto gesperrt",
    theft: "Gestohlene Anmeldung",
    restored: "Server wiederhergestellt",
  },
  endsSummary: (n, reason, ofReason) =>
    `${counted(n, "Sitzung", "Sitzungen")} beendet. Am häufigsten: ${reason} (${number.format(ofReason)}).`,
  endsNothing: "In diesem Zeitraum wurde keine Sitzung beendet.",

  deskChart: "Am Schalter",
  held: "Reserviert",
  claimed: "Abgeholt",
  released: "Zurückgegeben",
  expired: "Verfallen",
  deskRefused: "Abgelehnt",
  deskSuspicious: "Verdächtig",
  deskSummary: (held, claimed, expired, suspicious) =>
    `${number.format(held)} reserviert, ${number.format(claimed)} abgeholt, ${number.format(expired)} verfallen, ${number.format(suspicious)} verdächtig.`,
};
