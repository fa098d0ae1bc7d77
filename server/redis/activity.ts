/** The activity log and the news of what pages should redraw: two streams, read together. */
import type { ActivityEvent, ActivityLog, NewEvent, News } from "../domain/activity.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";
import { readLastId } from "./stream.ts";

const eventsKept = 100_000;
const newsKept = 5_000;
const block = 2000;

export type Told = { kind: "event"; event: ActivityEvent } | { kind: "news"; news: News };

export interface ActivityReader {
  /** Read on for ever from now, calling `listener`; resolves when stopped. */
  follow(listener: (told: Told) => void): Promise<void>;
  stop(): void;
}

export function createActivityLog(connection: Connection): ActivityLog {
  const add = async (key: string, kept: number, value: NewEvent | News): Promise<void> => {
    const command = ["XADD", key, "MAXLEN", "~", String(kept), "*", "json", JSON.stringify(value)];
    await connection.call(command).catch(() => {
      // News, not truth: nothing that was asked for fails because it could not be told.
    });
  };
  return {
    record: (event) => add(keys.activityLog, eventsKept, event),
    tell: (news) => add(keys.activityNews, newsKept, news),
  };
}

export function createActivityReader(follower: Connection): ActivityReader {
  let stopped = false;
  const streams = [keys.activityLog, keys.activityNews];
  const last: Record<string, string> = {};

  async function readOn(listener: (told: Told) => void): Promise<void> {
    // "$" would skip, between two reads, what came before the first one was read.
    for (const key of streams) last[key] ??= await readLastId(follower, key);
    const reply = (await follower.call(
      ["XREAD", "BLOCK", String(block), "COUNT", "500", "STREAMS", ...streams].concat(
        streams.map((key) => last[key]),
      ),
      block * 2,
    )) as [string, [string, [string, string]][]][] | null;
    for (const [key, entries] of reply ?? [])
      for (const [id, [, json]] of entries) {
        last[key] = id;
        listener(read(key, id, json));
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

function read(key: string, id: string, json: string): Told {
  if (key === keys.activityNews) return { kind: "news", news: JSON.parse(json) as News };
  const event = JSON.parse(json) as NewEvent;
  return { kind: "event", event: { ...event, id, at: Number(id.split("-")[0]) } };
}
