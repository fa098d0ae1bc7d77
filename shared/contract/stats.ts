/** How much of everything happened, over time: counted in Redis as it happens, in bounded memory. */
import { z } from "zod";
import { route } from "../route.ts";
import { EndReason } from "./sessions.ts";

export const statsWindows = ["15m", "1h", "24h", "7d"] as const;
export const StatsWindow = z.enum(statsWindows);
export type StatsWindow = z.infer<typeof StatsWindow>;

const count = z.number().int();

export const StatsBucket = z.object({
  /** When it begins. */
  at: z.iso.datetime(),
  /** Sessions with an open page, on average; null: nobody has counted (no server was running). */
  online: z.number().nullable(),
  signIns: z.object({ succeeded: count, failed: count }),
  ended: z.partialRecord(EndReason, count),
  outcomes: z.object({ success: count, fail: count, hack: count }),
  reservations: z.object({ held: count, claimed: count, expired: count, released: count }),
});
export type StatsBucket = z.infer<typeof StatsBucket>;

export const Stats = z
  .object({
    window: StatsWindow,
    /** Seconds that a bucket covers. */
    step: z.number().int(),
    now: z.object({
      /** Live sessions, guests and apps included. */
      sessions: count,
      /** How many of them have an open page, as of some seconds ago; null: nobody counted lately. */
      online: count.nullable(),
    }),
    /** Oldest first, without a hole; the last one is still being filled. */
    buckets: z.array(StatsBucket),
  })
  .meta({ id: "Stats" });
export type Stats = z.infer<typeof Stats>;

export const statsRoutes = {
  show: route({
    method: "GET",
    path: "/api/admin/stats",
    summary: "Sessions online, sign-ins, ends and outcomes over time",
    needs: "activity:read",
    query: z.object({ window: StatsWindow.default("1h") }),
    reply: Stats,
    status: 200,
  }),
};
