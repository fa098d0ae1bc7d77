// How often the desk is told about, with time moved by hand: pages and Redis are spared however much happens, and the
// last word is always the newest.
import type { Server } from "socket.io";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DeskChange } from "../../server/domain/desk-steps.ts";
import { createDeskFeed } from "../../server/live/desk-feed.ts";
import { createRegistry } from "../../server/live/registry.ts";
import { watchRoom } from "../../server/live/rooms.ts";
import type { AccountId, ReservationId, ResourceId } from "../../shared/ids.ts";
import type { CatalogueChanged, DeskBatch } from "../../shared/live.ts";

const one = "one" as ResourceId;
const other = "other" as ResourceId;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openFeed() {
  const rooms = new Map<string, Set<string>>();
  const told: CatalogueChanged[] = [];
  const batches: DeskBatch[] = [];
  const io = {
    sockets: { adapter: { rooms } },
    emit: (_event: string, changed: CatalogueChanged) => void told.push(changed),
    to: () => ({ emit: (_event: string, batch: DeskBatch) => void batches.push(batch) }),
  } as unknown as Server;
  const read: string[] = [];
  const feed = createDeskFeed({
    io,
    registry: createRegistry(),
    async showReservation(id) {
      read.push(id);
      return null;
    },
    async showStocked(ids) {
      read.push(...ids);
      return ids.map((id) => ({ id }) as DeskBatch["resources"][number]);
    },
    async showOutcome(id) {
      read.push(id);
      return { id } as DeskBatch["outcomes"][number];
    },
  });
  const watch = () => void rooms.set(watchRoom("desk"), new Set(["page"]));
  return { feed, told, batches, read, watch };
}

const stockOf = (id: ResourceId, stock: number, edited = false): DeskChange => ({
  resource: { id, stock, edited },
});

test("the stock of a resource is told at once, then at most ten times a second, newest last", async () => {
  const { feed, told } = openFeed();
  feed.changed(stockOf(one, 1000));
  feed.changed(stockOf(other, 5));
  expect(told).toEqual([
    { id: one, available: 1000 },
    { id: other, available: 5 },
  ]);
  for (let left = 999; left >= 0; left--) {
    feed.changed(stockOf(one, left));
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(1000);
  const ofOne = told.filter(({ id }) => id === one);
  expect(ofOne.length).toBeLessThanOrEqual(12);
  expect(ofOne.length).toBeGreaterThan(8);
  expect(ofOne.at(-1)).toEqual({ id: one, available: 0 });
  feed.changed(stockOf(one, 7));
  expect(told.at(-1)).toEqual({ id: one, available: 7 });
});

test("an edit is not lost among what is only about the stock", async () => {
  const { feed, told } = openFeed();
  feed.changed(stockOf(one, 3));
  feed.changed(stockOf(one, 3, true));
  feed.changed(stockOf(one, 2));
  await vi.advanceTimersByTimeAsync(100);
  expect(told).toEqual([
    { id: one, available: 3 },
    { id: one, available: 2, edited: true },
  ]);
});

test("watchers get at most two batches a second, of what changed since, the newest outcomes at most", async () => {
  const { feed, batches, watch } = openFeed();
  watch();
  for (let at = 0; at < 1000; at++) {
    feed.changed({ ...stockOf(at % 2 ? one : other, at), outcome: `fail-${at}-0` });
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(1000);
  expect(batches.length).toBeGreaterThan(1);
  expect(batches.length).toBeLessThanOrEqual(4);
  const last = batches.at(-1);
  expect(last?.resources.map(({ id }) => id).toSorted()).toEqual([one, other]);
  expect(last?.outcomes.length).toBeLessThanOrEqual(100);
  expect(last?.outcomes.at(-1)?.id).toBe("fail-999-0");
});

test("nothing is read for pages that nobody has open", async () => {
  const { feed, read, batches } = openFeed();
  const reservation = { id: "r" as ReservationId, account: "a" as AccountId };
  feed.changed({ ...stockOf(one, 1), reservation, outcome: "hack-1-0" });
  await vi.advanceTimersByTimeAsync(2000);
  expect(read).toEqual([]);
  expect(batches).toEqual([]);
});
