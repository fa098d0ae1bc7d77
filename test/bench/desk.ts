/**
 * The desk's two steps against the least a script can do with a list and a hash: reserving and claiming through the
 * product's own store, and a bare `LPOP` + `HSET`, by the same connection to the same Redis, in interleaved
 * rounds. Every claim's unit is checked: each is delivered once.
 */
import { performance } from "node:perf_hooks";
import { createDeskStore } from "../../server/redis/desk.ts";
import { createCatalogueStore } from "../../server/redis/catalogue.ts";
import { openConnection, type Connection } from "../../server/redis/connect.ts";
import { createUnitStore } from "../../server/redis/units.ts";
import { newReservationId } from "../../server/domain/desk.ts";
import type { Claimant } from "../../server/domain/desk-steps.ts";
import { newResourceId } from "../../server/domain/catalogue.ts";
import { newAccountId, newSessionId } from "../../server/domain/sessions.ts";
import { createUnits } from "../../server/domain/units.ts";
import type { ResourceId } from "../../shared/ids.ts";
import { startRedis } from "../support/redis.ts";
import type { PartResult } from "./check.ts";
import { format, medianOf, renderTable } from "./figures.ts";
import { moveToServerCore } from "./machine.ts";

/** Callers at a time. */
const callers = 64;
const accounts = 1000;
/** Faster than any machine of today: so many units a second are laid out. */
const mostPerSecond = 250_000;
const never = Number.MAX_SAFE_INTEGER;
const silent = { info() {}, warn() {} };
const bareScript =
  "local unit = redis.call('LPOP', KEYS[1]) redis.call('HSET', KEYS[2], 'a', ARGV[1], 'i', unit) return unit";

type Work = (count: number) => Promise<void>;

export async function measureDesk(options: {
  rounds: number;
  seconds: number;
}): Promise<PartResult> {
  const redis = await startRedis({ args: ["--maxmemory-policy", "noeviction"] });
  moveToServerCore(redis.pid);
  const connection = openConnection({ url: redis.url, name: "bench", deadline: 5000, log: silent });
  try {
    await connection.ready();
    const pairs = await prepareDesk(connection);
    const bare = await prepareBare(
      connection,
      (options.rounds + 1) * options.seconds * mostPerSecond,
    );
    const perSecond = { desk: [] as number[], bare: [] as number[] };
    for (let round = 0; round <= options.rounds; round++)
      for (const [name, work] of [
        ["desk", pairs.work],
        ["bare", bare],
      ] as const) {
        const rate = await measure(work, options.seconds);
        // The first round finds code that is not compiled yet.
        if (round > 0) perSecond[name].push(rate);
      }
    const [ours, theirs] = [medianOf(perSecond.desk), medianOf(perSecond.bare)];
    const wrong = pairs.delivered.size === pairs.claims() ? 0 : 1;
    return {
      report: [
        renderTable(
          ["", "per second"],
          [
            ["reserved and claimed", format(ours, 0)],
            ["steps of both", format(2 * ours, 0)],
            ["bare LPOP + HSET", format(theirs, 0)],
          ],
        ),
        `${callers} callers at a time, no append-only file. ${pairs.claims()} claims delivered ${pairs.delivered.size} different units.`,
      ].join("\n\n"),
      figures: [
        {
          name: "desk: steps (reserve, claim) a second / bare LPOP + HSET",
          measured: (2 * ours) / theirs,
          goal: { at: "least", value: 0.5 },
        },
      ],
      wrong,
    };
  } finally {
    connection.close();
    await redis.stop();
  }
}

/** How often a second the work is done, by so many callers at a time. */
async function measure(work: Work, seconds: number): Promise<number> {
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let done = 0;
  const call = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      await work(done);
      done++;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return (done * 1000) / (performance.now() - startedAt);
}

/** A resource with more units than can be claimed meanwhile, and accounts that take one after the other. */
async function prepareDesk(connection: Connection) {
  const resource = newResourceId();
  const desk = createDeskStore(connection);
  const fields = { name: "bench", holdSeconds: 3600, task: "none" } as const;
  await createCatalogueStore(connection).create(resource, fields, accounts, never);
  await createUnits({ store: createUnitStore(connection), mayActUntil: () => never }).add({
    resource,
    units: inventUnits(1_000_000),
    assertStillMay: () => Promise.resolve(),
  });
  const callersOf = Array.from({ length: accounts }, inventClaimant);
  const delivered = new Set<string>();
  let claims = 0;

  const work: Work = async (count) => {
    const by = callersOf[count % accounts];
    const reserving = await desk.reserve({ ...by, ...orderOf(resource) });
    if (reserving.state !== "held")
      throw new Error(`the bench could not reserve: ${reserving.state}`);
    const claiming = await desk.claim(reserving.row.id, by, null);
    if (claiming.state !== "claimed")
      throw new Error(`the bench could not claim: ${claiming.code}`);
    claims++;
    delivered.add(claiming.unit);
  };
  return { work, delivered, claims: () => claims };
}

function* inventUnits(count: number): Generator<string> {
  for (let number = 0; number < count; number++) yield `UNIT-${number}`;
}

function inventClaimant(): Claimant {
  const id = newAccountId();
  return {
    account: { id, username: `bench-${id}` },
    sessionId: newSessionId(id),
    evidence: {
      ip: "198.18.0.1",
      userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Firefox/144.0",
    },
    notAfter: never,
  };
}

const orderOf = (resource: ResourceId) => ({
  id: newReservationId(),
  resource,
  deviceHash: "device-of-bench",
  generation: 1,
  mayReserve: true,
  country: "",
  city: "",
  accountChangedAt: 0,
  lease: 2000,
  idempotencyKey: null,
});

async function prepareBare(connection: Connection, units: number): Promise<Work> {
  const hash = (await connection.call(["SCRIPT", "LOAD", bareScript])) as string;
  for (const unit of batchesOf(inventUnits(units), 1000))
    await connection.call(["RPUSH", "bare", ...unit]);
  let row = 0;
  return async (count) => {
    const unit = await connection.call([
      "EVALSHA",
      hash,
      "2",
      "bare",
      `bare:${row++}`,
      String(count % accounts),
    ]);
    if (unit === null) throw new Error("the bench has no units left");
  };
}

function* batchesOf<T>(values: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const value of values) {
    batch.push(value);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
