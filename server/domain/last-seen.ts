/**
 * When sessions were last used: kept in memory as requests come, written in one batch at most every second,
 * only onto live rows. Only real requests count; heartbeats, snapshots and renewals do not.
 */
import type { SessionId } from "../../shared/ids.ts";
import type { SessionRow } from "./session.ts";

export interface LastSeenOptions {
  touch(seen: ReadonlyMap<SessionId, number>): Promise<void>;
  redisNow(): number;
  every: number;
}

export type LastSeen = ReturnType<typeof createLastSeen>;

/** Activity this close to the last one written is not worth a write. */
const grain = 1000;

export function createLastSeen({ touch, redisNow, every }: LastSeenOptions) {
  let seen = new Map<SessionId, number>();
  let flushing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    if (seen.size === 0) return;
    const batch = seen;
    seen = new Map();
    try {
      await touch(batch);
    } catch {
      // Redis is away: keep the newest times for the next flush.
      for (const [id, at] of batch) if (!seen.has(id)) seen.set(id, at);
    }
  }

  const timer = setInterval(() => {
    flushing = flush();
  }, every);

  return {
    /** The session was used now. */
    note(row: SessionRow): void {
      const now = Math.floor(redisNow());
      if (now - row.lastSeenAt < grain) return;
      row.lastSeenAt = now;
      seen.set(row.id, now);
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await flushing;
      await flush();
    },
  };
}
