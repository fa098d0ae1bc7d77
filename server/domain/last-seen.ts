/**
 * When sessions were last used: kept in memory with each request, written in one batch at most every second,
 * only onto live rows. Only real requests count; heartbeats, snapshots and renewals do not. What a crash of the
 * node loses is the activity of one interval.
 */
import type { SessionId } from "../../shared/ids.ts";
import type { Held } from "./door.ts";

export interface LastSeenOptions {
  touch(seen: ReadonlyMap<SessionId, number>): Promise<void>;
  redisNow(): number;
  every: number;
}

export type LastSeen = ReturnType<typeof createLastSeen>;

export function createLastSeen({ touch, redisNow, every }: LastSeenOptions) {
  let used = new Set<Held>();
  let flushing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    if (used.size === 0) return;
    const batch = used;
    used = new Set();
    const seen = new Map<SessionId, number>();
    for (const { row, usedAt } of batch)
      seen.set(row.id, Math.max(Math.floor(usedAt), seen.get(row.id) ?? 0));
    try {
      await touch(seen);
      for (const held of batch) {
        held.row.lastSeenAt = Math.max(held.row.lastSeenAt, Math.floor(held.usedAt));
        if (held.reply) held.reply.isOutdated = true;
      }
    } catch {
      // Redis is away: the next flush writes these too.
      for (const held of batch) used.add(held);
    }
  }

  const timer = setInterval(() => {
    flushing = flush();
  }, every);

  return {
    /** The session is being used. */
    note(held: Held): void {
      held.usedAt = redisNow();
      used.add(held);
    },

    async stop(): Promise<void> {
      clearInterval(timer);
      await flushing;
      await flush();
    },
  };
}
