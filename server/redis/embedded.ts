/**
 * A Redis of our own, for running without one: a child process on a unix socket that only this user can
 * reach, its append-only file in the data folder. It comes back after a crash of its own, and one that a
 * crash of ours left behind is adopted, so that no two ever write the same file.
 */
import { setTimeout as wait } from "node:timers/promises";
import { lockDataFolder } from "./data-folder-lock.ts";
import {
  adoptRedis,
  endRedis,
  findFolderServedAt,
  prepareRedisPlace,
  redisPlaceOf,
  removeSocketFolder,
  startRedis,
  type RunningRedis,
} from "./redis-process.ts";

export interface EmbeddedRedisOptions {
  dataDir: string;
  log: (line: string) => void;
  appendFsync?: "everysec" | "always" | "no";
  /** Milliseconds before each restart; after as many failures in a row it is given up. */
  backOff?: readonly number[];
}

export interface EmbeddedRedis {
  /** unix:///…/redis.sock, the same for as long as the data folder stays where it is. */
  url: string;
  /** It had been running before us. */
  adopted: boolean;
  /** Called when it has died and could not be brought back. */
  onExit(listener: () => void): void;
  stop(): Promise<void>;
}

const patientBackOff = [100, 1000, 2000, 5000, 5000];
/** Having run this long, the next death counts as the first. */
const provenAfter = 10_000;

export async function openEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const place = prepareRedisPlace(options.dataDir);
  const settings = { ...place, appendFsync: options.appendFsync ?? "everysec", log };
  const backOff = options.backOff ?? patientBackOff;
  const unlock = lockDataFolder(place.dataDir);
  const stopped = new AbortController();
  const listeners: (() => void)[] = [];
  let stopping: Promise<void> | undefined;

  /** What Redis says about being stopped is no news. */
  function log(line: string): void {
    if (!stopped.signal.aborted) options.log(line);
  }

  async function open(): Promise<{ running: RunningRedis; adopted: boolean }> {
    const leftBehind = await adoptRedis(settings);
    if (leftBehind) return { running: leftBehind, adopted: true };
    return { running: await startRedis(settings), adopted: false };
  }

  async function superviseUntilStopped(first: RunningRedis): Promise<void> {
    let failures = 0;
    for (let running: RunningRedis | null = first; running;) {
      const startedAt = performance.now();
      const how = await Promise.race([running.exited, onceAborted(stopped.signal)]);
      if (stopped.signal.aborted) return endRedis(running);
      log(`The embedded Redis ended (${how}); starting it again.`);
      if (performance.now() - startedAt > provenAfter) failures = 0;
      running = null;
      while (!running && failures < backOff.length) {
        await wait(backOff[failures++], undefined, { signal: stopped.signal }).catch(() => {});
        if (stopped.signal.aborted) return;
        running = await startRedis(settings).catch((error: unknown) => {
          log(String(error));
          return null;
        });
      }
    }
    log(`The embedded Redis failed ${backOff.length} times in a row.`);
    for (const listener of listeners) listener();
  }

  async function stop(supervision: Promise<void>): Promise<void> {
    stopped.abort();
    await supervision;
    removeSocketFolder(place);
    unlock();
  }

  try {
    const { running, adopted } = await open();
    const supervision = superviseUntilStopped(running);
    return {
      url: place.url,
      adopted,
      onExit: (listener) => void listeners.push(listener),
      stop: () => (stopping ??= stop(supervision)),
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The address of this data folder's embedded Redis when one is running, for tools beside the server. */
export async function findEmbeddedRedis(dataDir: string): Promise<string | null> {
  const place = redisPlaceOf(dataDir);
  if (!place) return null;
  const folder = await findFolderServedAt(place).catch(() => null);
  return folder === place.redisDir ? place.url : null;
}

function onceAborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve("stopped");
    else signal.addEventListener("abort", () => resolve("stopped"), { once: true });
  });
}
