/**
 * Everything that travels over a socket, in two maps. The Socket.IO types of both sides are derived from
 * them, so a wrong event or payload does not compile. Sockets watch; every write is HTTP (`active` is the
 * one exception: it only feeds lastSeen).
 */
import { z } from "zod";
import { Event } from "./contract/activity.ts";
import { Permission } from "./contract/accounts.ts";
import { Bin } from "./contract/bin.ts";
import { StockedResource } from "./contract/catalogue.ts";
import { Outcome } from "./contract/outcomes.ts";
import { Reservation } from "./contract/reservations.ts";
import { Stats } from "./contract/stats.ts";
import { AccountName, End, EndReason, Session } from "./contract/sessions.ts";
import type { ErrorCode } from "./errors.ts";
import { ResourceId, SessionId } from "./ids.ts";

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

/** How many units are free; `edited`: more about it changed, or it is new or gone: fetch the catalogue again. */
export const CatalogueChanged = z.object({
  id: ResourceId,
  available: z.number().int(),
  edited: z.boolean().optional(),
});
export type CatalogueChanged = z.infer<typeof CatalogueChanged>;

/** A batch of the desk that holds as many outcomes as this may have left older ones out. */
export const mostOutcomesInBatch = 100;

/** What changed at the desk since the last batch (at most two a second). Outcomes oldest first. */
export const DeskBatch = z.object({
  resources: z.array(StockedResource),
  outcomes: z.array(Outcome),
});
export type DeskBatch = z.infer<typeof DeskBatch>;

export const serverEvents = {
  "session:opened": Session,
  "session:changed": Session,
  "session:ended": SessionEnded,
  "permissions:changed": PermissionsChanged,
  /** "Was this you?" to the account's other pages; waits until it is answered. */
  "device:unfamiliar": Session,
  "signed-out": End,
  "bin:changed": Bin,
  "reservation:changed": Reservation,
  "catalogue:changed": CatalogueChanged,
  sessions: SessionsBatch,
  /** What happened since the last batch (at most two a second), oldest first. */
  activity: z.array(Event),
  /** The last hour: its newest buckets, whenever they changed (at most two a second). */
  stats: Stats,
  desk: DeskBatch,
};

export const topics = ["sessions", "activity", "stats", "desk"] as const;
export const Topic = z.enum(topics);
export type Topic = z.infer<typeof Topic>;

/** The permission each topic takes. */
export const topicPermission: Record<Topic, Permission> = {
  sessions: "sessions:read",
  activity: "activity:read",
  stats: "activity:read",
  desk: "catalogue:manage",
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
