// A merge takes three steps in two slots of Redis, and a node may die after any of them. Whoever comes next finishes
// it: another sign-in, a write of the guest's, or the sweeper. (Any interleaving of the steps: merge-races.test.ts.)
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mostItems } from "../../shared/contract/bin.ts";
import type { AccountId, ResourceId, SessionId } from "../../shared/ids.ts";
import type { BinContent, BinEntry, BinOwner, BinStore } from "../../server/domain/bin.ts";
import { newOperation, newSessionId } from "../../server/domain/sessions.ts";
import { createBinStore } from "../../server/redis/bin.ts";
import { openConnection, type Connection } from "../../server/redis/connect.ts";
import { createBrowser, eventually, signInBrowser, type Browser } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { binOf, fill, putInto, stock, type Quantities } from "./shelf.ts";

const day = 24 * 60 * 60 * 1000;
const log = { info() {}, warn() {}, error() {}, debug() {} };
let server: TestServer;
let connection: Connection;
let store: BinStore;
let lamp: ResourceId, rope: ResourceId;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  connection = openConnection({ url: server.redis.url, name: "test", deadline: 5000, log });
  await connection.ready();
  store = createBinStore(connection);
  [lamp, rope] = await stock(server, 2);
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

const soon = () => Date.now() + 60_000;
const accountOf = (id: AccountId): BinOwner => ({ kind: "account", id });
const quantitiesIn = ({ entries }: Pick<BinContent, "entries">): Quantities =>
  Object.fromEntries(entries.map(({ resourceId, quantity }) => [resourceId, quantity]));
const readBin = async (owner: BinOwner) => quantitiesIn(await store.read(owner));

async function visit(quantities: Quantities): Promise<{ visitor: Browser; guest: SessionId }> {
  const visitor = createBrowser(server.address);
  await fill(visitor, quantities);
  const { id } = (await visitor.get("/api/me")).body.session;
  return { visitor, guest: id as SessionId };
}

/** What a node does that dies right after the freezing, or right after the merging. */
async function dieAfter(step: "freezing" | "merging", guest: SessionId, account: AccountId) {
  const frozen = await store.freeze(guest, account, soon());
  if (frozen.state !== "frozen") throw new Error(frozen.state);
  const what = { entries: frozen.entries, most: mostItems, undoWithin: day };
  if (step === "merging") await store.merge(frozen.into, guest, what, soon());
}

describe.each(["freezing", "merging"] as const)("a sign-in that died after %s", (step) => {
  test("is finished by the next one, which tells what was merged", async () => {
    const account = await server.createAccount();
    const { visitor, guest } = await visit({ [lamp]: 3 });
    await dieAfter(step, guest, account.id);
    visitor.moveTo(server.nodes[1].address);
    const { status, body } = await visitor.signIn(account.username);
    expect(status).toBe(200);
    expect(body.merged).toEqual({
      id: guest,
      items: [{ resourceId: lamp, quantity: 3, was: 0 }],
    });
    expect(await binOf(visitor)).toEqual({ [lamp]: 3 });
  });

  test("is finished by the next thing that the guest puts in, which is to be asked again", async () => {
    const account = await server.createAccount();
    const { visitor, guest } = await visit({ [lamp]: 3 });
    await dieAfter(step, guest, account.id);
    const stale = { status: 401, body: { code: "stale_token" } };
    expect(await putInto(visitor, rope, 1)).toMatchObject(stale);
    expect(await readBin(accountOf(account.id))).toEqual({ [lamp]: 3 });
    expect(await visitor.delete(`/api/bin/${lamp}`)).toMatchObject(stale);
    expect((await store.read(accountOf(account.id))).merge?.id).toBe(guest);
    expect((await visitor.get("/api/bin")).body.items).toEqual([]);
  });

  test("keeps what was collected for the account that it was for", async () => {
    const [first, second] = [await server.createAccount(), await server.createAccount()];
    const { visitor, guest } = await visit({ [lamp]: 3 });
    await dieAfter(step, guest, first.id);
    const { status, body } = await visitor.signIn(second.username);
    expect(status).toBe(200);
    expect(body).not.toHaveProperty("merged");
    expect(await binOf(visitor)).toEqual({});
    expect(await readBin(accountOf(first.id))).toEqual({ [lamp]: 3 });
  });

  test("merges no second time what its person has taken out since", async () => {
    const account = await server.createAccount();
    const { visitor, guest } = await visit({ [lamp]: 3, [rope]: 1 });
    await dieAfter("merging", guest, account.id);
    const { browser } = await signInBrowser(server.nodes[1].address, account.username);
    await browser.delete(`/api/bin/${lamp}`);
    await visitor.signIn(account.username);
    expect(await binOf(visitor)).toEqual({ [rope]: 1 });
    await browser.post("/api/bin/undo-merge");
    expect(await binOf(visitor)).toEqual({});
  });
});

test("a sign-in that died and of which nobody hears again is finished by the nodes", async () => {
  const account = await server.createAccount();
  const { guest } = await visit({ [lamp]: 3 });
  await server.nodes[0].core.ledger.intend(newOperation(), guest);
  await dieAfter("freezing", guest, account.id);
  await eventually(async () => (await readBin(accountOf(account.id)))[lamp] === 3, 60_000);
  await eventually(async () => {
    const found = await server.readRedis();
    const left = [...found.keys()].filter((key) => /(s|bin):/.test(key) && key.includes(guest));
    return left.length === 0 && !found.get("{ledger}intents")?.includes(guest);
  }, 30_000);
}, 100_000);

test("two sign-ins at once, on two nodes, answer the same merge", async () => {
  const account = await server.createAccount();
  const { visitor, guest } = await visit({ [lamp]: 3 });
  const token = visitor.cookies.get("rollcall") ?? "";
  const answers = await Promise.all(
    server.nodes.map(async ({ core }) => {
      const carried = await core.sessions.holdNow(token);
      const visitorFacts = { ip: "127.0.0.1", location: null, userAgent: undefined, device: null };
      const row = await core.accounts.get(account.id);
      return core.signIn.enter(row, visitorFacts, carried);
    }),
  );
  const merged = { id: guest, items: [{ resourceId: lamp, quantity: 3, was: 0 }] };
  expect(answers.map((entered) => entered.merged)).toEqual([merged, merged]);
  const { browser } = await signInBrowser(server.address, account.username);
  const told = async () =>
    ((await browser.get("/api/activity")).body.events as { type: string }[]).filter(
      ({ type }) => type === "bin.merged",
    );
  await eventually(async () => (await told()).length > 0);
  expect(await told()).toHaveLength(1);
});

describe("the scripts of a bin", () => {
  test("do nothing any more once the lease of the node is over that sent them", async () => {
    const account = await server.createAccount();
    const { guest } = await visit({ [lamp]: 3 });
    const before = await server.readRedis();
    const item = { resource: lamp, quantity: 9, most: mostItems };
    const entries: BinEntry[] = [{ resourceId: lamp, quantity: 9, addedAt: 1 }];
    const what = { entries, most: mostItems, undoWithin: day };
    const past = Date.now() - 1;
    const late = { state: "late" };
    expect(await store.change({ kind: "guest", id: guest }, item, past)).toEqual(late);
    expect(await store.change(accountOf(account.id), item, past)).toEqual(late);
    expect(await store.freeze(guest, account.id, past)).toEqual(late);
    expect(await store.merge(account.id, guest, what, past)).toEqual(late);
    expect(await store.undoMerge(account.id, past)).toEqual(late);
    const after = await server.readRedis();
    for (const [key, value] of before)
      if (/^\{...\}(bin|merge)/.test(key)) expect(after.get(key)).toBe(value);
    expect(await server.command("HGET", `{${guest.slice(0, 3)}}s:${guest}`, "M")).toBeNull();
    expect([...after.keys()].filter((key) => key.includes(account.id)).sort()).toEqual(
      [...before.keys()].filter((key) => key.includes(account.id)).sort(),
    );
  });

  test("make no bin for whom there is not", async () => {
    const item = { resource: lamp, quantity: 9, most: mostItems };
    const nobody = newSessionId(null);
    const noAccount = "0".repeat(16) as AccountId;
    const gone = { state: "gone" };
    expect(await store.change({ kind: "guest", id: nobody }, item, soon())).toEqual(gone);
    expect(await store.change(accountOf(noAccount), item, soon())).toEqual(gone);
    expect(await store.freeze(nobody, noAccount, soon())).toEqual(gone);
    expect(await store.undoMerge(noAccount, soon())).toEqual(gone);
    const keys = [...(await server.readRedis()).keys()];
    expect(keys.filter((key) => key.includes(nobody) || key.includes(noAccount))).toEqual([]);
  });
});
