/**
 * The scripts of one account's slot against an oracle in memory: any sequence of opening, finding, rotating,
 * ending, renaming, keeping and touching. Nothing ended lives again, the limit holds, one device has one row, and
 * the lists say what the rows say. Real Redis; fast-check prints the seed of what fails.
 */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EndReason } from "../../shared/contract/sessions.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import { hashSecret } from "../../server/domain/door.ts";
import { newAccountId, newSessionId } from "../../server/domain/sessions.ts";
import { createAccountStore } from "../../server/redis/accounts.ts";
import { openConnection, type Connection } from "../../server/redis/connect.ts";
import { createSessionStore } from "../../server/redis/sessions.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { isFull } from "./scale.ts";

const limit = 3;
const hour = 60 * 60 * 1000;
const runs = isFull ? 3000 : 150;
const log = { info() {}, warn() {}, error() {}, debug() {} };

interface Known {
  id: SessionId;
  device: string;
  hash: string;
  previousHash: string | null;
  version: number;
  keptVersion: number;
  name: string | null;
  end: EndReason | null;
}

type Store = ReturnType<typeof createSessionStore>;

const which = fc.nat(9);
const anyCommand = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("open" as const), device: fc.nat(4), which }),
  },
  fc.record({ do: fc.constant("find" as const), which, old: fc.boolean() }),
  fc.record({ do: fc.constant("rotate" as const), which, old: fc.boolean() }),
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("end" as const), which, own: fc.boolean() }),
  },
  fc.record({ do: fc.constant("endAll" as const), which, keeps: fc.boolean() }),
  fc.record({ do: fc.constant("rename" as const), which, own: fc.boolean() }),
  fc.record({ do: fc.constant("keep" as const), which, behind: fc.boolean() }),
  fc.record({
    do: fc.constant("touch" as const),
    which,
    by: fc.integer({ min: -5000, max: 5000 }),
  }),
);
type Command = typeof anyCommand extends fc.Arbitrary<infer C> ? C : never;

describe("the scripts of an account's slot", () => {
  let redis: TestRedis;
  let connection: Connection;
  let store: Store;

  beforeAll(async () => {
    redis = await startRedis();
    connection = openConnection({ url: redis.url, name: "test", deadline: 5000, log });
    await connection.ready();
    store = createSessionStore({ connection, tombstones: hour, grace: 2000 });
  });

  afterAll(async () => {
    connection.close();
    await redis.stop();
  });

  test("do what the oracle says, whatever the order", { timeout: 600_000 }, async () => {
    const accounts = createAccountStore(connection);
    await fc.assert(
      fc.asyncProperty(fc.array(anyCommand, { minLength: 5, maxLength: 40 }), async (commands) => {
        const account = newAccountId();
        const fields = { username: account, passwordHash: "none", permissions: [] };
        await accounts.create(account, account, fields);
        const slot = createSlot(store, account);
        for (const command of commands) {
          await slot.run(command);
          await slot.compare();
        }
      }),
      { numRuns: runs },
    );
  });
});

function createSlot(store: Store, account: AccountId) {
  const all: Known[] = [];
  const live = () => all.filter((known) => known.end === null);
  let generation = 1;

  async function open(device: string, carried: Known | undefined): Promise<void> {
    const id = newSessionId(account);
    const hash = hashSecret(randomBytes(8).toString("hex"));
    const before = await store.list(account);
    const opening = await store.open(
      newSession(account, id, hash, device),
      limit,
      carried?.id ?? null,
    );
    if (opening.state !== "opened") throw new Error(opening.state);
    const replaced = live().filter((one) => one.device === device || one.id === carried?.id);
    for (const known of replaced) known.end = "replaced";
    const crowding = opening.displaced.filter(({ reason }) => reason === "limit");
    const rest = before.live.filter(({ id: other }) => live().some((one) => one.id === other));
    expect(crowding.length).toBe(Math.max(0, rest.length - limit + 1));
    for (const { id: gone } of crowding) {
      const seen = rest.map((row) => row.lastSeenAt);
      const victim = rest.find((row) => row.id === gone);
      expect(victim?.lastSeenAt).toBe(Math.min(...seen));
      all.find((one) => one.id === gone)!.end = "limit";
    }
    expect(opening.displaced.length).toBe(replaced.length + crowding.length);
    all.push({
      id,
      device,
      hash,
      previousHash: null,
      version: 1,
      keptVersion: 0,
      name: null,
      end: null,
    });
  }

  async function rotate(known: Known, old: boolean): Promise<void> {
    const present = old ? (known.previousHash ?? "never valid") : known.hash;
    const next = hashSecret(randomBytes(8).toString("hex"));
    const rotation = await store.rotate(known.id, present, next, false);
    if (known.end !== null) return expect(rotation.state).toBe("ended");
    if (old) return expect(rotation.state).toBe("stale");
    expect(rotation).toMatchObject({ state: "rotated", version: known.version + 1 });
    Object.assign(known, { version: known.version + 1, previousHash: known.hash, hash: next });
  }

  async function find(known: Known, old: boolean): Promise<void> {
    const hash = old ? (known.previousHash ?? "never valid") : known.hash;
    const found = await store.find(known.id, hash);
    // A superseded secret still learns how its session ended.
    const superseded = known.previousHash === null ? "unknown" : "stale";
    if (known.end !== null && (!old || known.previousHash !== null))
      expect(found.state).toBe("ended");
    else expect(found.state).toBe(old ? superseded : "live");
  }

  async function end(known: Known, own: boolean): Promise<void> {
    const owner = own ? account : newAccountId();
    const ending = await store.end(known.id, { reason: "revoked", account: owner });
    if (!own) return expect(ending.state).toBe("unknown");
    expect(ending.state).toBe(known.end === null ? "ended" : "already");
    known.end ??= "revoked";
    expect(ending).toMatchObject({ end: { reason: known.end } });
  }

  async function endAll(kept: Known | undefined): Promise<void> {
    const result = await store.endAll(account, kept?.id ?? null, { reason: "admin" });
    const gone = live().filter((one) => one !== kept);
    expect(new Set(result?.ids)).toEqual(new Set(gone.map(({ id }) => id)));
    for (const known of gone) known.end = "admin";
    if (kept === undefined) generation++;
    expect(result?.generation).toBe(generation);
  }

  async function rename(known: Known, own: boolean): Promise<void> {
    const row = await store.rename(known.id, own ? account : newAccountId(), "a name");
    expect(row !== null).toBe(own && known.end === null);
    if (row !== null) known.name = "a name";
  }

  async function keep(known: Known, behind: boolean): Promise<void> {
    const version = behind ? known.keptVersion - 1 : known.keptVersion;
    const written = await store.keep(known.id, version, '{"kept":true}');
    if (behind || known.end !== null) return expect(written).toBe(0);
    known.keptVersion++;
    expect(written).toBe(known.keptVersion);
  }

  async function touch(known: Known, by: number): Promise<void> {
    const [before] = await store.rows([known.id]);
    const at = before!.lastSeenAt + by;
    await store.touch(new Map([[known.id, at]]));
    const [after] = await store.rows([known.id]);
    const moves = known.end === null && by > 0;
    expect(after?.lastSeenAt).toBe(moves ? at : before?.lastSeenAt);
  }

  return {
    async run(command: Command): Promise<void> {
      const known = all[command.which % Math.max(1, all.length)];
      if (command.do === "open") return open(`device-${command.device}`, known);
      if (command.do === "endAll") return endAll(command.keeps ? known : undefined);
      if (known === undefined) return;
      switch (command.do) {
        case "find":
          return find(known, command.old);
        case "rotate":
          return rotate(known, command.old);
        case "end":
          return end(known, command.own);
        case "rename":
          return rename(known, command.own);
        case "keep":
          return keep(known, command.behind);
        case "touch":
          return touch(known, command.by);
      }
    },

    /** The lists say what the rows say, and both say what the oracle says. */
    async compare(): Promise<void> {
      const { live: listed, ended } = await store.list(account);
      const idsOf = (rows: readonly { id: SessionId }[]) => rows.map(({ id }) => id).sort();
      expect(idsOf(listed)).toEqual(idsOf(live()));
      expect(idsOf(ended)).toEqual(idsOf(all.filter((one) => one.end !== null)).slice(-50));
      expect(listed.length).toBeLessThanOrEqual(limit);
      expect(new Set(listed.map((row) => row.deviceHash)).size).toBe(listed.length);
      const rows = await store.rows(all.map(({ id }) => id));
      for (const [at, known] of all.entries()) {
        expect(rows[at]).toMatchObject({ tokenVersion: known.version });
        expect(rows[at]?.end?.reason ?? null).toBe(known.end);
        if (known.name !== null) expect(rows[at]?.device.name).toBe(known.name);
      }
    },
  };
}

const newSession = (
  accountId: AccountId,
  id: SessionId,
  secretHash: string,
  deviceHash: string,
) => ({
  id,
  at: Date.now(),
  kind: "account" as const,
  accountId,
  secretHash,
  globalGeneration: 0,
  idleFor: hour,
  lifetime: 24 * hour,
  method: "password" as const,
  ip: "127.0.0.1",
  location: null,
  deviceHash,
  name: null,
  isUnfamiliar: false,
  device: { type: "desktop" },
});
