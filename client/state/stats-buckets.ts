/**
 * Counts over time, as the page holds them: the window that was fetched, and what is pushed since, merged so
 * that no bucket is ever missing in between. Pure, so that it is tested without a server.
 */
import type { Stats, StatsBucket } from "../../shared/contract/stats.ts";

/**
 * The window with the newest buckets put in place, and the oldest gone for each that is new. Null when buckets
 * are missing in between (a tab that slept): the window must be fetched anew.
 */
export const mergeNewest = (shown: Stats, pushed: Stats): Stats | null => {
  const { now } = pushed;
  if (pushed.step !== shown.step) return { ...shown, now };
  const [first] = pushed.buckets;
  const last = shown.buckets.at(-1);
  if (!first || !last) return { ...shown, now };
  const next = Date.parse(last.at) + shown.step * 1000;
  if (Date.parse(first.at) > next) return null;
  const before = shown.buckets.filter(({ at }) => at < first.at);
  const after = shown.buckets.filter(({ at }) => at > (pushed.buckets.at(-1)?.at ?? ""));
  const buckets = [...before, ...pushed.buckets, ...after].slice(-shown.buckets.length);
  return { ...shown, now, buckets };
};

const sum = (counts: readonly number[]): number => counts.reduce((all, n) => all + n, 0);
const sumOf = (counts: Readonly<Partial<Record<string, number>>>): number =>
  sum(Object.values(counts).map((n) => n ?? 0));

/** What the buckets hold together. */
export const totalOf = (
  buckets: readonly StatsBucket[],
  countOf: (bucket: StatsBucket) => number,
): number => sum(buckets.map(countOf));

export const countEnds = ({ ended }: StatsBucket): number => sumOf(ended);

/** No server was running: nothing happened because nobody looked. The newest bucket has only just begun. */
export const isGap = (bucket: StatsBucket, place: number, all: readonly StatsBucket[]): boolean => {
  const { online, signIns, ended, outcomes, reservations } = bucket;
  const counted = [signIns, ended, outcomes, reservations].map(sumOf);
  return online === null && sum(counted) === 0 && place < all.length - 1;
};
