/** The window onto the log: what joins, what waits, what leaves, and that no gap is ever shown. */
import { describe, expect, it } from "vitest";
import type { Event } from "../../shared/contract/activity.ts";
import type { Following } from "../../client/followings.ts";
import type { Live } from "../../client/live.svelte.ts";
import { createActivity } from "../../client/state/activity.svelte.ts";
import type { Activity } from "../../client/state/activity.svelte.ts";
import { everything } from "../../client/state/event-filter.ts";
import { mostRows } from "../../client/state/log-window.svelte.ts";

const event = (number: number): Event => ({
  id: `${number}-0`,
  at: "2026-11-23T09:00:00.000Z",
  type: "session.opened",
});
const pageSize = 50;

/** A log that grows, a socket that tells of it, and the list under test. */
const openList = async (size: number) => {
  const log = Array.from({ length: size }, (_, i) => event(i + 1));
  let following: Following = {};
  let isReachable = true;
  const read = async (_: unknown, cursor: string) => {
    if (!isReachable) throw new Error("no network");
    const end = cursor === "" ? log.length : log.findIndex(({ id }) => `${id}` === cursor);
    const events = log.slice(Math.max(0, end - pageSize), end).reverse();
    return { events, next: end > pageSize ? (events.at(-1)?.id ?? null) : null };
  };
  const live = { follow: (given: Following) => ((following = given), () => undefined) };
  const activity = createActivity({ read, live: live as unknown as Live, isFollowing: true });
  activity.open();
  await activity.show(everything);
  const grow = (count: number) => {
    const grown = Array.from({ length: count }, (_, i) => event(log.length + i + 1));
    log.push(...grown);
    return grown;
  };
  return {
    activity,
    log,
    /** Happens while nobody is told. */
    grow,
    happen: (count: number) => following.events?.activity?.(grow(count)),
    lose: () => (isReachable = false),
    settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
};

const numbers = (activity: Activity) => activity.rows.map((row) => parseInt(row.entry.id));
const expectNoGap = (activity: Activity) => {
  const shown = numbers(activity);
  expect(shown).toEqual(shown.map((_, i) => shown[0] - i));
};

describe("a list of events", () => {
  it("lets what happens join at the top, once, and never holds more than its window", async () => {
    const { activity, happen } = await openList(60);
    happen(3);
    expect(numbers(activity).slice(0, 4)).toEqual([63, 62, 61, 60]);
    expect(activity.rows[0]?.isNew).toBe(true);
    await activity.refresh();
    expectNoGap(activity);
    for (let batches = 0; batches < 5; batches++) happen(100);
    expect(activity.rows).toHaveLength(mostRows);
    expectNoGap(activity);
    await activity.showOlder();
    expectNoGap(activity);
  });

  it("counts what happens while it is held and shows it on release", async () => {
    const { activity, happen } = await openList(10);
    activity.hold();
    happen(2);
    happen(3);
    expect([activity.waiting, activity.rows.length]).toEqual([5, 10]);
    activity.release();
    expect([activity.waiting, activity.rows.length]).toEqual([0, 15]);
    expectNoGap(activity);
  });

  it("shows no gap after more waited than the window takes", async () => {
    const { activity, happen } = await openList(80);
    activity.hold();
    for (let batches = 0; batches < 3; batches++) happen(150);
    expect(activity.waiting).toBe(450);
    activity.showNewest();
    expect([activity.rows.length, activity.rows[0]?.entry.id]).toEqual([mostRows, "530-0"]);
    expectNoGap(activity);
  });

  it("moves its window when reading back, and comes back to the newest by a fetch", async () => {
    const { activity, happen, settle } = await openList(400);
    activity.hold();
    for (let pages = 0; pages < 5; pages++) await activity.showOlder();
    expect([activity.rows.length, activity.isAtNewest]).toEqual([mostRows, false]);
    expectNoGap(activity);
    happen(4);
    activity.release();
    expect(activity.waiting).toBe(4);
    expectNoGap(activity);
    activity.showNewest();
    await settle();
    expect([numbers(activity)[0], activity.waiting, activity.isAtNewest]).toEqual([404, 0, true]);
  });

  it("heals what was missed while disconnected: joined when a page reaches back, else replaced", async () => {
    const { activity, grow } = await openList(100);
    grow(20);
    await activity.refresh();
    expect([numbers(activity)[0], activity.rows.length]).toEqual([120, 70]);
    expectNoGap(activity);
    grow(70);
    await activity.refresh();
    expect([numbers(activity)[0], activity.rows.length]).toEqual([190, 50]);
    expectNoGap(activity);
  });

  it("leaves the rows being read when too much was missed, and offers the newest", async () => {
    const { activity, grow, settle } = await openList(100);
    activity.hold();
    grow(70);
    await activity.refresh();
    expect([numbers(activity)[0], activity.isAtNewest, activity.waiting]).toEqual([100, false, 50]);
    activity.showNewest();
    await settle();
    expect(numbers(activity)[0]).toBe(170);
    expectNoGap(activity);
  });

  it("keeps its rows when a snapshot or an older page cannot be read, and says so", async () => {
    const { activity, lose } = await openList(100);
    lose();
    await activity.refresh();
    await activity.showOlder();
    expect([activity.rows.length, activity.hasOlder]).toEqual([50, true]);
    expect(activity.failure).toBeInstanceOf(Error);
    expect(activity.olderFailure).toBeInstanceOf(Error);
  });
});
