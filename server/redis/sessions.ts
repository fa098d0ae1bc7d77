/** SessionStore and DirectoryStore on Redis: one script a step, on the hash slot the session's id leads to. */
import type { EndReason, SessionKind } from "../../shared/contract/sessions.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { EndFacts } from "../domain/admission.ts";
import type { DirectoryStore, Place } from "../domain/directory.ts";
import type { Found } from "../domain/door.ts";
import type { EndedRow, SessionRow } from "../domain/session.ts";
import type { NewSession, SessionStore } from "../domain/sessions.ts";
import type { Connection, Reply } from "./connect.ts";
import * as keys from "./keys.ts";
import { decodeAccount, decodeSession, encode, isEnded } from "./rows.ts";

export interface SessionStoreOptions {
  connection: Connection;
  /** Milliseconds a tombstone is kept at least (beyond the session's own absolute expiry). */
  tombstones: number;
  /** Milliseconds that activity may still wait in the memory of nodes. */
  grace: number;
}

export function createSessionStore(
  options: SessionStoreOptions,
): SessionStore & { touch(seen: ReadonlyMap<SessionId, number>): Promise<void> } {
  const { connection, tombstones, grace } = options;

  return {
    async find(id, secretHash, member): Promise<Found> {
      const reply = await connection.run(
        "find-session",
        [keys.sessionRow(id)],
        [secretHash ?? "", keys.accountPrefix(id), grace, member ?? ""],
      );
      return readFound(id, reply as Reply[]);
    },

    async open(session, limit, carried) {
      const account = session.accountId;
      const row = keys.sessionRow(session.id);
      const slot = account
        ? [row, keys.liveSessions(account), keys.endedSessions(account), keys.account(account)]
        : [row];
      const script = connection.run("open-session", slot, [
        session.id,
        keys.rowPrefix(session.id),
        limit,
        session.deviceHash,
        carried ?? "",
        tombstones,
        session.idleFor,
        session.lifetime,
        ...fieldsOf(session),
      ]);
      await Promise.all([...enlist(connection, session), script]);
      const [at, state, displaced] = (await script) as [number, Reply, string[]];
      if (typeof state === "string") return { state: state as "account_gone" | "account_disabled" };
      return {
        state: "opened",
        at,
        account: account && state ? decodeAccount(account, state) : null,
        displaced: pairs(displaced).map(([id, reason]) => ({
          id: id as SessionId,
          reason: reason as EndReason,
        })),
      };
    },

    async rotate(id, presentHash, nextHash, fresh) {
      const [at, outcome] = (await connection.run(
        "rotate-session",
        [keys.sessionRow(id)],
        [presentHash ?? "", nextHash ?? "", fresh ? "fresh" : ""],
      )) as [number, number | "ended" | "stale"];
      return typeof outcome === "number"
        ? { state: "rotated", version: outcome, at }
        : { state: outcome };
    },

    async end(id, order) {
      const owner = order.account ?? (await ownerOf(connection, id));
      const slot = owner
        ? [keys.sessionRow(id), keys.liveSessions(owner), keys.endedSessions(owner)]
        : [keys.sessionRow(id)];
      const [at, state, reason, flat] = (await connection.run("end-session", slot, [
        id,
        order.account ?? "",
        order.reason,
        order.by?.id ?? "",
        order.by?.username ?? "",
        order.message ?? "",
        tombstones,
        order.due ? "due" : "always",
        grace,
        order.trace === false ? "no_trace" : "tombstone",
      ])) as [number, "unknown" | "not_due" | "already" | "ended", EndReason, Reply];
      if (state === "unknown" || state === "not_due") return { state };
      const row = decodeSession(id, flat);
      const { by, message } = order;
      return { state, at, row, end: row.end ?? { reason, at, by, message } };
    },

    async endAll(account, keep, order, change = {}) {
      const fields: string[] = [];
      if (change.disabled) fields.push("x", "1");
      if (change.passwordHash !== undefined) fields.push("h", change.passwordHash);
      const [at, generation, ids] = (await connection.run(
        "end-account-sessions",
        [keys.account(account), keys.liveSessions(account), keys.endedSessions(account)],
        [
          keys.rowPrefix(account),
          keep ?? "",
          order.reason,
          order.by?.id ?? "",
          order.by?.username ?? "",
          order.message ?? "",
          tombstones,
          ...fields,
        ],
      )) as [number, number | "account_gone", SessionId[]];
      return typeof generation === "string" ? null : { at, generation, ids };
    },

    async list(account) {
      const [at, flats] = (await connection.run(
        "list-sessions",
        [keys.liveSessions(account), keys.endedSessions(account)],
        [keys.rowPrefix(account)],
      )) as [number, string[][]];
      const rows = flats.map(([id, ...flat]) => decodeSession(id as SessionId, flat));
      const live: SessionRow[] = rows.filter((row) => !isEnded(row));
      const ended: EndedRow[] = rows.filter(isEnded);
      return { at, live, ended };
    },

    async rows(ids) {
      const replies = await Promise.all(
        ids.map((id) => connection.call(["HGETALL", keys.sessionRow(id)])),
      );
      return replies.map((flat, at) =>
        (flat as string[]).length === 0 ? null : decodeSession(ids[at], flat),
      );
    },

    async rename(id, account, name) {
      const flat = await connection.run(
        "rename-session",
        [keys.sessionRow(id)],
        [account, name ?? ""],
      );
      return flat ? decodeSession(id, flat) : null;
    },

    async recognise(id, account) {
      const flat = await connection.run("answer-device", [keys.sessionRow(id)], [account]);
      return flat ? decodeSession(id, flat) : null;
    },

    async restamp(id, generation) {
      return (await connection.run("restamp-session", [keys.sessionRow(id)], [generation])) === 1;
    },

    async unlist(ids) {
      await Promise.all(
        ids.flatMap((id) =>
          // Only a guest has a deadline of its own; an account's leads to its other sessions.
          [...keys.sessionIndexesOf(id), keys.deadlines].map((list) =>
            connection.call(["ZREM", list, id]),
          ),
        ),
      );
    },

    async kept(id) {
      const [value, version, secret, end] = (await connection.call([
        "HMGET",
        keys.sessionRow(id),
        "j",
        "w",
        "h",
        "z",
      ])) as (string | null)[];
      if (!secret || end) return null;
      return { version: Number(version ?? 0), value: value ?? "{}" };
    },

    async keep(id, version, value) {
      return (await connection.run(
        "keep-session",
        [keys.sessionRow(id)],
        [version, value],
      )) as number;
    },

    async touch(seen) {
      const slots = new Map<string, { keys: string[]; args: number[] }>();
      for (const [id, at] of seen) {
        const prefix = keys.rowPrefix(id);
        const slot = slots.get(prefix) ?? { keys: [], args: [] };
        slot.keys.push(keys.sessionRow(id));
        slot.args.push(at);
        slots.set(prefix, slot);
      }
      await connection.runAll("touch-sessions", [...slots.values()]);
    },
  };
}

/** The lists that lead to a session, written before it: a crash in between leaves an entry the sweeper drops. */
function enlist(connection: Connection, session: NewSession): Promise<Reply>[] {
  const index = keys.sessionIndex(session.kind, session.id);
  const owner = session.accountId ?? session.id;
  const earliest = String(session.at + Math.min(session.idleFor, session.lifetime));
  return [
    connection.call(["ZADD", index, String(session.at), session.id]),
    connection.call(["ZADD", keys.deadlines, "LT", earliest, owner]),
  ];
}

export function fieldsOf(session: NewSession): string[] {
  const fields = [
    ["a", session.accountId],
    ["k", encode.kind(session.kind)],
    ["h", session.secretHash],
    ["G", String(session.globalGeneration)],
    ["m", encode.method(session.method)],
    ["p", session.ip],
    ["l", session.location],
    ["b", session.device.browser],
    ["o", session.device.os],
    ["y", encode.deviceType(session.device.type)],
    ["n", session.name],
    ["N", session.isUnfamiliar ? "1" : null],
  ] as const;
  return fields.flatMap(([name, value]) => (value ? [name, value] : []));
}

function readFound(id: SessionId, [at, state, flat, account]: Reply[]): Found {
  switch (state as Found["state"]) {
    case "unknown":
    case "stale":
      return { state: state as "unknown" | "stale" };
    case "ended":
      return { state: "ended", end: decodeSession(id, flat).end as EndFacts };
    case "due":
      return { state: "due", row: decodeSession(id, flat) };
    case "live": {
      const row = decodeSession(id, flat);
      const owner = row.accountId && account ? decodeAccount(row.accountId, account) : null;
      return { state: "live", row, account: owner, at: at as number };
    }
  }
}

const ownerOf = async (connection: Connection, id: SessionId): Promise<AccountId | null> =>
  (await connection.call(["HGET", keys.sessionRow(id), "a"])) as AccountId | null;

function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) list.push([flat[at], flat[at + 1]]);
  return list;
}

export function createDirectoryStore(connection: Connection): DirectoryStore {
  async function count(kind?: SessionKind): Promise<number> {
    const indexes = keys.sessionIndexes(kind);
    const counts = await Promise.all(indexes.map((index) => connection.call(["ZCARD", index])));
    return counts.reduce<number>((sum, one) => sum + Number(one), 0);
  }

  return {
    async newest(after, count, kind) {
      const highest = after === null ? "+inf" : String(after.at);
      const replies = await Promise.all(
        keys
          .sessionIndexes(kind)
          .map((index) =>
            connection.call(
              ["ZRANGE", index, highest, "-inf", "BYSCORE", "REV"].concat([
                "LIMIT",
                "0",
                String(count + 1),
                "WITHSCORES",
              ]),
            ),
          ),
      );
      return replies
        .flatMap((reply) => pairs(reply as string[]).map(([id, at]) => ({ at: Number(at), id })))
        .filter(
          (place) =>
            after === null || place.at < after.at || (place.at === after.at && place.id < after.id),
        )
        .sort((one, other) => other.at - one.at || (one.id < other.id ? 1 : -1))
        .slice(0, count);
    },

    async ofAccounts(ids) {
      const replies = await Promise.all(
        ids.map((id) =>
          connection.call(["ZRANGE", keys.liveSessions(id), "0", "-1", "WITHSCORES"]),
        ),
      );
      return replies.flatMap((reply): Place[] =>
        pairs(reply as string[]).map(([id, at]) => ({ at: Number(at), id })),
      );
    },

    count,
  };
}
