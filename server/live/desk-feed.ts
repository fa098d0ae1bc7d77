/**
 * What happens at the desk, to those it concerns: to everybody how many units are free (at most ten times a second
 * of one resource, always the newest number in the end), to an account's own pages its reservations at once, to
 * watchers the figures and outcomes in at most two batches a second. Units are in none of it.
 */
import type { Server } from "socket.io";
import type { StockedResource } from "../../shared/contract/catalogue.ts";
import type { Outcome, OutcomeId } from "../../shared/contract/outcomes.ts";
import type { Reservation } from "../../shared/contract/reservations.ts";
import type { ReservationId, ResourceId } from "../../shared/ids.ts";
import { mostOutcomesInBatch, type CatalogueChanged } from "../../shared/live.ts";
import type { DeskChange } from "../domain/desk-steps.ts";
import type { Registry } from "./registry.ts";
import { accountRoom, watchRoom } from "./rooms.ts";

export interface DeskFeedParts {
  /** Null: there is none any more. */
  showReservation(id: ReservationId): Promise<Reservation | null>;
  /** Those of `ids` that there are or were. */
  showStocked(ids: readonly ResourceId[]): Promise<StockedResource[]>;
  showOutcome(id: OutcomeId): Promise<Outcome | null>;
}

export interface DeskFeedOptions extends DeskFeedParts {
  io: Server;
  registry: Registry;
}

export type DeskFeed = ReturnType<typeof createDeskFeed>;

const stockEvery = 100;
const batchEvery = 500;
export function createDeskFeed(options: DeskFeedOptions) {
  const { io, registry } = options;
  /** Told within the last tenth of a second, and what is to be told after it. */
  const resting = new Map<ResourceId, CatalogueChanged | null>();
  let resources = new Set<ResourceId>();
  let outcomes = new Set<OutcomeId>();
  let timer: NodeJS.Timeout | undefined;
  let sentAt = -Infinity;
  let stopped = false;

  function tellStock(changed: CatalogueChanged): void {
    const waiting = resting.get(changed.id);
    if (waiting === undefined) return sendStock(changed);
    const edited = changed.edited || waiting?.edited;
    resting.set(changed.id, { ...changed, ...(edited && { edited }) });
  }

  function sendStock(changed: CatalogueChanged): void {
    io.emit("catalogue:changed", changed);
    resting.set(changed.id, null);
    setTimeout(() => {
      const waiting = resting.get(changed.id);
      resting.delete(changed.id);
      if (waiting && !stopped) sendStock(waiting);
    }, stockEvery).unref();
  }

  async function tellReservation({ id, account }: NonNullable<DeskChange["reservation"]>) {
    if (registry.ofAccount(account).length === 0) return;
    const reservation = await options.showReservation(id).catch(() => null);
    if (reservation) io.to(accountRoom(account)).emit("reservation:changed", reservation);
  }

  const hasWatchers = (): boolean =>
    (io.sockets.adapter.rooms.get(watchRoom("desk"))?.size ?? 0) > 0;

  async function sendBatch(): Promise<void> {
    sentAt = performance.now();
    timer = undefined;
    const [ids, newest] = [[...resources], [...outcomes].slice(-mostOutcomesInBatch)];
    resources = new Set();
    outcomes = new Set();
    if (!hasWatchers()) return;
    try {
      const [stocked, shown] = await Promise.all([
        options.showStocked(ids),
        Promise.all(newest.map(options.showOutcome)),
      ]);
      const told = shown.filter((outcome) => outcome !== null);
      io.to(watchRoom("desk")).emit("desk", { resources: stocked, outcomes: told });
    } catch {
      // Redis is away: whoever watches fetches a snapshot when it is back.
    }
  }

  return {
    /** Called for each change, in order. */
    changed({ resource, reservation, outcome }: DeskChange): void {
      if (resource) {
        const { id, stock, edited } = resource;
        tellStock({ id, available: stock, ...(edited && { edited }) });
        resources.add(id);
      }
      if (outcome) outcomes.add(outcome);
      if (reservation) void tellReservation(reservation);
      if (resource || outcome)
        timer ??= setTimeout(
          () => void sendBatch(),
          Math.max(0, sentAt + batchEvery - performance.now()),
        );
    },
    stop(): void {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
