/** Streams, read on as they grow. A reader blocks its connection, so it has one of its own. */
import type { Connection } from "./connect.ts";

export interface StreamReader<T> {
  /** Read on for ever from now, calling `listener`; resolves when stopped. */
  follow(listener: (entry: T) => void): Promise<void>;
  stop(): void;
}

type Entry = [id: string, fields: string[]];

const block = 2000;

/** Where a stream ends now: whoever reads on from this id misses nothing that comes later. */
export async function readLastId(connection: Connection, key: string): Promise<string> {
  const [last] = (await connection.call(["XREVRANGE", key, "+", "-", "COUNT", "1"])) as Entry[];
  return last?.[0] ?? "0-0";
}

/** Reads several streams together. */
export function createStreamReader<T>(
  follower: Connection,
  streams: readonly string[],
  read: (key: string, id: string, fields: string[]) => T,
): StreamReader<T> {
  let stopped = false;
  const last: Record<string, string> = {};

  async function readOn(listener: (entry: T) => void): Promise<void> {
    // "$" would skip, between two reads, what came before the first one was read.
    for (const key of streams) last[key] ??= await readLastId(follower, key);
    const reply = (await follower.call(
      ["XREAD", "BLOCK", String(block), "COUNT", "500", "STREAMS", ...streams].concat(
        streams.map((key) => last[key]),
      ),
      block * 2,
    )) as [string, Entry[]][] | null;
    for (const [key, entries] of reply ?? [])
      for (const [id, fields] of entries) {
        last[key] = id;
        listener(read(key, id, fields));
      }
  }

  return {
    async follow(listener) {
      while (!stopped)
        await readOn(listener).catch(() => new Promise((resolve) => setTimeout(resolve, 100)));
    },
    stop: () => void (stopped = true),
  };
}
