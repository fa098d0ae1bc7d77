/**
 * What a reservation is: its row, and how it is shown. The unit it holds is not part of either: it is handed out
 * by desk.ts, to its account, once it is claimed.
 */
import type { Reservation } from "../../shared/contract/reservations.ts";
import type { AccountName } from "../../shared/contract/sessions.ts";
import type { ReservationId, ResourceId, SessionId } from "../../shared/ids.ts";
import { toInstant } from "./clock.ts";

/** A reservation as Redis keeps it. Times are Redis time in milliseconds. */
export interface ReservationRow {
  id: ReservationId;
  account: AccountName;
  resource: { id: ResourceId; name: string };
  state: Reservation["state"];
  task: Reservation["task"];
  taskDone: boolean;
  terms?: string;
  /** The session that reserved. */
  sessionId: SessionId;
  createdAt: number;
  expiresAt: number;
  /** When it left `held`. */
  endedAt?: number;
}

export const showReservation = (row: ReservationRow): Reservation => ({
  id: row.id,
  resourceId: row.resource.id,
  resourceName: row.resource.name,
  state: row.state,
  task: row.task,
  taskDone: row.taskDone,
  ...(row.terms !== undefined && { terms: row.terms }),
  sessionId: row.sessionId,
  createdAt: toInstant(row.createdAt),
  expiresAt: toInstant(row.expiresAt),
  ...(row.endedAt !== undefined && { endedAt: toInstant(row.endedAt) }),
});
