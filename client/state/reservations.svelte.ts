/**
 * The account's reservations, live, for every page that is open. Reserving and claiming can be tried again
 * when no answer came: a lost reply neither holds a second unit nor loses what was delivered.
 */
import { reservationRoutes } from "../../shared/contract/reservations.ts";
import type { Reservation } from "../../shared/contract/reservations.ts";
import type { ReservationId, ResourceId } from "../../shared/ids.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { createRepeating } from "./repeating.ts";

export interface Reservations {
  readonly status: "loading" | "ready";
  /** Newest first. */
  readonly rows: readonly Reservation[];
  readonly held: readonly Reservation[];
  /** Why the last snapshot could not be fetched. */
  readonly failure: unknown;
  readonly asOf: number;
  refresh(): Promise<void>;
  reserve(resource: ResourceId): Promise<Reservation>;
  doTask(id: ReservationId, proof: { accept?: true; approve?: true }): Promise<void>;
  /** Takes delivery: the unit's information. */
  claim(id: ReservationId): Promise<string>;
  /** The information once more; null when the session is not fresh. */
  recall(id: ReservationId): Promise<string | null>;
  release(id: ReservationId): Promise<void>;
  /** Begins for the account that is signed in; what was known is gone when it ends. */
  open(): () => void;
}

interface ReservationsParts {
  call: Call;
  live: Live;
}

export const createReservations = ({ call, live }: ReservationsParts): Reservations => {
  let status = $state<Reservations["status"]>("loading");
  let rows = $state.raw<readonly Reservation[]>([]);
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let snapshots = 0;
  let sinceSnapshot: Reservation[] = [];
  /** Counts whose reservations these are: a reply about another account's is not taken. */
  let owner = 0;
  const repeating = createRepeating();

  const put = (reservation: Reservation) => {
    rows = putReservation(rows, reservation);
  };
  /** Applies news now, and once more on top of a snapshot that may be older. */
  const hear = (reservation: Reservation) => {
    sinceSnapshot.push(reservation);
    put(reservation);
  };

  const learn = async (asking: Promise<Reservation>): Promise<Reservation> => {
    const asked = owner;
    const reservation = await asking;
    if (asked === owner) hear(reservation);
    return reservation;
  };

  const refresh = async () => {
    const snapshot = ++snapshots;
    sinceSnapshot = [];
    try {
      const reply = await call(reservationRoutes.list, {}, { background: true });
      if (snapshot !== snapshots) return;
      rows = reply.reservations;
      for (const reservation of sinceSnapshot.splice(0)) put(reservation);
      [status, failure, asOf] = ["ready", null, Date.now()];
    } catch (error) {
      if (snapshot === snapshots) failure = error;
    }
  };

  const forget = () => {
    owner += 1;
    snapshots += 1;
    repeating.forget();
    [status, rows, failure] = ["loading", [], null];
  };

  return {
    get status() {
      return status;
    },
    get rows() {
      return rows;
    },
    get held() {
      return rows.filter(({ state }) => state === "held");
    },
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    refresh,
    reserve: (resourceId) =>
      learn(
        repeating.ask(resourceId, (idempotencyKey) =>
          call(reservationRoutes.reserve, { body: { resourceId } }, { idempotencyKey }),
        ),
      ),
    async doTask(id, proof) {
      await learn(call(reservationRoutes.doTask, { params: { id }, body: proof }));
    },
    async claim(id) {
      const claiming = repeating.ask(id, (idempotencyKey) =>
        call(reservationRoutes.claim, { params: { id } }, { idempotencyKey }),
      );
      await learn(claiming.then(({ reservation }) => reservation));
      return (await claiming).information;
    },
    async recall(id) {
      const { information } = await call(reservationRoutes.show, { params: { id } });
      return information ?? null;
    },
    async release(id) {
      await learn(call(reservationRoutes.release, { params: { id } }));
    },
    open() {
      forget();
      const unfollow = live.follow({
        refresh: () => void refresh(),
        events: { "reservation:changed": hear },
      });
      return () => {
        unfollow();
        forget();
      };
    },
  };
};

/** Replaces one where it stands, or adds it on top. What is over does not come back. */
const putReservation = (
  rows: readonly Reservation[],
  reservation: Reservation,
): readonly Reservation[] => {
  const known = rows.find(({ id }) => id === reservation.id);
  if (!known) return [reservation, ...rows];
  if (isOlder(reservation, known)) return rows;
  return rows.map((row) => (row === known ? reservation : row));
};

/** A reply and the news of the same change may overtake what came before them. */
const isOlder = (one: Reservation, other: Reservation): boolean =>
  (one.state === "held" && other.state !== "held") || (other.taskDone && !one.taskDone);
