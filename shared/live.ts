/**
 * Everything that travels over a socket, in two maps. The Socket.IO types of both sides are derived from
 * them, so a wrong event or payload does not compile. Sockets watch; every write is HTTP (`active` is the
 * one exception: it only feeds lastSeen).
 */
import { z } from "zod";
import { Event } from "./contract/activity.ts";
import { Permission } from "./contract/accounts.ts";
import { AccountName, End, EndReason, Session } from "./contract/sessions.ts";
import type { ErrorCode } from "./errors.ts";
import { SessionId } from "./ids.ts";

export const SessionEnded = z.object({
  id: SessionId,
  reason: EndReason,
  by: AccountName.optional(),
  at: z.iso.datetime(),
});
export type SessionEnded = z.infer<typeof SessionEnded>;

export const PermissionsChanged = z.object({
  permissions: z.array(Permission),
  added: z.array(Permission),
  removed: z.array(Permission),
  by: AccountName.optional(),
  at: z.iso.datetime(),
});
export type PermissionsChanged = z.infer<typeof PermissionsChanged>;

/** What changed among all live sessions since the last batch (at most two batches a second). */
export const SessionsBatch = z.object({
  opened: z.array(Session),
  changed: z.array(Session),
  ended: z.array(SessionEnded),
  total: z.number().int(),
  /** Everybody was signed out, or more changed than is worth listing: fetch the page again. */
  reset: z.boolean().optional(),
});
export type SessionsBatch = z.infer<typeof SessionsBatch>;

export const serverEvents = {
  "session:opened": Session,
  "session:changed": Session,
  "session:ended": SessionEnded,
  "permissions:changed": PermissionsChanged,
  /** "Was this you?" to the account's other pages; waits until it is answered. */
  "device:unfamiliar": Session,
  "signed-out": End,
  sessions: SessionsBatch,
  /** What happened since the last batch (at most two a second), oldest first. */
  activity: z.array(Event),
};

export const topics = ["sessions", "activity"] as const;
export const Topic = z.enum(topics);
export type Topic = z.infer<typeof Topic>;

/** The permission each topic takes. */
export const topicPermission: Record<Topic, Permission> = {
  sessions: "sessions:read",
  activity: "activity:read",
};

export const clientEvents = {
  watch: z.object({ topic: Topic }),
  unwatch: z.object({ topic: Topic }),
  active: z.undefined(),
};

export type Answer = { ok: true } | { ok: false; code: ErrorCode };

export type ServerToClientEvents = {
  [E in keyof typeof serverEvents]: (payload: z.output<(typeof serverEvents)[E]>) => void;
};
export interface ClientToServerEvents {
  watch: (ask: { topic: Topic }, answer: (answer: Answer) => void) => void;
  unwatch: (ask: { topic: Topic }, answer: (answer: Answer) => void) => void;
  active: (answer: (answer: Answer) => void) => void;
}

/** The `data` of a refused handshake's `connect_error`. */
export interface Refusal {
  code: ErrorCode;
  reason?: EndReason;
  end?: End;
}
