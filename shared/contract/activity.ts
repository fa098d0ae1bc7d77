/** Activity: what happened, newest first. News for people; the ledger, not this, is the truth about access. */
import { z } from "zod";
import { AccountId, ReservationId, ResourceId, SessionId } from "../ids.ts";
import { route } from "../route.ts";
import { AccountName, EndReason, SessionKind } from "./sessions.ts";
import { Permission } from "./accounts.ts";
import { OutcomeCode, Verdict } from "./outcomes.ts";

export const eventTypes = [
  "sign_in.succeeded",
  "sign_in.failed",
  "session.opened",
  "session.ended",
  "everyone.ended",
  "permissions.changed",
  "account.created",
  "account.disabled",
  "account.enabled",
  "password.changed",
  "device.new",
  "theft.detected",
  "bin.merged",
  "reservation.held",
  "reservation.released",
  "reservation.expired",
  "outcome.success",
  "outcome.fail",
  "outcome.hack",
  "outcome.judged",
] as const;
export const EventType = z.enum(eventTypes);
export type EventType = z.infer<typeof EventType>;

export const Event = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    type: EventType,
    /** Whose account it concerns. */
    account: AccountName.optional(),
    /** Who did it. */
    by: AccountName.optional(),
    sessionId: SessionId.optional(),
    ip: z.string().optional(),
    kind: SessionKind.optional(),
    /** Of an end, a refused sign-in, or a disabled account. */
    reason: z.union([EndReason, z.string()]).optional(),
    message: z.string().optional(),
    added: z.array(Permission).optional(),
    removed: z.array(Permission).optional(),
    /** Of the desk's events. */
    resource: z.object({ id: ResourceId, name: z.string() }).optional(),
    reservationId: ReservationId.optional(),
    code: OutcomeCode.optional(),
    verdict: Verdict.optional(),
    /** Of a merge: how many kinds of things it changed. */
    items: z.number().int().optional(),
  })
  .meta({ id: "Event" });
export type Event = z.infer<typeof Event>;

const events = z.object({ events: z.array(Event), next: z.string().nullable() });
const page = z.object({
  cursor: z
    .string()
    .regex(/^\d{1,16}-\d{1,16}$/, "is not a cursor of this list")
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const activityRoutes = {
  own: route({
    method: "GET",
    path: "/api/activity",
    summary: "The account's own history",
    needs: "account",
    query: page,
    reply: events,
    status: 200,
  }),
  all: route({
    method: "GET",
    path: "/api/admin/activity",
    summary: "What happened to everybody",
    needs: "activity:read",
    query: page.extend({
      type: EventType.optional(),
      account: AccountId.optional(),
      /** An address, or part of a username. */
      q: z.string().trim().max(64).optional(),
    }),
    reply: events,
    status: 200,
  }),
};
