// Any interleaving of a guest who goes on collecting, two accounts that change their bins, and sign-ins that die
// after any step, against an oracle in memory: whatever a guest was told is in the bin ends up in one account's,
// once, and nothing that was merged comes back. Real Redis; fast-check prints the seed of what fails.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AccountId, ResourceId, SessionId } from "../../shared/ids.ts";
import type { BinEntry, BinOwner, BinStore } from "../../server/domain/bin.ts";
import { createBinStore } from "../../server/redis/bin.ts";
import { openConnection, type Connection } from "../../server/redis/connect.ts";
import { isFull } from "../faults/scale.ts";
import { startServer, type TestServer } from "../support/server.ts";

const runs = isFull ? 3000 : 150;
/** Small, so that bins are full often. */
const most = 3;
const things = ["a", "b", "c", "d"].map((letter) => letter.repeat(16) as ResourceId);
const undoWithin = 24 * 60 * 60 * 1000;
const log = { info() {}, warn() {}, error() {}, debug() {} };
let server: TestServer;
let connection: Connection;
let store: BinStore;

beforeAll(async () => {
  server = await startServer({ env: { RATE_LIMITS: "off" } });
  connection = openConnection({ url: server.redis.url, name: "test", deadline: 5000, log });
  await connection.ready();
  store = createBinStore(connection);
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

const thing = fc.constantFrom(...things);
const quantity = fc.integer({ min: 1, max: 3 });
const which = fc.nat(1);
const attempt = fc.nat(2);
const step = <S extends string>(name: S) => fc.record({ do: fc.constant(name), attempt });
const anyCommand = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("put" as const), by: fc.nat(2), thing, quantity }),
  },
  fc.record({ do: fc.constant("remove" as const), by: fc.nat(2), thing }),
  fc.record({ do: fc.constant("clear" as const), by: fc.nat(2) }),
  { weight: 2, arbitrary: step("freeze") },
  { weight: 2, arbitrary: step("merge") },
  step("dissolve"),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("undo" as const), which }) },
);
type Command = typeof anyCommand extends fc.Arbitrary<infer C> ? C : never;

type Quantities = Map<ResourceId, number>;

/** What should be the case: two accounts' bins and a guest's, and what was merged. */
interface Oracle {
  bins: [Quantities, Quantities, Quantities];
  guest: "live" | "dissolved" | { into: number };
  merge: { into: number; items: Map<ResourceId, { quantity: number; was: number }> } | null;
  isUndone: boolean;
}

/** One sign-in, as far as it has come. The even ones are to the first account, the odd ones to the second. */
interface SignIn {
  into: number;
  entries: readonly BinEntry[];
  isGone: boolean;
  hasMerged: boolean;
}

const guestAt = 2;

async function play(commands: readonly Command[]): Promise<void> {
  const accounts = [await server.createAccount(), await server.createAccount()].map(({ id }) => id);
  const facts = { ip: "127.0.0.1", location: null, userAgent: undefined, device: null };
  const { held } = await server.nodes[0].core.sessions.open(null, facts, null);
  const guest = held.row.id;
  const owners: BinOwner[] = [
    ...accounts.map((id): BinOwner => ({ kind: "account", id })),
    { kind: "guest", id: guest },
  ];
  const oracle: Oracle = {
    bins: [new Map(), new Map(), new Map()],
    guest: "live",
    merge: null,
    isUndone: false,
  };
  const signIns = new Map<number, SignIn>();
  const world = { accounts, guest, owners, oracle, signIns };
  for (const command of commands) {
    await act(world, command);
    await compare(world);
  }
  // Whoever comes last finishes what was begun.
  for (const name of ["freeze", "merge", "dissolve"] as const) {
    await act(world, { do: name, attempt: 0 });
    await compare(world);
  }
  expect(oracle.guest).toBe("dissolved");
}

interface World {
  accounts: readonly AccountId[];
  guest: SessionId;
  owners: readonly BinOwner[];
  oracle: Oracle;
  signIns: Map<number, SignIn>;
}

const soon = () => Date.now() + 60_000;

async function act(world: World, command: Command): Promise<void> {
  switch (command.do) {
    case "put":
      return change(world, command.by, command.thing, command.quantity);
    case "remove":
      return change(world, command.by, command.thing, 0);
    case "clear":
      return change(world, command.by, null, 0);
    case "freeze":
      return freeze(world, command.attempt);
    case "merge":
      return merge(world, command.attempt);
    case "dissolve":
      return dissolve(world, command.attempt);
    case "undo":
      return undo(world, command.which);
  }
}

async function change(
  { owners, oracle, accounts }: World,
  by: number,
  resource: ResourceId | null,
  quantity: number,
): Promise<void> {
  const changed = await store.change(owners[by], { resource, quantity, most }, soon());
  const bin = oracle.bins[by];
  if (by === guestAt && oracle.guest === "dissolved")
    return expect(changed).toEqual({ state: "gone" });
  if (by === guestAt && typeof oracle.guest === "object")
    return expect(changed).toEqual({ state: "frozen", into: accounts[oracle.guest.into] });
  if (resource !== null && quantity > 0 && !bin.has(resource) && bin.size >= most)
    return expect(changed).toEqual({ state: "full" });
  expect(changed.state).toBe("bin");
  if (resource === null) bin.clear();
  else if (quantity === 0) bin.delete(resource);
  else bin.set(resource, quantity);
}

async function freeze({ accounts, guest, oracle, signIns }: World, attempt: number): Promise<void> {
  const wanted = attempt % 2;
  const frozen = await store.freeze(guest, accounts[wanted], soon());
  if (oracle.guest === "dissolved") {
    expect(frozen).toEqual({ state: "gone" });
    signIns.set(attempt, { into: wanted, entries: [], isGone: true, hasMerged: false });
    return;
  }
  if (oracle.guest === "live") oracle.guest = { into: wanted };
  const { into } = oracle.guest;
  expect(frozen).toMatchObject({ state: "frozen", into: accounts[into] });
  if (frozen.state !== "frozen") return;
  expect(quantitiesIn(frozen.entries)).toEqual(oracle.bins[guestAt]);
  const entries = [...frozen.entries].sort(byThing);
  signIns.set(attempt, { into, entries, isGone: false, hasMerged: false });
}

async function merge({ accounts, guest, oracle, signIns }: World, attempt: number): Promise<void> {
  const signIn = signIns.get(attempt);
  if (signIn === undefined) return;
  const { into, entries } = signIn;
  signIn.hasMerged = true;
  const what = { entries, most, undoWithin };
  const merged = await store.merge(accounts[into], guest, what, soon());
  const happens = oracle.merge === null && entries.length > 0;
  if (happens) oracle.merge = { into, items: mergeInto(oracle.bins[into], entries) };
  expect(merged.state).toBe(happens ? "merged" : "known");
  const known = oracle.merge?.into === into && !oracle.isUndone ? oracle.merge.items : new Map();
  const told = merged.state === "merged" || merged.state === "known" ? merged.merge : null;
  expect(new Map(told?.items.map(({ resourceId, ...change }) => [resourceId, change]))).toEqual(
    known,
  );
}

/** As DESIGN has it: the union, of each the larger quantity, as far as there is room. */
function mergeInto(bin: Quantities, entries: readonly BinEntry[]) {
  const items = new Map<ResourceId, { quantity: number; was: number }>();
  for (const { resourceId, quantity } of entries) {
    const was = bin.get(resourceId) ?? 0;
    if (quantity <= was || (was === 0 && bin.size >= most)) continue;
    bin.set(resourceId, quantity);
    items.set(resourceId, { quantity, was });
  }
  return items;
}

async function dissolve({ guest, oracle, signIns }: World, attempt: number): Promise<void> {
  const signIn = signIns.get(attempt);
  if (signIn === undefined || signIn.isGone || !signIn.hasMerged) return;
  const order = { reason: "replaced", account: null, trace: false } as const;
  const ending = await server.nodes[0].core.sessionStore.end(guest, order);
  expect(ending.state).toBe(oracle.guest === "dissolved" ? "unknown" : "ended");
  oracle.guest = "dissolved";
  oracle.bins[guestAt].clear();
}

async function undo({ accounts, oracle }: World, which: number): Promise<void> {
  const undone = await store.undoMerge(accounts[which], soon());
  const { merge, isUndone } = oracle;
  if (merge === null || isUndone || merge.into !== which || merge.items.size === 0)
    return expect(undone).toEqual({ state: "none" });
  expect(undone.state).toBe("bin");
  oracle.isUndone = true;
  const bin = oracle.bins[which];
  for (const [resource, { quantity, was }] of merge.items) {
    if (bin.get(resource) !== quantity) continue;
    if (was === 0) bin.delete(resource);
    else bin.set(resource, was);
  }
}

async function compare({ owners, oracle }: World): Promise<void> {
  const { merge, isUndone } = oracle;
  for (const [at, owner] of owners.entries()) {
    const content = await store.read(owner);
    expect(quantitiesIn(content.entries)).toEqual(oracle.bins[at]);
    const isShown = merge?.into === at && !isUndone && merge.items.size > 0;
    expect(content.merge !== null).toBe(isShown);
  }
}

const quantitiesIn = (entries: readonly BinEntry[]): Quantities =>
  new Map(entries.map(({ resourceId, quantity }) => [resourceId, quantity]));
const byThing = (one: BinEntry, other: BinEntry): number =>
  one.resourceId < other.resourceId ? -1 : 1;

test("what a guest collects while signing in is merged once, whoever dies and whoever comes next", async () => {
  const commands = fc.array(anyCommand, { minLength: 10, maxLength: 40 });
  await fc.assert(fc.asyncProperty(commands, play), { numRuns: runs });
}, 600_000);
