/** Open pages per session: one hash a node, which lives as long as the node renews it. */
import type { SessionId } from "../../shared/ids.ts";
import type { Presence } from "../domain/presence.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

export interface PresenceOptions {
  connection: Connection;
  /** Null: watches only (the CLI). */
  node: string | null;
  nodes(): Promise<string[]>;
  /** Milliseconds a silent node's counts live on. */
  life: number;
}

export function createPresence({ connection, node, nodes, life }: PresenceOptions): Presence {
  return {
    async of(ids) {
      if (ids.length === 0) return [];
      const alive = await nodes();
      const replies = (await Promise.all(
        alive.map((name) => connection.call(["HMGET", keys.presence(name), ...ids])),
      )) as (string | null)[][];
      return ids.map((_, at) => replies.reduce((sum, counts) => sum + Number(counts[at] ?? 0), 0));
    },

    async report(counts) {
      if (node === null) return;
      const key = keys.presence(node);
      const set: string[] = [];
      const gone: string[] = [];
      for (const [id, count] of counts)
        if (count > 0) set.push(id, String(count));
        else gone.push(id);
      await Promise.all([
        set.length > 0 ? connection.call(["HSET", key, ...set]) : undefined,
        gone.length > 0 ? connection.call(["HDEL", key, ...gone]) : undefined,
        connection.call(["PEXPIRE", key, String(life)]),
      ]);
    },

    async keepAlive() {
      if (node === null) return true;
      return (await connection.call(["PEXPIRE", keys.presence(node), String(life)])) === 1;
    },

    async online() {
      const alive = await nodes();
      const replies = (await Promise.all(
        alive.map((name) => connection.call(["HKEYS", keys.presence(name)])),
      )) as SessionId[][];
      return [...new Set(replies.flat())];
    },
  };
}
