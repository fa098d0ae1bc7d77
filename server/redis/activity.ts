/**
 * The activity log and the news of what pages should redraw: two streams, read together. The step that logs an
 * event counts it too.
 */
import type {
  ActivityEvent,
  ActivityHistory,
  ActivityLog,
  NewEvent,
  News,
} from "../domain/activity.ts";
import { countEvent, type Counts } from "../domain/stats.ts";
import type { Connection, Reply } from "./connect.ts";
import * as keys from "./keys.ts";
import { recording } from "./stats.ts";
import { createStreamReader, type StreamReader } from "./stream.ts";

const eventsKept = 100_000;
/** Of one account, for its own history. */
const ownEventsKept = 500;
const newsKept = 5_000;

export type Told = { kind: "event"; event: ActivityEvent } | { kind: "news"; news: News };

export type ActivityReader = StreamReader<Told>;

export function createActivityLog(connection: Connection): ActivityLog {
  /** News, not truth: nothing that was asked for fails because it could not be told. */
  const send = (told: Promise<Reply>): Promise<Reply | void> => told.catch(() => {});

  const add = (key: string, kept: number, json: string): Promise<Reply | void> =>
    send(connection.call(["XADD", key, "MAXLEN", "~", String(kept), "*", "json", json]));

  function log(json: string, counts: Counts | null): Promise<Reply | void> {
    if (counts === null) return add(keys.activityLog, eventsKept, json);
    const { keys: where, args } = recording(json, eventsKept, counts);
    return send(connection.run("record-event", where, args));
  }

  return {
    async record(event) {
      const json = JSON.stringify(event);
      const own = event.account && keys.accountActivity(event.account.id);
      await Promise.all([log(json, countEvent(event)), own && add(own, ownEventsKept, json)]);
    },
    async tell(news) {
      await add(keys.activityNews, newsKept, JSON.stringify(news));
    },
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

export const createActivityReader = (follower: Connection): ActivityReader =>
  createStreamReader(follower, [keys.activityLog, keys.activityNews], (key, id, [, json]) =>
    read(key, id, json),
  );

function read(key: string, id: string, json: string): Told {
  if (key === keys.activityNews) return { kind: "news", news: JSON.parse(json) as News };
  return { kind: "event", event: readEvent(id, json) };
}

const readEvent = (id: string, json: string): ActivityEvent => ({
  ...(JSON.parse(json) as NewEvent),
  id,
  at: Number(id.split("-")[0]),
});
