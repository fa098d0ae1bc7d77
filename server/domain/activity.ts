/**
 * Activity is what people look at: news of what happened, kept for a while. The ledger is the truth about
 * access; losing an activity event loses a line in a feed, never an end.
 */
import type { AccountName, EndReason, Session } from "../../shared/contract/sessions.ts";
import type { Permission } from "../../shared/contract/accounts.ts";
import type { Event } from "../../shared/contract/activity.ts";
import type { OutcomeCode, Verdict } from "../../shared/contract/outcomes.ts";
import type { AccountId, ReservationId, SessionId } from "../../shared/ids.ts";
import type { BinOwner } from "./bin.ts";
import { toInstant } from "./clock.ts";
import { readPage } from "./page.ts";

type Facts =
  | { type: "sign_in.succeeded" }
  | { type: "sign_in.failed"; reason: "credentials" | "disabled" | "limited" }
  | { type: "session.opened"; kind: Session["kind"] }
  | { type: "session.ended"; reason: EndReason; message?: string | undefined }
  | { type: "everyone.ended"; sessions: number; reason: EndReason; message?: string | undefined }
  | { type: "permissions.changed"; added: Permission[]; removed: Permission[] }
  | { type: "device.new" | "theft.detected" }
  | { type: "account.created" | "account.enabled" | "password.changed" }
  | { type: "account.disabled"; reason?: string | undefined }
  | { type: "bin.merged"; items: number }
  | ((
      | { type: "reservation.held" | "reservation.released" | "reservation.expired" }
      | { type: "outcome.success" | "outcome.fail" | "outcome.hack"; code: OutcomeCode }
      | { type: "outcome.judged"; verdict: Verdict }
    ) & { resource?: Event["resource"]; reservationId?: ReservationId | undefined });

/** What happened, before the log gives it an id and a time. */
export type NewEvent = Facts & {
  account?: AccountName | undefined;
  by?: AccountName | undefined;
  sessionId?: SessionId | undefined;
  ip?: string | undefined;
};
export type ActivityEvent = NewEvent & { id: string; at: number };

/** What pages should redraw. Losing one costs a redraw; the next snapshot heals it. */
export type News =
  /** A sign-in from a device the account had not used before. */
  | { type: "unfamiliar"; session: Session }
  /** `renamed`: the row itself changed; `changed`: only who is looking at it. */
  | { type: "opened" | "renamed" | "changed"; session: Session }
  /** The lists were cleared of everybody a global generation had cut: fetch them again. */
  | { type: "cleared" }
  /** An account's profile, permissions or status changed. */
  | { type: "account"; account: AccountName }
  /** A bin changed: its owner's pages show what is in it now. */
  | { type: "bin"; owner: BinOwner };

export interface ActivityLog {
  record(event: NewEvent): Promise<void>;
  tell(news: News): Promise<void>;
}

export interface ActivityAsk {
  /** Null: everybody's. */
  account: AccountId | null;
  cursor?: string | undefined;
  limit: number;
  type?: Event["type"] | undefined;
  q?: string | undefined;
}

export interface ActivityHistory {
  /** Events before `cursor`, newest first, of one account or of all. */
  before(account: AccountId | null, cursor: string | null, count: number): Promise<ActivityEvent[]>;
}

export const showEvent = ({ at, ...facts }: ActivityEvent): Event => ({
  ...facts,
  at: toInstant(at),
});

/** A page of what happened; `next` leads on, also when this page found nothing yet. */
export async function listActivity(
  history: ActivityHistory,
  ask: ActivityAsk,
): Promise<{ events: Event[]; next: string | null }> {
  const isFiltered = ask.type !== undefined || ask.q !== undefined;
  const { entries, next } = await readPage({
    before: (cursor, count) => history.before(ask.account, cursor, count),
    cursor: ask.cursor,
    limit: ask.limit,
    matches: isFiltered ? (event) => matches(event, ask) : null,
  });
  return { events: entries.map(showEvent), next };
}

function matches(event: ActivityEvent, { type, q }: ActivityAsk): boolean {
  if (type !== undefined && event.type !== type) return false;
  if (q === undefined || q === "") return true;
  const wanted = q.toLowerCase();
  const names = [event.account?.username, event.by?.username];
  return event.ip === q || names.some((name) => name?.toLowerCase().includes(wanted));
}
