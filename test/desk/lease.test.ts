// A node that was paused until its lease had run out might act for a session that has ended since: each step at the
// desk carries the end of the lease, and comes too late after it. So does one from before its account was disabled.
import { afterAll, beforeAll, expect, test } from "vitest";
import { newReservationId } from "../../server/domain/desk.ts";
import type { Claimant, DeskStore } from "../../server/domain/desk-steps.ts";
import { openConnection, type Connection } from "../../server/redis/connect.ts";
import { createDeskStore } from "../../server/redis/desk.ts";
import type { ReservationId, ResourceId, SessionId } from "../../shared/ids.ts";
import { eventually, setUpAdmin, type Browser } from "../support/client.ts";
import {
  addResource,
  bringPerson,
  makeUnits,
  readStocked,
  reserve,
  type Person,
} from "../support/desk.ts";
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
  await eventually(() => leaseEndsAt() > redisNow());
  expect(leaseEndsAt()).toBeLessThanOrEqual(redisNow() + 2000);

  const by = claimantOf(person, redisNow() - 2000);
  const order = { ...by, ...orderOf(1) };
  const proof = {
    accepts: true,
    approves: true,
    authenticatedAt: 0,
    deviceHash: "",
    knownSince: 0,
  };
  const before = await readDesk();
  const reserving = (of: ResourceId) =>
    store.reserve({ ...order, id: newReservationId(), resource: of });
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

test("a session from before the account was disabled holds nothing, however late it asks", async () => {
  const resource = await addResource(admin, {}, makeUnits("disabled", 2));
  const person = await bringPerson(server);
  const status = `/api/admin/accounts/${person.id}/status`;
  await admin.put(status, { disabled: true });
  await admin.put(status, { disabled: false });
  const below = await eventually(
    async () => Number(await server.command("HGET", "{desk}below", person.id)) || null,
  );
  const by = claimantOf(person, Number.MAX_SAFE_INTEGER);
  const reserving = (generation: number) =>
    store.reserve({ ...by, ...orderOf(generation), id: newReservationId(), resource });
  await expect(reserving(below - 1)).rejects.toMatchObject({ code: "unavailable" });
  expect(await readStocked(admin, resource)).toMatchObject({ stock: 2, held: 0 });
  expect(await reserving(below)).toMatchObject({ state: "held" });
});

const claimantOf = (person: Person, notAfter: number): Claimant => ({
  account: { id: person.id, username: person.username },
  sessionId: person.sessionId as SessionId,
  evidence: { ip: "127.0.0.1" },
  notAfter,
});

const orderOf = (generation: number) => ({
  ...{ deviceHash: "d", generation, mayReserve: true, country: "", city: "" },
  ...{ accountChangedAt: 0, lease: 2000, idempotencyKey: null },
});

async function readDesk(): Promise<[string, string][]> {
  return [...(await server.readRedis())].filter(([key]) => key.startsWith("{desk}")).toSorted();
}
