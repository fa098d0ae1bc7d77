/**
 * Open pages per session: one hash a node. It counts while its node is heard from, and is kept a while longer, so
 * that others can tell whose pages went with it.
 */
import type { SessionId } from "../../shared/ids.ts";
import type { Presence } from "../domain/presence.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

export interface PresenceOptions {
  connection: Connection;
  /** Null: watches only (the CLI). */
  node: string | null;
  /** All that were heard from lately, and how many milliseconds ago. */
  nodes(): Promise<{ name: string; silentFor: number }[]>;
  /** Milliseconds after which a silent node's pages count no more. */
  life: number;
}

const kept = 60_000;

export function createPresence({ connection, node, nodes, life }: PresenceOptions): Presence {
  /** Nodes that were there; one that stopped cleanly is no longer listed anywhere. */
  const met = new Set<string>();

  async function alive(): Promise<string[]> {
    const found = await nodes();
    for (const { name } of found) met.add(name);
    return found.flatMap(({ name, silentFor }) => (silentFor <= life ? [name] : []));
  }

  async function takeOverFrom(name: string): Promise<SessionId[]> {
    const ids = (await connection.run("take-presence", [keys.presence(name)], [])) as SessionId[];
    met.delete(name);
    return ids;
  }

  return {
    async of(ids) {
      if (ids.length === 0) return [];
      const replies = (await Promise.all(
        (await alive()).map((name) => connection.call(["HMGET", keys.presence(name), ...ids])),
      )) as (string | null)[][];
      return ids.map((_, at) => replies.reduce((sum, counts) => sum + Number(counts[at] ?? 0), 0));
    },

    async report(changed) {
      if (node === null) return true;
      const key = keys.presence(node);
      const set: string[] = [];
      const gone: string[] = [];
      for (const [id, count] of changed)
        if (count > 0) set.push(id, String(count));
        else gone.push(id);
      const keep = ["PEXPIRE", key, String(kept)];
      const [wasThere] = await Promise.all([
        connection.call(keep),
        set.length > 0 ? connection.call(["HSET", key, ...set]) : undefined,
        gone.length > 0 ? connection.call(["HDEL", key, ...gone]) : undefined,
        connection.call(keep),
      ]);
      return wasThere === 1;
    },

    async takeOver() {
      const others = await alive();
      const departed = [...met].filter((name) => name !== node && !others.includes(name));
      return [...new Set((await Promise.all(departed.map(takeOverFrom))).flat())];
    },

    async online() {
      const replies = (await Promise.all(
        (await alive()).map((name) => connection.call(["HKEYS", keys.presence(name)])),
      )) as SessionId[][];
      return [...new Set(replies.flat())];
    },

    async countOnline() {
      const names = await alive();
      if (names.length === 1)
        return Number(await connection.call(["HLEN", keys.presence(names[0])]));
      // In portions, so that neither side is held up by many.
      const seen = new Set<string>();
      for (const name of names) {
        let cursor = "0";
        do {
          const portion = ["HSCAN", keys.presence(name), cursor, "COUNT", "1000"];
          const [next, flat] = (await connection.call(portion)) as [string, string[]];
          for (let at = 0; at < flat.length; at += 2) seen.add(flat[at]);
          cursor = next;
        } while (cursor !== "0");
      }
      return seen.size;
    },
  };
}
