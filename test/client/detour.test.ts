/** How pages live where no websocket comes through. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createDetour } from "../../client/detour.ts";

const everyMs = 15_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const open = () => {
  const world = { isAnswering: true, isLookedAt: true, refreshes: 0, asked: 0, isTaken: false };
  const detour = createDetour({
    askServer: async () => {
      world.asked += 1;
      return world.isAnswering;
    },
    isLookedAt: () => world.isLookedAt,
    refresh: () => (world.refreshes += 1),
    onTaken: (isTaken) => (world.isTaken = isTaken),
    everyMs,
  });
  const fail = async (times: number) => {
    for (let i = 0; i < times; i++) await detour.noteFailure();
  };
  return { world, detour, fail };
};

describe("the way around a proxy that strips websockets", () => {
  it("is taken after three failures in a row beside answers, and refreshes at once and every so often", async () => {
    const { world, fail } = open();
    await fail(2);
    expect(world).toMatchObject({ isTaken: false, refreshes: 0 });
    await fail(1);
    expect(world).toMatchObject({ isTaken: true, refreshes: 1 });
    vi.advanceTimersByTime(2 * everyMs);
    expect(world.refreshes).toBe(3);
    await fail(1);
    expect(world.refreshes).toBe(3);
  });

  it("is not taken while the server does not answer, however often the websocket fails", async () => {
    const { world, fail } = open();
    world.isAnswering = false;
    await fail(20);
    world.isAnswering = true;
    await fail(2);
    expect(world.isTaken).toBe(false);
  });

  it("is left when the server stops answering, and when a websocket comes through", async () => {
    const { world, detour, fail } = open();
    await fail(3);
    world.isAnswering = false;
    await fail(1);
    expect(world.isTaken).toBe(false);
    world.isAnswering = true;
    await fail(3);
    expect(world.isTaken).toBe(true);
    detour.leave();
    vi.advanceTimersByTime(4 * everyMs);
    expect(world).toMatchObject({ isTaken: false, refreshes: 2 });
  });

  it("rests while nobody looks, and refreshes as soon as somebody does", async () => {
    const { world, detour, fail } = open();
    await fail(3);
    world.isLookedAt = false;
    vi.advanceTimersByTime(10 * everyMs);
    await fail(2);
    expect(world).toMatchObject({ refreshes: 1, asked: 3, isTaken: true });
    world.isLookedAt = true;
    detour.comeBack();
    expect(world.refreshes).toBe(2);
  });

  it("does not believe an answer to what was asked before a websocket came through", async () => {
    const { world, detour, fail } = open();
    await fail(2);
    const late = detour.noteFailure();
    detour.leave();
    await late;
    expect(world.isTaken).toBe(false);
  });
});
