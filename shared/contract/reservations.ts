/** Reserving and claiming: a unit is held for an account, and delivered to it once. */
import { z } from "zod";
import { ReservationId, ResourceId, SessionId } from "../ids.ts";
import { route } from "../route.ts";
import { Task } from "./catalogue.ts";

export const reservationStates = ["held", "claimed", "expired", "released"] as const;
export const ReservationState = z.enum(reservationStates);
export type ReservationState = z.infer<typeof ReservationState>;

export const Reservation = z
  .object({
    id: ReservationId,
    resourceId: ResourceId,
    /** As the resource was called when it was reserved: it may be gone by now. */
    resourceName: z.string(),
    state: ReservationState,
    task: Task,
    taskDone: z.boolean(),
    /** What one agrees to, for the task `confirm`. */
    terms: z.string().optional(),
    /** The session that reserved; the task `other_device` is done on another device. */
    sessionId: SessionId,
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
    /** When it left `held`. */
    endedAt: z.iso.datetime().optional(),
  })
  .meta({ id: "Reservation" });
export type Reservation = z.infer<typeof Reservation>;

const params = z.object({ id: ReservationId });
const gone = ["not_found", "reservation_expired", "already_claimed"] as const;

export const reservationRoutes = {
  list: route({
    method: "GET",
    path: "/api/reservations",
    summary: "The account's reservations, newest first: held, and of the last 28 days",
    needs: "account",
    reply: z.object({ reservations: z.array(Reservation) }),
    status: 200,
  }),
  reserve: route({
    method: "POST",
    path: "/api/reservations",
    summary: "Hold one unit of a resource",
    needs: "account",
    idempotent: true,
    body: z.object({ resourceId: ResourceId }),
    reply: Reservation,
    status: 201,
    errors: ["not_found", "not_entitled", "out_of_stock", "limit_reached"],
  }),
  show: route({
    method: "GET",
    path: "/api/reservations/:id",
    summary: "One of the account's reservations; `information` once claimed, to a fresh session",
    needs: "account",
    params,
    reply: Reservation.extend({ information: z.string().optional() }),
    status: 200,
    errors: ["not_found"],
  }),
  doTask: route({
    method: "POST",
    path: "/api/reservations/:id/task",
    summary:
      "Do the task: `accept` the terms, come with a password proved since, or `approve` on another known device",
    needs: "account",
    params,
    body: z.object({ accept: z.literal(true).optional(), approve: z.literal(true).optional() }),
    bodyOptional: true,
    reply: Reservation,
    status: 200,
    errors: [...gone, "reauthentication_required", "other_device_needed"],
  }),
  claim: route({
    method: "POST",
    path: "/api/reservations/:id/claim",
    summary: "Take delivery of the unit, once; the same Idempotency-Key is answered the same again",
    needs: "account",
    idempotent: true,
    params,
    reply: z.object({ reservation: Reservation, information: z.string() }),
    status: 200,
    errors: [...gone, "task_not_done", "reauthentication_required"],
  }),
  release: route({
    method: "DELETE",
    path: "/api/reservations/:id",
    summary: "Give a held unit back",
    needs: "account",
    params,
    reply: Reservation,
    status: 200,
    errors: [...gone],
  }),
};
