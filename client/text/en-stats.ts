/** Counts over time, in English, part of the dictionary in en.ts. */
import type { EndReason } from "../../shared/contract/sessions.ts";
import type { StatsWindow } from "../../shared/contract/stats.ts";

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const counted = (n: number, one: string, many: string) =>
  `${number.format(n)} ${n === 1 ? one : many}`;

export const enStats = {
  lead: "How many are here, who comes and goes, and what people get at the desk.",
  number: (n: number) => number.format(n),
  window: "Period",
  windows: {
    "15m": "15 min",
    "1h": "1 h",
    "24h": "24 h",
    "7d": "7 days",
  } satisfies Record<StatsWindow, string>,
  within: {
    "15m": "last 15 minutes",
    "1h": "last hour",
    "24h": "last 24 hours",
    "7d": "last 7 days",
  } satisfies Record<StatsWindow, string>,
  now: "now",
  standing: (at: string) => `Not live: the charts are as of ${at}.`,

  figures: "At a glance",
  sessions: "Live sessions",
  online: "Online",
  signIns: "Sign-ins",
  refused: "Refused sign-ins",
  ends: "Sessions ended",
  suspicious: "Suspicious",
  unknown: "not counted",

  showTable: "Show as table",
  showChart: "Show as chart",
  about: (action: string, chart: string) => `${action}: ${chart}`,
  time: "From",

  onlineChart: "Sessions online",
  onlineSeries: "Online",
  onlineSummary: (most: number, at: string, now: number | null) =>
    [
      `Highest average: ${number.format(Math.round(most))}, around ${at}.`,
      now === null ? "" : `Now ${number.format(now)}.`,
    ]
      .filter(Boolean)
      .join(" "),
  onlineNothing: "Nobody has counted in this period.",

  signInsChart: "Sign-ins",
  succeeded: "Signed in",
  failed: "Refused",
  signInsSummary: (succeeded: number, failed: number) =>
    `${counted(succeeded, "sign-in", "sign-ins")}, ${number.format(failed)} refused.`,

  endsChart: "Sessions ended, by reason",
  /** Said of anybody's session; in lists of one's own it is text.endReasons. */
  reasons: {
    signed_out: "Signed out",
    revoked: "From another device",
    admin: "By an administrator",
    password_changed: "Password changed",
    replaced: "Signed in again",
    limit: "Too many devices",
    expired_idle: "Not used",
    expired_lifetime: "Lifetime over",
    account_disabled: "Account disabled",
    theft: "Stolen sign-in",
    restored: "Server restored",
  } satisfies Record<EndReason, string>,
  endsSummary: (n: number, reason: string, ofReason: number) =>
    `${counted(n, "session", "sessions")} ended. Most often: ${reason} (${number.format(ofReason)}).`,
  endsNothing: "No session ended in this period.",

  deskChart: "At the desk",
  held: "Reserved",
  claimed: "Claimed",
  released: "Given back",
  expired: "Expired",
  deskRefused: "Refused",
  deskSuspicious: "Suspicious",
  deskSummary: (held: number, claimed: number, expired: number, suspicious: number) =>
    `${number.format(held)} reserved, ${number.format(claimed)} claimed, ${number.format(expired)} expired, ${number.format(suspicious)} suspicious.`,
};
