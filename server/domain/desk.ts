/**
 * The desk: reserving and claiming. Each step is one script behind DeskStore, so that a unit is held for one
 * account, delivered once or returned once, whatever races; stock + held + delivered + withdrawn = all units
 * ever added, at every instant. What the scripts refuse they log as an outcome in the same step; what happened is
 * told to the activity here. A script that comes later than this node's lease does nothing.
 */
import { randomBytes } from "node:crypto";
import type { OutcomeCode } from "../../shared/contract/outcomes.ts";
import type { Reservation } from "../../shared/contract/reservations.ts";
import { DomainError, type ErrorCode } from "../../shared/errors.ts";
import {
  idAlphabet,
  type AccountId,
  type ReservationId,
  type ResourceId,
} from "../../shared/ids.ts";
import type { AccountStore } from "./accounts.ts";
import type { ActivityLog } from "./activity.ts";
import type { Attempts } from "./attempts.ts";
import { foldCity } from "./catalogue.ts";
import type { Claimant, DeskStore, Over, Refused } from "./desk-steps.ts";
import type { Door, Held } from "./door.ts";
import type { Ledger } from "./ledger.ts";
import { showReservation, type ReservationRow } from "./reservation.ts";
import type { AccountRow } from "./session.ts";
import { nameOf, type SessionStore } from "./sessions.ts";

/** Who asks, with what is kept of somebody who should not have been able to. */
export interface DeskCaller {
  held: Held;
  account: AccountRow;
  ip: string;
  forwardedFor: string | undefined;
  userAgent: string | undefined;
}

export interface DeskOptions {
  store: DeskStore;
  accounts: Pick<AccountStore, "find" | "knowsDeviceSince">;
  ledger: Ledger;
  sessions: Pick<SessionStore, "rows">;
  door: Pick<Door, "mayStill">;
  activity: ActivityLog;
  attempts: Attempts;
  lease: number;
  isFresh(held: Held): boolean;
}

export type Desk = ReturnType<typeof createDesk>;

export const newReservationId = (): ReservationId =>
  Array.from(randomBytes(20), (byte) => idAlphabet[byte % idAlphabet.length]).join(
    "",
  ) as ReservationId;

const expiredAtOnce = 200;
const longestEvidence = 500;

export function createDesk(options: DeskOptions) {
  const { store, accounts, ledger, door, activity } = options;
  /** Disabled accounts whose reservations this node has not given back yet, each below a generation. */
  const disabled = new Map<AccountId, number>();

  /** Last thing before a script: whoever was cut while something else was read does nothing any more. */
  function claimantOf({ held, account, ...from }: DeskCaller): Claimant {
    if (!door.mayStill(held)) throw unavailable();
    const { ip, forwardedFor, userAgent } = from;
    return {
      account: nameOf(account),
      sessionId: held.row.id,
      evidence: {
        ip,
        ...(forwardedFor && { forwardedFor: forwardedFor.slice(0, longestEvidence) }),
        ...(userAgent && { userAgent: userAgent.slice(0, longestEvidence) }),
      },
      notAfter: ledger.leaseEndsAt(),
    };
  }

  const spend = (account: AccountRow): Promise<void> =>
    options.attempts.spend("reserve", account.id);

  function recordEnded(rows: readonly ReservationRow[]): void {
    for (const row of rows)
      if (row.state === "expired" || row.state === "released")
        record(`reservation.${row.state}`, row);
  }

  function record(
    type: "reservation.held" | "reservation.released" | "reservation.expired",
    row: ReservationRow,
  ): void {
    const { account, sessionId, resource, id: reservationId } = row;
    void activity.record({ type, account, sessionId, resource, reservationId });
  }

  function recordRefusal(by: Claimant, refused: Refused, reservationId?: ReservationId): void {
    const { kind, resource } = refused;
    // Its own history must not tell somebody who guesses ids whether there is such a reservation.
    const code = refused.code === "not_yours" ? "unknown_reservation" : refused.code;
    void activity.record({
      type: `outcome.${kind}`,
      code,
      account: by.account,
      sessionId: by.sessionId,
      ...(kind === "hack" && { ip: by.evidence.ip }),
      ...(resource && { resource }),
      reservationId,
    });
  }

  /** What a script refused becomes news, and an error for the caller. */
  function refusalOf(by: Claimant, refused: Refused, id?: ReservationId): DomainError {
    recordEnded(refused.expired);
    recordRefusal(by, refused, id);
    return new DomainError(errorOf[refused.code]);
  }

  function overOf({ as, expired }: Over): DomainError {
    recordEnded(expired);
    return new DomainError(as === "claimed" ? "already_claimed" : "reservation_expired");
  }

  /** A device that the account knew before, other than as "not me", and this session is not asked about. */
  async function knownSince({ row }: Held, account: AccountRow): Promise<number | null> {
    // As it is now: "it was me" may have been said a moment ago, on another node.
    const [now] = await options.sessions.rows([row.id]);
    if (!now || now.isUnfamiliar) return null;
    return accounts.knowsDeviceSince(account.id, row.deviceHash);
  }

  async function giveBackOfDisabled(): Promise<void> {
    for (const [account, generation] of [...disabled]) {
      recordEnded(await store.releaseAll(account, { generation }));
      if (disabled.get(account) === generation) disabled.delete(account);
    }
  }

  // Every node hears of it and does it: the first one changes something, a crash in between loses nothing.
  ledger.onEntry(({ cut }) => {
    if (cut.kind !== "account" || cut.end.reason !== "account_disabled") return 0;
    disabled.set(cut.account, Math.max(cut.generation, disabled.get(cut.account) ?? 0));
    void giveBackOfDisabled().catch(() => {
      // Done again with the next look at what has run out.
    });
    return 0;
  });

  return {
    async reserve(
      caller: DeskCaller,
      resource: ResourceId,
      idempotencyKey: string | null,
    ): Promise<Reservation> {
      await spend(caller.account);
      // As it is now: what the session was admitted with may be a moment old.
      const account = await accounts.find(caller.account.id);
      if (account === null) throw unavailable();
      const by = claimantOf({ ...caller, account });
      const { held } = caller;
      const reserving = await store.reserve({
        ...by,
        id: newReservationId(),
        resource,
        deviceHash: held.row.deviceHash,
        generation: held.grant.accountGeneration,
        mayReserve: account.permissions.includes("desk:reserve"),
        country: account.country ?? "",
        city: foldCity(account.city ?? ""),
        accountChangedAt: account.changedAt,
        lease: options.lease,
        idempotencyKey,
      });
      switch (reserving.state) {
        case "held":
          recordEnded(reserving.expired);
          if (reserving.isNew) record("reservation.held", reserving.row);
          return showReservation(reserving.row);
        case "not_found":
          throw new DomainError("not_found");
        case "key_reused":
          throw new DomainError("idempotency_key_reused");
        case "refused":
          throw refusalOf(by, reserving);
      }
    },

    async doTask(
      caller: DeskCaller,
      id: ReservationId,
      said: { accept?: true | undefined; approve?: true | undefined },
    ): Promise<Reservation> {
      const { held, account } = caller;
      await spend(account);
      const known = said.approve ? await knownSince(held, account) : null;
      const by = claimantOf(caller);
      const doing = await store.doTask(id, by, {
        accepts: said.accept ?? false,
        approves: said.approve ?? false,
        // Not the grant's: a bearer's is cut to seconds.
        authenticatedAt: held.row.authenticatedAt,
        deviceHash: held.row.deviceHash,
        knownSince: known,
      });
      switch (doing.state) {
        case "done":
          return showReservation(doing.row);
        case "wanting":
          throw wantingOf(doing.task, said);
        case "over":
          throw overOf(doing);
        case "refused":
          throw refusalOf(by, doing, id);
      }
    },

    async claim(
      caller: DeskCaller,
      id: ReservationId,
      idempotencyKey: string | null,
    ): Promise<{ reservation: Reservation; information: string }> {
      await spend(caller.account);
      const by = claimantOf(caller);
      const claiming = await store.claim(id, by, idempotencyKey);
      if (claiming.state === "refused") throw refusalOf(by, claiming, id);
      const { row, unit, isNew } = claiming;
      // Shown again, to whoever comes with the key, it is read like any delivered unit.
      if (!isNew && !options.isFresh(caller.held))
        throw new DomainError("reauthentication_required");
      if (isNew)
        void activity.record({
          type: "outcome.success",
          code: "claimed",
          account: row.account,
          sessionId: by.sessionId,
          resource: row.resource,
          reservationId: id,
        });
      // Out of our hands once it is shown: a replica that takes over must know that it was delivered.
      await ledger.assertKept();
      return { reservation: showReservation(row), information: unit };
    },

    async release(caller: DeskCaller, id: ReservationId): Promise<Reservation> {
      await spend(caller.account);
      const by = claimantOf(caller);
      const releasing = await store.release(id, by);
      switch (releasing.state) {
        case "released":
          if (releasing.isNew) record("reservation.released", releasing.row);
          return showReservation(releasing.row);
        case "over":
          throw overOf(releasing);
        case "refused":
          throw refusalOf(by, releasing, id);
      }
    },

    /** Give back all that an account holds; answers how many it was. */
    async releaseAll(account: AccountId): Promise<number> {
      await ledger.assertLease();
      const rows = await store.releaseAll(account, { notAfter: ledger.leaseEndsAt() });
      recordEnded(rows);
      return rows.length;
    },

    async list(account: AccountId): Promise<Reservation[]> {
      return (await store.list(account)).map(showReservation);
    },

    /** One of the caller's own; what was delivered with it only to a fresh session. */
    async show(held: Held, id: ReservationId): Promise<Reservation & { information?: string }> {
      const found = await store.find(id);
      if (found === null || found.row.account.id !== held.row.accountId)
        throw new DomainError("not_found");
      const { row, unit } = found;
      const mayRead = row.state === "claimed" && unit !== null && options.isFresh(held);
      return { ...showReservation(row), ...(mayRead && { information: unit }) };
    },

    /** For pages: whose it is does not matter, what it holds is not in it. */
    async look(id: ReservationId): Promise<Reservation | null> {
      const found = await store.find(id);
      return found && showReservation(found.row);
    },

    /** Give back what has run out, and what disabled accounts hold; answers for how long there is nothing to do. */
    async giveBackDue(): Promise<number> {
      await giveBackOfDisabled();
      const { at, next, expired } = await store.expire(expiredAtOnce, ledger.leaseEndsAt());
      recordEnded(expired);
      return next === null ? Infinity : Math.max(0, next - at);
    },
  };
}

const errorOf: Record<OutcomeCode, ErrorCode> = {
  claimed: "already_claimed",
  out_of_stock: "out_of_stock",
  limit_reached: "limit_reached",
  reservation_expired: "reservation_expired",
  already_claimed: "already_claimed",
  not_entitled: "not_entitled",
  not_yours: "not_found",
  unknown_reservation: "not_found",
  task_not_done: "task_not_done",
};

/** Why a task is not done by what was said. */
function wantingOf(task: Reservation["task"], said: { approve?: true | undefined }): DomainError {
  if (task === "reauthenticate") return new DomainError("reauthentication_required");
  if (task === "other_device" && said.approve) return new DomainError("other_device_needed");
  const path = task === "confirm" ? "accept" : "approve";
  return new DomainError("invalid_request", { errors: [{ path, message: "must be true" }] });
}

const unavailable = () => new DomainError("unavailable", { retryAfterSeconds: 1 });
