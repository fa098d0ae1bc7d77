// A node that was paused until its lease had run out may act for a session that has ended since: each step at the
// desk carries the end of the lease, and comes too late after it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { newReservationId, type Claimant, type DeskStore } from "../../server/domain/desk.ts";
import { openConnection, type Connection } from "../../server/redis/connect.ts";
import { createDeskStore } from "../../server/redis/desk.ts";
import type { ReservationId, ResourceId } from "../../shared/ids.ts";
import { setUpAdmin, type Browser } from "../support/client.ts";
import { addResource, bringPerson, makeUnits, readStocked, reserve } from "../support/desk.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let admin: Browser;
let connection: Connection;
let store: DeskStore;
beforeAll(async () => {
  server = await startServer();
  admin = await setUpAdmin(server.address, server.setupToken);
  const log = { info() {}, warn() {} };
  connection = openConnection({ url: server.redis.url, name: "late", deadline: 5000, log });
  await connection.ready();
  store = createDeskStore(connection);
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

test("a step that comes after the lease changes nothing and leaves no outcome", async () => {
  const resource = await addResource(admin, { task: "confirm" }, makeUnits("lease", 2));
  const person = await bringPerson(server);
  const held = await reserve(person.browser, resource);
  const id = held.body.id as ReservationId;
  const { redisNow, leaseEndsAt } = server.nodes[0].core.ledger;
  expect(leaseEndsAt()).toBeGreaterThan(redisNow());
  expect(leaseEndsAt()).toBeLessThanOrEqual(redisNow() + 2000);

  const by: Claimant = {
    account: { id: person.id, username: person.username },
    sessionId: held.body.sessionId,
    evidence: { ip: "127.0.0.1" },
    notAfter: redisNow() - 2000,
  };
  const facts = { deviceHash: "d", generation: 1, mayReserve: true, country: "", city: "" };
  const order = { ...by, ...facts, accountChangedAt: 0, lease: 2000, idempotencyKey: null };
  const proof = {
    accepts: true,
    approves: true,
    authenticatedAt: 0,
    deviceHash: "",
    knownSince: 0,
  };
  const before = await readDesk();
  const reserving = (of: ResourceId, generation = 1) =>
    store.reserve({ ...order, generation, id: newReservationId(), resource: of });
  for (const step of [
    () => reserving(resource),
    () => reserving("0".repeat(16) as ResourceId),
    () => store.doTask(id, by, proof),
    () => store.claim(id, by, null),
    () => store.release(id, by),
    () => store.claim("0".repeat(20) as ReservationId, by, null),
    () => store.releaseAll(person.id, by),
    () => store.expire(10, by.notAfter),
  ])
    await expect(step()).rejects.toMatchObject({ code: "unavailable" });
  expect(await readDesk()).toEqual(before);
  expect(await readStocked(admin, resource)).toMatchObject({ stock: 1, held: 1 });
});

async function readDesk(): Promise<[string, string][]> {
  return [...(await server.readRedis())].filter(([key]) => key.startsWith("{desk}")).toSorted();
}
