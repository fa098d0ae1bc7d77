/**
 * Activity is what people look at: news of what happened, kept for a while. The ledger is the truth about
 * access; losing an activity event loses a line in a feed, never an end.
 */
import type { AccountName, EndReason, Session } from "../../shared/contract/sessions.ts";
import type { Permission } from "../../shared/contract/accounts.ts";
import type { SessionId } from "../../shared/ids.ts";

type Facts =
  | { type: "sign_in.succeeded" }
  | { type: "sign_in.failed"; reason: "credentials" | "disabled" | "limited" }
  | { type: "session.opened"; kind: Session["kind"] }
  | { type: "session.ended"; reason: EndReason; message?: string | undefined }
  | { type: "everyone.ended"; reason: EndReason; message?: string | undefined }
  | { type: "permissions.changed"; added: Permission[]; removed: Permission[] }
  | { type: "device.new" | "theft.detected" }
  | { type: "account.created" | "account.enabled" | "password.changed" }
  | { type: "account.disabled"; reason?: string | undefined };

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
  | { type: "account"; account: AccountName };

export interface ActivityLog {
  record(event: NewEvent): Promise<void>;
  tell(news: News): Promise<void>;
}
