/**
 * Made-up sessions, written by the thousand. What scripts/open-session.lua and the sign-in write for one session
 * is written here with times of the past; a test holds the two against each other, field by field.
 */
import type { SeededSession, SeedStore } from "../domain/seed.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";
import { fieldsOf } from "./sessions.ts";

/** `tombstones`: how long a row outlives its session, as for real ones. */
export function createSeedStore(connection: Connection, tombstones: number): SeedStore {
  return {
    async write(sessions) {
      const commands = [
        ...listingsOf(sessions),
        ...sessions.flatMap((session) => rowOf(session, tombstones)),
      ];
      await Promise.all(commands.map((command) => connection.call(command)));
    },
  };
}

function rowOf(session: SeededSession, tombstones: number): string[][] {
  const { at, lastSeenAt, idleFor, lifetime, deviceHash } = session;
  const row = keys.sessionRow(session.id);
  // Versions and generations start at 1, and so does the account that was just made.
  const numbers = { v: 1, g: 1, c: at, s: lastSeenAt, t: at, i: idleFor, e: at + lifetime };
  const fields = Object.entries(numbers).flatMap(([name, value]) => [name, String(value)]);
  return [
    ["HSET", row, ...fields, "d", deviceHash, ...fieldsOf(session)],
    ["PEXPIREAT", row, String(at + lifetime + tombstones)],
  ];
}

/** The lists that lead to these sessions, one command a list. */
function listingsOf(sessions: readonly SeededSession[]): string[][] {
  const lists = new Map<string, string[]>();
  const add = (key: string, command: readonly string[], ...entry: string[]) => {
    const list = lists.get(key) ?? [command[0], key, ...command.slice(1)];
    list.push(...entry);
    lists.set(key, list);
  };
  for (const { id, accountId, kind, at, lastSeenAt, idleFor, lifetime, deviceHash } of sessions) {
    const deadline = Math.min(lastSeenAt + idleFor, at + lifetime);
    add(keys.sessionIndex(kind, id), ["ZADD"], String(at), id);
    add(keys.liveSessions(accountId), ["ZADD"], String(at), id);
    add(keys.knownDevices(accountId), ["HSET"], deviceHash, String(at));
    add(keys.deadlines, ["ZADD", "LT"], String(deadline), accountId);
  }
  return [...lists.values()];
}
