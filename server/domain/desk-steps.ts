/**
 * The steps at the desk, each one script: what it is asked and what it answers. A step that comes after its
 * `notAfter` does nothing and throws `unavailable`; what it refuses it has logged as an outcome when it answers.
 */
import type { OutcomeCode, OutcomeId, OutcomeKind } from "../../shared/contract/outcomes.ts";
import type { Reservation } from "../../shared/contract/reservations.ts";
import type { AccountName } from "../../shared/contract/sessions.ts";
import type { AccountId, ReservationId, ResourceId, SessionId } from "../../shared/ids.ts";
import type { ReservationRow } from "./reservation.ts";

/** Who asks, as every step is told. */
export interface Claimant {
  account: AccountName;
  sessionId: SessionId;
  evidence: { ip: string; forwardedFor?: string; userAgent?: string };
  /** Until when, in Redis time, what is asked for may happen. */
  notAfter: number;
}

export interface ReserveOrder extends Claimant {
  id: ReservationId;
  resource: ResourceId;
  deviceHash: string;
  generation: number;
  mayReserve: boolean;
  country: string;
  /** Folded, as in rules. */
  city: string;
  /** When its permissions, country or city changed. */
  accountChangedAt: number;
  /** Whoever lost the right more recently than this did not know. */
  lease: number;
  idempotencyKey: string | null;
}

export interface TaskProof {
  accepts: boolean;
  approves: boolean;
  authenticatedAt: number;
  deviceHash: string;
  /** Null: not a device that may approve anything. */
  knownSince: number | null;
}

/** An outcome that is not a success. */
export interface Refused {
  state: "refused";
  kind: Exclude<OutcomeKind, "success">;
  code: OutcomeCode;
  /** Null: the account is not told that there is such a thing. */
  resource: { id: ResourceId; name: string } | null;
  /** What had run out, and was given back on the way. */
  expired: ReservationRow[];
}
/** No longer held. */
export interface Over {
  state: "over";
  as: Exclude<Reservation["state"], "held">;
  expired: ReservationRow[];
}

export type Reserving =
  | { state: "held"; row: ReservationRow; isNew: boolean; expired: ReservationRow[] }
  | { state: "not_found" | "key_reused" }
  | Refused;
export type DoingTask =
  | { state: "done"; row: ReservationRow }
  | { state: "wanting"; task: Reservation["task"] }
  | Over
  | Refused;
export type Claiming =
  { state: "claimed"; row: ReservationRow; unit: string; isNew: boolean } | Refused;
export type Releasing = { state: "released"; row: ReservationRow; isNew: boolean } | Over | Refused;

/** What a script has changed, as every node hears it. */
export interface DeskChange {
  /** How many units are free now; `edited`: more about it changed, or it is new or gone. */
  resource?: { id: ResourceId; stock: number; edited: boolean };
  reservation?: { id: ReservationId; account: AccountId };
  /** A new outcome, or one that was judged. */
  outcome?: OutcomeId;
}

export interface DeskStore {
  reserve(order: ReserveOrder): Promise<Reserving>;
  doTask(id: ReservationId, by: Claimant, proof: TaskProof): Promise<DoingTask>;
  claim(id: ReservationId, by: Claimant, idempotencyKey: string | null): Promise<Claiming>;
  release(id: ReservationId, by: Claimant): Promise<Releasing>;
  /**
   * Give back what the account holds: of sessions below a generation, below which it may never reserve again, or of
   * all. May be done again at any time.
   */
  releaseAll(
    account: AccountId,
    below: { generation: number } | { notAfter: number },
  ): Promise<ReservationRow[]>;
  /** Give back what has run out, up to `most`; and when the next does. */
  expire(
    most: number,
    notAfter: number,
  ): Promise<{ at: number; next: number | null; expired: ReservationRow[] }>;
  /** Newest first: held, or ended within the last weeks. */
  list(account: AccountId): Promise<ReservationRow[]>;
  find(id: ReservationId): Promise<{ row: ReservationRow; unit: string | null } | null>;
}
