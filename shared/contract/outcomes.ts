/** How reserving and claiming went: three separate logs, and the judging of what looked like an attack. */
import { z } from "zod";
import { AccountId, ReservationId, ResourceId, SessionId } from "../ids.ts";
import { route } from "../route.ts";
import { AccountName } from "./sessions.ts";

export const outcomeKinds = ["success", "fail", "hack"] as const;
export const OutcomeKind = z.enum(outcomeKinds);
export type OutcomeKind = z.infer<typeof OutcomeKind>;

/** Why. `hack` is a suspicion, not a verdict. */
export const outcomeCodes = [
  // success
  "claimed",
  // fail
  "out_of_stock",
  "limit_reached",
  "reservation_expired",
  "already_claimed",
  // fail when the rule or the permission changed within the last LEASE, else hack
  "not_entitled",
  // hack
  "not_yours",
  "unknown_reservation",
  "task_not_done",
] as const;
export const OutcomeCode = z.enum(outcomeCodes);
export type OutcomeCode = z.infer<typeof OutcomeCode>;

export const Verdict = z.enum(["mistake", "hack"]);
export type Verdict = z.infer<typeof Verdict>;

export const OutcomeId = z
  .string()
  .regex(/^(success|fail|hack)-\d{1,16}-\d{1,16}$/, "is not an outcome's id");
export type OutcomeId = z.infer<typeof OutcomeId>;

export const Outcome = z
  .object({
    id: OutcomeId,
    kind: OutcomeKind,
    at: z.iso.datetime(),
    account: AccountName,
    sessionId: SessionId,
    resourceId: ResourceId.optional(),
    reservationId: ReservationId.optional(),
    code: OutcomeCode,
    /** Evidence, kept of a `hack` only. */
    ip: z.string().optional(),
    forwardedFor: z.string().optional(),
    userAgent: z.string().optional(),
    verdict: z.object({ verdict: Verdict, by: AccountName, at: z.iso.datetime() }).optional(),
  })
  .meta({ id: "Outcome" });
export type Outcome = z.infer<typeof Outcome>;

export const outcomeRoutes = {
  list: route({
    method: "GET",
    path: "/api/admin/outcomes",
    summary: "How reserving and claiming went, newest first",
    needs: "catalogue:manage",
    query: z.object({
      kind: OutcomeKind.optional(),
      resource: ResourceId.optional(),
      account: AccountId.optional(),
      code: OutcomeCode.optional(),
      /** Of hacks: whether somebody has judged it. */
      judged: z.enum(["true", "false"]).optional(),
      cursor: OutcomeId.optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    reply: z.object({ outcomes: z.array(Outcome), next: OutcomeId.nullable() }),
    status: 200,
  }),
  judge: route({
    method: "POST",
    path: "/api/admin/outcomes/:id/judge",
    summary: "Judge a hack: `mistake` changes nothing, `hack` gives back what the account holds",
    needs: "catalogue:manage",
    fresh: true,
    params: z.object({ id: OutcomeId }),
    body: z.object({ verdict: Verdict }),
    reply: z.object({ outcome: Outcome, released: z.number().int() }),
    status: 200,
    errors: ["not_found"],
  }),
  export: route({
    method: "GET",
    path: "/api/admin/outcomes/export",
    summary: "A whole log, oldest first, one JSON object a line (application/x-ndjson)",
    needs: "catalogue:manage",
    query: z.object({ kind: OutcomeKind }),
    streams: true,
    reply: Outcome,
    status: 200,
  }),
  trim: route({
    method: "DELETE",
    path: "/api/admin/outcomes",
    summary: "Forget what one log holds from before a moment",
    needs: "catalogue:manage",
    fresh: true,
    query: z.object({ kind: OutcomeKind, before: z.iso.datetime() }),
    reply: z.object({ trimmed: z.number().int() }),
    status: 200,
  }),
};
