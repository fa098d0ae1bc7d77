/**
 * When to warn that a session is about to end by itself: shortly before it has idled out, or before its absolute
 * end, whichever comes first. Remembered sessions are opened again unasked, and guests have nothing to sign in
 * to again: both are never warned.
 */
import type { Session } from "../../shared/contract/sessions.ts";

export interface ExpiryPlan {
  /** `lifetime` cannot be put off. */
  kind: "idle" | "lifetime";
  endsAt: number;
  warnsAt: number;
}

type Deadlines = Pick<
  Session,
  "kind" | "remembered" | "createdAt" | "lastSeenAt" | "idleExpiresAt" | "expiresAt"
>;

const longestWarningMs = 2 * 60_000;

/** `usedAt`: when this browser was last seen to be used, if that is later than the server has said. */
export const planExpiry = (session: Deadlines, usedAt: number): ExpiryPlan | null => {
  if (session.kind !== "account" || session.remembered) return null;
  const [createdAt, lastSeenAt, idleEnd, lifetimeEnd] = [
    Date.parse(session.createdAt),
    Date.parse(session.lastSeenAt),
    Date.parse(session.idleExpiresAt),
    Date.parse(session.expiresAt),
  ];
  const idleMs = idleEnd - lastSeenAt;
  const endsIdleAt = Math.max(idleEnd, usedAt + idleMs);
  return endsIdleAt < lifetimeEnd
    ? plan("idle", endsIdleAt, idleMs)
    : plan("lifetime", lifetimeEnd, lifetimeEnd - createdAt);
};

/** Not so early that a short session is warned of from its beginning. */
const plan = (kind: ExpiryPlan["kind"], endsAt: number, wholeMs: number): ExpiryPlan => ({
  kind,
  endsAt,
  warnsAt: endsAt - Math.min(longestWarningMs, wholeMs / 5),
});
