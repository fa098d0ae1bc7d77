/** Whose sessions are next to expire, and which node sweeps. */
import type { Owner } from "../domain/ledger.ts";
import type { DeadlineStore } from "../domain/sweeper.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

export function createDeadlineStore(connection: Connection, node: string): DeadlineStore {
  return {
    async lock(hold) {
      const reply = await connection.run("hold-lock", [keys.sweeperLock], [node, hold]);
      return reply === 1;
    },

    async due(now, count) {
      return (await connection.call(
        ["ZRANGE", keys.deadlines, "-inf", String(Math.floor(now)), "BYSCORE"].concat([
          "LIMIT",
          "0",
          String(count),
        ]),
      )) as Owner[];
    },

    async setNext(owner, at) {
      await connection.call(
        at === null
          ? ["ZREM", keys.deadlines, owner]
          : ["ZADD", keys.deadlines, String(Math.ceil(at)), owner],
      );
    },
  };
}
