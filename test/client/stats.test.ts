/** Counts over time as the page holds them: what is pushed joins without a hole, and gaps stay gaps. */
import { describe, expect, it } from "vitest";
import type { Stats, StatsBucket, StatsWindow } from "../../shared/contract/stats.ts";
import type { Call } from "../../client/api.ts";
import type { Following } from "../../client/followings.ts";
import type { Live } from "../../client/live.svelte.ts";
import { findLonely, stack } from "../../client/parts/chart-drawing.ts";
import { isGap, mergeNewest } from "../../client/state/stats-buckets.ts";
import { describeCharts } from "../../client/state/stats-charts.ts";
import { createStats } from "../../client/state/stats.svelte.ts";
import { createBucketTime } from "../../client/text/bucket-time.ts";
import { enStats } from "../../client/text/en-stats.ts";

const begin = Date.parse("2026-11-23T09:00:00.000Z");

const bucket = (minute: number, signIns = 0, online: number | null = 1): StatsBucket => ({
  at: new Date(begin + minute * 60_000).toISOString(),
  online,
  signIns: { succeeded: signIns, failed: 0 },
  ended: {},
  outcomes: { success: 0, fail: 0, hack: 0 },
  reservations: { held: 0, claimed: 0, expired: 0, released: 0 },
});
const minutes = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => bucket(first + n));
const stats = (
  buckets: StatsBucket[],
  {
    window = "15m",
    step = 60,
    sessions = 3,
  }: { window?: StatsWindow; step?: number; sessions?: number } = {},
): Stats => ({ window, step, now: { sessions, online: 1 }, buckets });

const timesOf = ({ buckets }: Stats) => buckets.map(({ at }) => (Date.parse(at) - begin) / 60_000);

describe("what is pushed", () => {
  const shown = stats(minutes(0, 15));

  it("takes the place of the buckets it tells anew", () => {
    const merged = mergeNewest(shown, stats([bucket(13, 2), bucket(14, 5)], { sessions: 9 }));
    expect(merged && timesOf(merged)).toEqual(timesOf(shown));
    expect(merged?.buckets.slice(-2).map(({ signIns }) => signIns.succeeded)).toEqual([2, 5]);
    expect(merged).toMatchObject({ window: "15m", now: { sessions: 9 } });
  });

  it("moves the window on when a bucket is new, and never makes it longer", () => {
    const merged = mergeNewest(shown, stats([bucket(14, 1), bucket(15, 2)]));
    expect(merged && timesOf(merged)).toEqual(minutes(1, 15).map((_, n) => n + 1));
    const jumped = mergeNewest(shown, stats([bucket(15), bucket(16)]));
    expect(jumped && timesOf(jumped)).toEqual(minutes(2, 15).map((_, n) => n + 2));
  });

  it("is not enough when buckets are missing in between", () => {
    expect(mergeNewest(shown, stats([bucket(16), bucket(17)]))).toBeNull();
  });

  it("never takes back what is newer", () => {
    const merged = mergeNewest(shown, stats([bucket(12, 4), bucket(13, 4)]));
    expect(merged && timesOf(merged)).toEqual(timesOf(shown));
  });

  it("tells longer windows only what is now", () => {
    const days = stats(minutes(0, 3), { window: "7d", step: 3600 });
    const merged = mergeNewest(days, stats([bucket(14), bucket(15)], { sessions: 9 }));
    expect(merged).toEqual({ ...days, now: { sessions: 9, online: 1 } });
  });
});

describe("the window shown", () => {
  /** A server that answers when it is let, and a socket that pushes. */
  const openStats = () => {
    const asked: { window: StatsWindow; answer: (stats: Stats) => void; fail: () => void }[] = [];
    let following: Following = {};
    const call = (_: unknown, { query }: { query: { window: StatsWindow } }) =>
      new Promise<Stats>((resolve, reject) => {
        const fail = () => reject(new Error("no network"));
        asked.push({ window: query.window, answer: resolve, fail });
      });
    const live = { follow: (given: Following) => ((following = given), () => undefined) };
    const shown = createStats({ call: call as unknown as Call, live: live as unknown as Live });
    const close = shown.open();
    return { asked, shown, close, push: (pushed: Stats) => following.events?.stats?.(pushed) };
  };

  it("keeps what was pushed while its snapshot was travelling", async () => {
    const { asked, shown, push, close } = openStats();
    const showing = shown.show("15m");
    push(stats([bucket(13), bucket(14, 7)]));
    expect(shown.status).toBe("loading");
    asked.at(-1)?.answer(stats(minutes(0, 15)));
    await showing;
    expect(shown.shown?.buckets.at(-1)?.signIns.succeeded).toBe(7);
    close();
  });

  it("is the one asked for last, whichever answer comes last", async () => {
    const { asked, shown, close } = openStats();
    const [first, second] = [shown.show("1h"), shown.show("15m")];
    const [slow, quick] = asked.slice(-2);
    quick?.answer(stats(minutes(0, 15)));
    slow?.answer(stats(minutes(0, 60), { window: "1h" }));
    await Promise.all([first, second]);
    expect(shown.shown?.window).toBe("15m");
    close();
  });

  it("is fetched anew when more was missed than a push tells, and stays when that fails", async () => {
    const { asked, shown, push, close } = openStats();
    const showing = shown.show("15m");
    asked.at(-1)?.answer(stats(minutes(0, 15)));
    await showing;
    const before = asked.length;
    push(stats([bucket(30), bucket(31)]));
    expect(asked).toHaveLength(before + 1);
    const again = shown.refresh();
    asked.at(-1)?.fail();
    await again;
    expect(shown.failure).toBeInstanceOf(Error);
    expect(shown.shown && timesOf(shown.shown).at(-1)).toBe(14);
    close();
  });
});

describe("a gap", () => {
  const buckets = [bucket(0), bucket(1, 0, null), bucket(2, 1, null), bucket(3, 0, null)];

  it("is a bucket in which nobody counted and nothing happened, and not the newest", () => {
    expect(buckets.map(isGap)).toEqual([false, true, false, false]);
  });

  it("is drawn as nothing, and a value alone between two of them as a dot", () => {
    const [online, signIns] = describeCharts(stats(buckets), enStats, String);
    expect(online?.series[0]?.values).toEqual([1, null, null, null]);
    expect(signIns?.series[0]?.values).toEqual([0, null, 1, 0]);
    expect(findLonely([1, null, 2, 3, null, 4])).toEqual([0, 5]);
  });
});

describe("a chart", () => {
  it("says in a sentence what it shows", () => {
    const busy = { ...bucket(1, 4, 12.5), ended: { admin: 2, expired_idle: 3 } };
    const charts = describeCharts(stats([bucket(0), busy]), enStats, (at) => at.slice(11, 16));
    expect(charts.map(({ summary }) => summary)).toEqual([
      "Highest average: 13, around 09:01. Now 1.",
      "4 sign-ins, 0 refused.",
      "5 sessions ended. Most often: Not used (3).",
      "0 reserved, 0 claimed, 0 expired, 0 suspicious.",
    ]);
    const [, , ends] = charts;
    expect(ends?.series.map(({ label }) => label)).toEqual(["By an administrator", "Not used"]);
  });

  it("stacks bars so that the topmost, drawn first, reaches to the sum of all", () => {
    const series = [
      { label: "lower", colour: "--chart-teal" as const, values: [1, null, 3] },
      { label: "upper", colour: "--chart-red" as const, values: [2, null, 0] },
    ];
    expect(stack(series).map(({ label, values }) => ({ label, values }))).toEqual([
      { label: "upper", values: [3, null, 3] },
      { label: "lower", values: [1, null, 3] },
    ]);
  });

  it("names its buckets in the reader's language", () => {
    const at = new Date(2026, 10, 23, 15, 5).getTime();
    expect(createBucketTime("de").name(at, 60)).toBe("15:05");
    expect(createBucketTime("de").name(at, 3600)).toMatch(/^Mo\.?, 15:05$/);
    expect(createBucketTime("de").mark(at, 86_400)).toMatch(/^Mo\.?$/);
  });
});
