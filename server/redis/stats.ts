/**
 * Counts over time, in hashes that run out by themselves. All of them share the activity log's slot, so an event
 * and its counts are one step, and a window is read in one.
 */
import { countSample, resolutions, type Counts, type StatsStore } from "../domain/stats.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

/** Milliseconds that a sample speaks for now. */
const sampleLife = 30_000;
const bucketLives = resolutions.flatMap(({ step, kept }) => [step, kept]);

/** What `record-event` is run with: an event's JSON ('' only counts) and what it adds. */
export const recording = (json: string, eventsKept: number, counts: Counts) => ({
  keys: [keys.activityLog, keys.statsPrefix],
  args: [json, eventsKept, ...bucketLives, ...Object.entries(counts).flat()],
});

export const createStatsStore = (connection: Connection, node: string): StatsStore => ({
  async lock(hold) {
    return (await connection.run("hold-lock", [keys.samplerLock], [node, hold])) === 1;
  },

  async addSample(online) {
    const { keys: where, args } = recording("", 0, countSample(online));
    await Promise.all([
      connection.run("record-event", where, args),
      connection.call(["SET", keys.onlineNow, String(online), "PX", String(sampleLife)]),
    ]);
  },

  async newest(step, count) {
    const reply = await connection.run(
      "read-stats",
      [keys.statsPrefix, keys.onlineNow],
      [step, count],
    );
    const [newest, online, found] = reply as [number, string | null, string[][]];
    const first = newest - found.length + 1;
    return {
      online: online === null ? null : Number(online),
      buckets: found.map((flat, at) => ({
        at: (first + at) * step * 1000,
        counts: readCounts(flat),
      })),
    };
  },
});

function readCounts(flat: readonly string[]): Counts {
  const counts: Record<string, number> = {};
  for (let at = 0; at + 1 < flat.length; at += 2) counts[flat[at]] = Number(flat[at + 1]);
  return counts;
}
