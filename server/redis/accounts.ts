/**
 * AccountStore on Redis. A name and its account live in different slots: the name is claimed with a minute to
 * live, the account made likewise, and both are confirmed, the name first. A crash on the way frees the name.
 */
import type { AccountId } from "../../shared/ids.ts";
import type { AccountStore } from "../domain/accounts.ts";
import type { AccountRow } from "../domain/session.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";
import { accountFields, decodeAccount, decodePermissions, encode } from "./rows.ts";

const claimLife = 60_000;

export function createAccountStore(connection: Connection): AccountStore {
  const { call, run } = connection;

  async function find(id: AccountId): Promise<AccountRow | null> {
    return decodeAccount(id, await call(["HMGET", keys.account(id), ...accountFields]));
  }

  /** Claim a name that is free, or whose account was never confirmed. */
  async function claimName(folded: string, id: AccountId): Promise<boolean> {
    const key = keys.username(folded);
    if (await call(["SET", key, id, "NX", "PX", String(claimLife)])) return true;
    const holder = (await call(["GET", key])) as AccountId | null;
    if (holder === null) return claimName(folded, id);
    const life = (await call(["PTTL", key])) as number;
    if (life !== -1 || (await find(holder)) !== null) return false;
    return (await run("take-over-name", [key], [holder, id, claimLife])) === 1;
  }

  return {
    find,

    async findByUsername(folded) {
      const id = (await call(["GET", keys.username(folded)])) as AccountId | null;
      if (id === null) return null;
      const [hash, ...values] = (await call([
        "HMGET",
        keys.account(id),
        "h",
        ...accountFields,
      ])) as (string | null)[];
      const account = decodeAccount(id, values);
      return account && hash ? { account, passwordHash: hash } : null;
    },

    passwordHash: async (id) => (await call(["HGET", keys.account(id), "h"])) as string | null,

    async create(id, folded, { username, name, country, city, passwordHash, permissions }) {
      if (!(await claimName(folded, id))) return false;
      const fields = Object.entries({ n: name, c: country, y: city });
      await run(
        "create-account",
        [keys.account(id)],
        [
          claimLife,
          ...["u", username, "h", passwordHash, "p", encode.permissions(permissions)],
          ...fields.flatMap(([field, value]) => (value ? [field, value] : [])),
        ],
      );
      await call(["PERSIST", keys.username(folded)]);
      await call(["PERSIST", keys.account(id)]);
      await call(["ZADD", keys.accountNames, "0", `${folded}\0${id}`]);
      if (permissions.includes("accounts:manage")) await call(["SADD", keys.managers, id]);
      return true;
    },

    async change(id, { name, country, city }) {
      const fields = Object.entries({ n: name, c: country, y: city });
      const args = fields.flatMap(([field, value]) => (value === undefined ? [] : [field, value]));
      return (await run("change-account", [keys.account(id)], args)) === 1;
    },

    enable: async (id) => (await run("change-account", [keys.account(id)], ["x", ""])) === 1,

    setPassword: async (id, passwordHash) =>
      (await run("change-account", [keys.account(id)], ["h", passwordHash])) === 1,

    async setPermissions(id, permissions, atLeastVersion) {
      const [at, version, before] = (await run(
        "set-permissions",
        [keys.account(id)],
        [encode.permissions(permissions), atLeastVersion ?? ""],
      )) as [number, number | "account_gone", string];
      if (typeof version === "string") return null;
      return { at, version, before: decodePermissions(before) };
    },

    async raiseGeneration(id, atLeast) {
      await run("raise-generation", [keys.account(id)], [atLeast]);
    },

    async addManager(id) {
      await call(["SADD", keys.managers, id]);
    },

    releaseManager: async (id) =>
      (await run("release-manager", [keys.managers], [id])) as Awaited<
        ReturnType<AccountStore["releaseManager"]>
      >,

    async list({ prefix, cursor, limit }) {
      const from = cursor === null ? `[${prefix}` : `(${decodeCursor(cursor)}`;
      const members = (await call(
        ["ZRANGE", keys.accountNames, from, `[${prefix}\u{10ffff}`, "BYLEX"].concat([
          "LIMIT",
          "0",
          String(limit + 1),
        ]),
      )) as string[];
      const page = members.slice(0, limit);
      const rows = await Promise.all(
        page.map((member) => find(member.slice(member.indexOf("\0") + 1) as AccountId)),
      );
      const last = page.at(-1);
      return {
        accounts: rows.filter((row) => row !== null),
        next: members.length > limit && last ? Buffer.from(last).toString("base64url") : null,
        total: (await call(["ZCARD", keys.accountNames])) as number,
      };
    },

    knowsDevice: async (id, deviceHash) =>
      (await call(["HEXISTS", keys.knownDevices(id), deviceHash])) === 1,

    async knowsDeviceSince(id, deviceHash) {
      const since = (await call(["HGET", keys.knownDevices(id), deviceHash])) as string | null;
      return since === null ? null : Number(since);
    },

    async forgetDevice(id, deviceHash) {
      await call(["HDEL", keys.knownDevices(id), deviceHash]);
    },

    countDevices: async (id) => (await call(["HLEN", keys.knownDevices(id)])) as number,

    async rememberDevice(id, deviceHash, at) {
      await call(["HSETNX", keys.knownDevices(id), deviceHash, String(Math.floor(at))]);
    },

    async claimSetup(id) {
      return (await call(["SET", keys.setupClaim, id, "NX", "PX", String(claimLife)])) !== null;
    },

    async confirmSetup() {
      await call(["PERSIST", keys.setupClaim]);
      await call(["DEL", keys.setupToken]);
    },

    async releaseSetup() {
      await call(["DEL", keys.setupClaim]);
    },

    isSetUp: async () => (await call(["PTTL", keys.setupClaim])) === -1,

    setupTokenHash: async () => (await call(["GET", keys.setupToken])) as string | null,

    async offerSetup(tokenHash) {
      await call(["SET", keys.setupToken, tokenHash]);
    },
  };
}

/** A cursor that is not ours starts at the beginning. */
function decodeCursor(cursor: string): string {
  const text = Buffer.from(cursor, "base64url").toString();
  return text.includes("\0") ? text : "";
}
