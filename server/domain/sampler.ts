/**
 * Counts every few seconds how many sessions have an open page. One node does it at a time, and another goes on
 * when it is gone; a sample that cannot be taken is missing, which the charts show as a gap.
 */
import type { Presence } from "./presence.ts";
import type { StatsStore } from "./stats.ts";

export interface SamplerOptions {
  store: Pick<StatsStore, "lock" | "addSample">;
  presence: Pick<Presence, "countOnline">;
  /** Milliseconds between two samples. */
  every: number;
}

export function createSampler({ store, presence, every }: SamplerOptions) {
  let timer: NodeJS.Timeout | undefined;
  let sampling: Promise<void> = Promise.resolve();
  let stopped = false;

  async function sample(): Promise<void> {
    if (await store.lock(every * 1.5)) await store.addSample(await presence.countOnline());
  }

  async function run(): Promise<void> {
    const startedAt = performance.now();
    sampling = sample().catch(() => {});
    await sampling;
    const wait = Math.max(0, startedAt + every - performance.now());
    if (!stopped) timer = setTimeout(() => void run(), wait);
  }

  return {
    start: (): void => void run(),
    /** One sample now, for tests. */
    sample,
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await sampling;
    },
  };
}
