/** What the CLI says: receipts, refusals, ages and tables as plain text that reads well and pipes well. */
import type { Event } from "../../shared/contract/activity.ts";
import type { Receipt } from "../../shared/contract/sessions.ts";
import { DomainError, type ErrorCode } from "../../shared/errors.ts";

export const formatNumber = (value: number): string => value.toLocaleString("en");

export const countOf = (count: number, noun: string): string =>
  `${formatNumber(count)} ${noun}${count === 1 ? "" : "s"}`;

export const formatEnd = (receipt: Receipt): string =>
  `Ended ${countOf(receipt.ended, "session")}. ${formatConfirmation(receipt)}`;

/** Which servers act on it already. */
export function formatConfirmation({ confirmed, sockets, tookMs }: Receipt): string {
  const { nodes, of, missing = [] } = confirmed;
  if (of === 0) return "No server is running; the next one to start acts on it.";
  const took = `${formatNumber(Math.max(1, Math.round(tookMs)))} ms`;
  const pages = sockets > 0 ? `, ${countOf(sockets, "open page")} closed` : "";
  const silent = missing.map((name) => ` ${name} is silent: it holds no lease and admits nobody.`);
  return `Confirmed by ${nodes} of ${countOf(of, "server")} in ${took}${pages}.${silent.join("")}`;
}

const sentences: Partial<Record<ErrorCode, string>> = {
  username_taken: "That username is taken.",
  not_found: "There is no such account.",
  session_not_found: "There is no such session.",
  unavailable: "Redis does not answer.",
  not_confirmed:
    "It is done, but Redis' replicas have not confirmed it in time; the servers keep trying.",
};

/** One sentence for whatever went wrong. */
export function formatError(error: unknown): string {
  if (!(error instanceof DomainError))
    return error instanceof Error ? error.message : String(error);
  return error.details.message ?? sentences[error.code] ?? error.code;
}

const units = [
  ["d", 24 * 60 * 60_000],
  ["h", 60 * 60_000],
  ["min", 60_000],
] as const;

export function formatAge(instant: string, now: number): string {
  const age = now - Date.parse(instant);
  const [unit, size] = units.find(([, length]) => age >= length) ?? [];
  return unit && size ? `${Math.floor(age / size)} ${unit} ago` : "just now";
}

/** `14:03:09  ended   ada (admin, by root)  3f9c… from 203.0.113.7` */
export function formatSessionEvent(event: Event): string {
  const time = event.at.slice(11, 19);
  if (event.type === "everyone.ended") return `${time}  ended   everyone${formatCause(event)}`;
  const verb = event.type === "session.opened" ? "opened" : "ended ";
  const who = event.account?.username ?? "(guest)";
  const from = event.ip === undefined ? "" : ` from ${event.ip}`;
  return `${time}  ${verb}  ${who}${formatCause(event)}  ${event.sessionId ?? ""}${from}`;
}

function formatCause({ reason, by, message }: Event): string {
  const facts = [reason, by && `by ${by.username}`, message && JSON.stringify(message)];
  const told = facts.filter(Boolean).join(", ");
  return told === "" ? "" : ` (${told})`;
}

/** Columns aligned with blanks; the last one may be as long as it likes. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...lines.map((line) => widthOf(line[at] ?? ""))));
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - widthOf(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const widthOf = (text: string): number => Array.from(text).length;
