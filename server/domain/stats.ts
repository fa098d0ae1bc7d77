/**
 * How much of everything happened, over time. An event is counted by the step that logs it, in the bucket of
 * its minute, its five minutes and its hour, by Redis' clock: so the counts are exact however many nodes there
 * are, and a window is a fixed number of small buckets however many sessions there are. How many are online is
 * sampled (sampler.ts); a bucket without a sample says null, never zero.
 */
import { EndReason } from "../../shared/contract/sessions.ts";
import type { Stats, StatsBucket, StatsWindow } from "../../shared/contract/stats.ts";
import type { NewEvent } from "./activity.ts";
import { toInstant } from "./clock.ts";

/** Amounts by field of a bucket. */
export type Counts = Readonly<Record<string, number>>;

export interface CountedBucket {
  /** When it begins, in milliseconds. */
  at: number;
  counts: Counts;
}

export interface StatsStore {
  /** Whether this node may sample for the next `hold` milliseconds. */
  lock(hold: number): Promise<boolean>;
  /** So many sessions have an open page now. */
  addSample(online: number): Promise<void>;
  /** The newest buckets of one resolution, oldest first, without a hole; and the last sample, if it is recent. */
  newest(
    step: number,
    count: number,
  ): Promise<{ online: number | null; buckets: readonly CountedBucket[] }>;
}

export interface StatsOptions {
  store: StatsStore;
  /** All live sessions. */
  countSessions(): Promise<number>;
}

export type StatsReader = ReturnType<typeof createStats>;

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Seconds that buckets cover, and how long they are kept: a little beyond the longest window of theirs. */
export const resolutions = [
  { step: minute, kept: 2 * hour },
  { step: 5 * minute, kept: 25 * hour },
  { step: hour, kept: 8 * day },
] as const;

const windows: Record<StatsWindow, { step: number; count: number }> = {
  "15m": { step: minute, count: 15 },
  "1h": { step: minute, count: 60 },
  "24h": { step: 5 * minute, count: 288 },
  "7d": { step: hour, count: 168 },
};

export function createStats({ store, countSessions }: StatsOptions) {
  async function read(window: StatsWindow, count: number): Promise<Stats> {
    const { step } = windows[window];
    // Sent together: one round trip.
    const [{ online, buckets }, sessions] = await Promise.all([
      store.newest(step, count),
      countSessions(),
    ]);
    return { window, step, now: { sessions, online }, buckets: buckets.map(showBucket) };
  }

  return {
    show: (window: StatsWindow): Promise<Stats> => read(window, windows[window].count),
    /** The end of the last hour: all that may have changed since a moment ago. */
    newest: (): Promise<Stats> => read("1h", 2),
  };
}

/** What an event adds to the buckets of its time; null: it is not counted. */
export function countEvent(event: NewEvent): Counts | null {
  switch (event.type) {
    case "sign_in.succeeded":
      return { "signIns.succeeded": 1 };
    case "sign_in.failed":
      return { "signIns.failed": 1 };
    case "session.ended":
      return { [`ended.${event.reason}`]: 1 };
    case "everyone.ended":
      return { [`ended.${event.reason}`]: event.sessions };
    case "reservation.held":
      return { "reservations.held": 1 };
    case "reservation.released":
      return { "reservations.released": 1 };
    case "reservation.expired":
      return { "reservations.expired": 1 };
    case "outcome.success":
      return { "outcomes.success": 1, "reservations.claimed": 1 };
    case "outcome.fail":
      return { "outcomes.fail": 1 };
    case "outcome.hack":
      return { "outcomes.hack": 1 };
    default:
      return null;
  }
}

/** What a sample adds to the buckets of its time. */
export const countSample = (online: number): Counts => ({
  "online.sum": online,
  "online.samples": 1,
});

export function showBucket({ at, counts }: CountedBucket): StatsBucket {
  const count = (field: string): number => counts[field] ?? 0;
  const samples = count("online.samples");
  const ended = EndReason.options.map((reason) => [reason, count(`ended.${reason}`)] as const);
  return {
    at: toInstant(at),
    online: samples > 0 ? Math.round((count("online.sum") / samples) * 10) / 10 : null,
    signIns: { succeeded: count("signIns.succeeded"), failed: count("signIns.failed") },
    ended: Object.fromEntries(ended.filter(([, sessions]) => sessions > 0)),
    outcomes: {
      success: count("outcomes.success"),
      fail: count("outcomes.fail"),
      hack: count("outcomes.hack"),
    },
    reservations: {
      held: count("reservations.held"),
      claimed: count("reservations.claimed"),
      expired: count("reservations.expired"),
      released: count("reservations.released"),
    },
  };
}
