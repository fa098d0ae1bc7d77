/** The activity log and the news of what pages should redraw: two streams, read together. */
import type {
  ActivityEvent,
  ActivityHistory,
  ActivityLog,
  NewEvent,
  News,
} from "../domain/activity.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";
import { readLastId } from "./stream.ts";

const eventsKept = 100_000;
/** Of one account, for its own history. */
const ownEventsKept = 500;
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
    async record(event) {
      const own = event.account && keys.accountActivity(event.account.id);
      await Promise.all([
        add(keys.activityLog, eventsKept, event),
        own && add(own, ownEventsKept, event),
      ]);
    },
    tell: (news) => add(keys.activityNews, newsKept, news),
  };
}

export const createActivityHistory = (connection: Connection): ActivityHistory => ({
  async before(account, cursor, count) {
    const key = account === null ? keys.activityLog : keys.accountActivity(account);
    const newest = cursor === null ? "+" : `(${cursor}`;
    const command = ["XREVRANGE", key, newest, "-", "COUNT", String(count)];
    const entries = (await connection.call(command)) as [string, [string, string]][];
    return entries.map(([id, [, json]]) => readEvent(id, json));
  },
});

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
  return { kind: "event", event: readEvent(id, json) };
}

const readEvent = (id: string, json: string): ActivityEvent => ({
  ...(JSON.parse(json) as NewEvent),
  id,
  at: Number(id.split("-")[0]),
});
