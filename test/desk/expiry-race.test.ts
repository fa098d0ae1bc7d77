// Claims that arrive around the moment their reservation runs out, while two clocks take back what has: each unit is
// delivered once or returned once, and none is ever missing or there twice.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Claimant } from "../../server/domain/desk-steps.ts";
import { newResourceId } from "../../server/domain/catalogue.ts";
import { newReservationId } from "../../server/domain/desk.ts";
import { newAccountId, newSessionId } from "../../server/domain/sessions.ts";
import { openConnection, type Connection } from "../../server/redis/connect.ts";
import { createDeskStore } from "../../server/redis/desk.ts";
import * as keys from "../../server/redis/keys.ts";
import type { ResourceId } from "../../shared/ids.ts";
import { sampleUnits } from "../support/units.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";

const offsets = 10_000;
const atOnce = 500;
/** Held for this long, and claimed up to this much sooner or later than that. */
const holdMs = 200;
const spreadMs = 40;

const log = { info() {}, warn() {}, error() {}, debug() {} };
const notAfter = Number.MAX_SAFE_INTEGER;
let redis: TestRedis;
let nodes: [Connection, Connection];
beforeAll(async () => {
  redis = await startRedis();
  const open = (name: string) => openConnection({ url: redis.url, name, deadline: 10_000, log });
  nodes = [open("one"), open("other")];
  for (const node of nodes) await node.ready();
});
afterAll(async () => {
  for (const node of nodes) node.close();
  await redis.stop();
});

function makeClaimant(): Claimant {
  const id = newAccountId();
  return {
    account: { id, username: id },
    sessionId: newSessionId(id),
    evidence: { ip: "127.0.0.1" },
    notAfter,
  };
}

const pause = (milliseconds: number) =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));

/** A resource as the catalogue would have made it, but for a hold shorter than people are given. */
async function stockUp(units: readonly string[]): Promise<ResourceId> {
  const [{ call }] = nodes;
  const id = newResourceId();
  const figures = ["a", units.length, "s", units.length, "o", 0, "v", 0, "z", 0].map(String);
  await call(["RPUSH", keys.units(id, "batch"), ...units]);
  await call(["RPUSH", keys.batches(id), "batch"]);
  const fields = ["n", "Race", "h", String(holdMs / 1000), "k", "n", "C", "1"];
  await call(["HSET", keys.resource(id), ...fields, ...figures]);
  return id;
}

test("10,000 claims around the deadline: each unit is delivered once or returned once", async () => {
  const stores = nodes.map((node) => createDeskStore(node));
  let [delivered, returned, samples] = [0, 0, 0];
  let stopped = false;
  const expired: string[] = [];
  const clocks = stores.map(async (store) => {
    while (!stopped) {
      for (const row of (await store.expire(200, notAfter)).expired) expired.push(row.id);
      await pause(1);
    }
  });

  for (let round = 0; round < offsets / atOnce; round++) {
    const units = Array.from({ length: atOnce }, (_, at) => `race-${round}-${at}`);
    const resource = await stockUp(units);
    const racing = units.map(async (_, at) => {
      const by = makeClaimant();
      const store = stores[at % 2];
      const reserving = await store.reserve({
        ...by,
        id: newReservationId(),
        resource,
        deviceHash: "device",
        generation: 1,
        mayReserve: true,
        country: "",
        city: "",
        accountChangedAt: 0,
        lease: 2000,
        idempotencyKey: null,
      });
      if (reserving.state !== "held") throw new Error(reserving.state);
      const offset = (((at * 7919) % atOnce) / atOnce) * 2 - 1;
      // Redis runs on this machine and takes the time from the same clock.
      await pause(reserving.row.expiresAt + offset * spreadMs - Date.now());
      const claiming = await stores[(at + 1) % 2].claim(reserving.row.id, by, null);
      if (claiming.state === "refused") expired.push(...claiming.expired.map(({ id }) => id));
      return { id: reserving.row.id, claiming };
    });
    const done = { value: false };
    const sampling = (async () => {
      while (!done.value) {
        const { figures, listed } = await sampleUnits(nodes[0], resource);
        const { stock, held, delivered: out, withdrawn, added } = figures;
        expect(stock + held + out + withdrawn).toBe(added);
        expect(listed.length).toBe(stock);
        samples++;
        await pause(10);
      }
    })();
    const outcomes = await Promise.all(racing);
    done.value = true;
    await sampling;

    const claimed = outcomes.flatMap(({ claiming }) =>
      claiming.state === "claimed" ? [claiming.unit] : [],
    );
    const refusals = outcomes.flatMap(({ claiming }) =>
      claiming.state === "refused" ? [claiming.code] : [],
    );
    expect(new Set(refusals)).toEqual(new Set(refusals.length > 0 ? ["reservation_expired"] : []));
    const { figures, listed } = await sampleUnits(nodes[0], resource);
    expect(figures).toMatchObject({ held: 0, stock: refusals.length, delivered: claimed.length });
    // Every unit is in exactly one place.
    expect([...claimed, ...listed].toSorted()).toEqual(units.toSorted());
    delivered += claimed.length;
    returned += refusals.length;
  }
  stopped = true;
  await Promise.all(clocks);
  console.log(`expiry race: ${delivered} delivered, ${returned} returned, ${samples} samples`);
  expect(delivered + returned).toBe(offsets);
  // Otherwise nothing has raced.
  expect(Math.min(delivered, returned)).toBeGreaterThan(0);
  // Each was handed to one clock, or to the claim that found it, once.
  expect(expired.length).toBe(returned);
  expect(new Set(expired).size).toBe(returned);
  const [{ call }] = nodes;
  expect(await call(["XLEN", keys.outcomes("success")])).toBe(delivered);
  expect(await call(["XLEN", keys.outcomes("fail")])).toBe(returned);
}, 120_000);
