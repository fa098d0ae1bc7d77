/** Reservations as a page shows them, what is asked of this device, and reserving out of the bin. */
import { describe, expect, it } from "vitest";
import type { Reservation } from "../../shared/contract/reservations.ts";
import { ReservationId, ResourceId, SessionId } from "../../shared/ids.ts";
import { ApiError } from "../../client/api.ts";
import type { Call, CallOptions } from "../../client/api.ts";
import type { Following } from "../../client/followings.ts";
import type { Live } from "../../client/live.svelte.ts";
import { createApprovals } from "../../client/state/approvals.svelte.ts";
import { createRepeating } from "../../client/state/repeating.ts";
import { createReservations } from "../../client/state/reservations.svelte.ts";
import { createReserving } from "../../client/state/reserving.svelte.ts";

const resource = (last: string) => ResourceId.parse("0".repeat(15) + last);
const session = (last: string) => SessionId.parse("0".repeat(19) + last);
const reservation = (last: string, changes: Partial<Reservation> = {}): Reservation => ({
  id: ReservationId.parse("0".repeat(19) + last),
  resourceId: resource("1"),
  resourceName: "Lamp",
  state: "held",
  task: "none",
  taskDone: true,
  sessionId: session("1"),
  createdAt: "2026-11-23T09:00:00.000Z",
  expiresAt: "2026-11-23T09:15:00.000Z",
  ...changes,
});

/** The rows under test; what the server answers, the test says. */
const openReservations = () => {
  let following: Following = {};
  const asked: { method: string; options: CallOptions }[] = [];
  const answers: (() => unknown)[] = [];
  const call = async (route: { method: string }, _: unknown, options: CallOptions = {}) => {
    asked.push({ method: route.method, options });
    return answers.shift()?.() ?? { reservations: [] };
  };
  const live = { follow: (given: Following) => ((following = given), () => undefined) };
  const reservations = createReservations({
    call: call as unknown as Call,
    live: live as unknown as Live,
  });
  reservations.open();
  return {
    reservations,
    asked,
    answer: (answer: () => unknown) => answers.push(answer),
    tell: (told: Reservation) => following.events?.["reservation:changed"]?.(told),
  };
};
const lose = () => {
  throw new ApiError("unreachable");
};
const statesOf = (rows: readonly Reservation[]) => rows.map(({ id, state }) => [id.at(-1), state]);

describe("reservations", () => {
  it("join on top and change where they stand, and what is over does not come back", () => {
    const { reservations, tell } = openReservations();
    tell(reservation("1"));
    tell(reservation("2"));
    tell(reservation("1", { state: "claimed" }));
    tell(reservation("1"));
    expect(statesOf(reservations.rows)).toEqual([
      ["2", "held"],
      ["1", "claimed"],
    ]);
    expect(reservations.held.map(({ id }) => id.at(-1))).toEqual(["2"]);
  });

  it("keep a task that is done, whatever arrives late", () => {
    const { reservations, tell } = openReservations();
    tell(reservation("1", { task: "confirm", taskDone: true }));
    tell(reservation("1", { task: "confirm", taskDone: false }));
    expect(reservations.rows[0]?.taskDone).toBe(true);
  });

  it("apply what was told while a snapshot travelled on top of it", async () => {
    const { reservations, answer, tell } = openReservations();
    let arrive: (reply: unknown) => void = () => undefined;
    answer(() => new Promise((resolve) => (arrive = resolve)));
    const refreshing = reservations.refresh();
    tell(reservation("1", { state: "expired" }));
    tell(reservation("3"));
    arrive({ reservations: [reservation("2"), reservation("1")] });
    await refreshing;
    expect(statesOf(reservations.rows)).toEqual([
      ["3", "held"],
      ["2", "held"],
      ["1", "expired"],
    ]);
  });

  it("are asked for again with the same key until an answer came", async () => {
    const { reservations, asked, answer } = openReservations();
    answer(lose);
    answer(() => reservation("1"));
    answer(() => reservation("2"));
    await expect(reservations.reserve(resource("1"))).rejects.toThrow();
    await reservations.reserve(resource("1"));
    await reservations.reserve(resource("1"));
    const keys = asked.map(({ options }) => options.idempotencyKey);
    expect(keys[0]).toBeTypeOf("string");
    expect([keys[1] === keys[0], keys[2] === keys[0]]).toEqual([true, false]);
  });

  it("of an earlier account are not taken from a reply that comes late", async () => {
    const { reservations, answer } = openReservations();
    answer(() => reservation("1"));
    const reserving = reservations.reserve(resource("1"));
    reservations.open();
    await reserving;
    expect(reservations.rows).toEqual([]);
  });
});

describe("asking again", () => {
  it.each([
    ["unreachable", true],
    ["unavailable", true],
    ["internal_error", true],
    ["out_of_stock", false],
    ["reauthentication_required", false],
  ] as const)("after %s says the same again: %s", async (code, isSame) => {
    let made = 0;
    const repeating = createRepeating(() => `key-${++made}`);
    const keys: string[] = [];
    const fail = (key: string): Promise<never> => {
      keys.push(key);
      return Promise.reject(new ApiError(code));
    };
    await expect(repeating.ask("lamp", fail)).rejects.toThrow();
    await expect(repeating.ask("lamp", fail)).rejects.toThrow();
    await expect(repeating.ask("chair", fail)).rejects.toThrow();
    expect(keys[1] === keys[0]).toBe(isSame);
    expect(keys[2]).not.toBe(keys[0]);
  });
});

describe("what this device is asked to approve", () => {
  const now = Date.parse("2026-11-23T09:10:00.000Z");
  const openApprovals = (held: Reservation[], fail = false) =>
    createApprovals({
      reservations: {
        held,
        doTask: () =>
          fail ? Promise.reject(new ApiError("other_device_needed")) : Promise.resolve(),
        release: () => Promise.resolve(),
      },
      devices: { rows: [], ended: [] },
      me: { session: { id: session("2") } as never },
      clock: { now } as never,
    });
  const waiting = { task: "other_device", taskDone: false } as const;

  it.each([
    ["another device's", waiting, 1],
    ["not its own", { ...waiting, sessionId: session("2") }, 0],
    ["not what is done", { ...waiting, taskDone: true }, 0],
    ["not what runs out", { ...waiting, expiresAt: "2026-11-23T09:09:59.000Z" }, 0],
    ["no other task", { task: "confirm", taskDone: false } as const, 0],
  ])("is %s", (_, changes, expected) => {
    expect(openApprovals([reservation("1", changes)]).waiting).toHaveLength(expected);
  });

  it("is not asked again once the server has refused this device", async () => {
    const approvals = openApprovals([reservation("1", waiting)], true);
    await expect(approvals.approve(approvals.waiting[0])).rejects.toThrow();
    expect(approvals.waiting).toEqual([]);
  });
});

describe("reserving what is in the bin", () => {
  const openReserving = (quantities: [ResourceId, number][], refusals: (string | null)[]) => {
    const bin = new Map(quantities);
    const asked: ResourceId[] = [];
    const reserving = createReserving({
      bin: {
        quantityOf: (id) => bin.get(id) ?? 0,
        put: async (id, quantity) => void bin.set(id, quantity),
      },
      reservations: {
        reserve: async (id) => {
          asked.push(id);
          const code = refusals.shift();
          if (code) throw new ApiError(code as never);
          return reservation("1");
        },
      },
    });
    const items = quantities.map(([resourceId, quantity]) => ({
      resourceId,
      quantity,
      addedAt: "2026-11-23T09:00:00.000Z",
    }));
    return { bin, asked, reserving, run: () => reserving.reserve(items) };
  };
  const [lamp, chair] = [resource("1"), resource("2")];

  it("asks for each unit, and takes it out of the bin when it is held", async () => {
    const { bin, asked, run } = openReserving(
      [
        [lamp, 2],
        [chair, 1],
      ],
      [],
    );
    expect(await run()).toBe(3);
    expect(asked).toEqual([lamp, lamp, chair]);
    expect([bin.get(lamp), bin.get(chair)]).toEqual([0, 0]);
  });

  it("keeps what was refused, says why, and goes on with the next thing", async () => {
    const { bin, reserving, run } = openReserving(
      [
        [lamp, 3],
        [chair, 1],
      ],
      [null, "out_of_stock"],
    );
    expect(await run()).toBe(2);
    expect([bin.get(lamp), bin.get(chair)]).toEqual([2, 0]);
    expect(reserving.refusalOf(lamp)).toMatchObject({ units: 2, of: 3 });
    expect(reserving.refusalOf(chair)).toBeNull();
  });

  it("asks for nothing more when the server cannot be reached", async () => {
    const { asked, run } = openReserving(
      [
        [lamp, 1],
        [chair, 1],
      ],
      ["unreachable"],
    );
    expect(await run()).toBe(0);
    expect(asked).toEqual([lamp]);
  });
});
