// A thousand people reserve the last unit in the same moment, on three nodes: one of them gets it.
import { afterAll, beforeAll, expect, test } from "vitest";
import { seedSessions, type Seeded } from "../../server/domain/seed.ts";
import { setUpAdmin, type Browser } from "../support/client.ts";
import { addResource, makeUnits, readOutcomes, readStocked } from "../support/desk.ts";
import { startServer, type TestServer } from "../support/server.ts";

const people = 1000;

let server: TestServer;
let admin: Browser;
beforeAll(async () => {
  server = await startServer({ nodes: 3, env: { RATE_LIMITS: "off", LEASE: "10s" } });
  admin = await setUpAdmin(server.address, server.setupToken);
});
afterAll(() => server.stop());

async function bringCrowd(): Promise<Seeded[]> {
  const { seedStore, accountStore, ledger } = server.nodes[0].core;
  const options = {
    store: seedStore,
    accounts: accountStore,
    redisNow: ledger.redisNow,
    generation: ledger.generation,
    lifetimes: { idle: 3_600_000, lifetime: 86_400_000 },
  };
  const order = { accounts: people, sessionsPerAccount: 1, passwordHash: "none" };
  const crowd: Seeded[] = [];
  for await (const batch of seedSessions(options, order)) crowd.push(...batch);
  return crowd;
}

test("1,000 people reserve the last unit at once: one holds it, 999 are told that none is left", async () => {
  const crowd = await bringCrowd();
  const id = await addResource(admin, { name: "The last one" }, makeUnits("last", 1));
  const body = JSON.stringify({ resourceId: id });
  let repeated = 0;
  /** A machine in need may say that it cannot answer now; then the same request is sent again. */
  async function reserve(person: Seeded, node: number): Promise<string | number> {
    const headers = {
      cookie: `rollcall=${person.token}`,
      "content-type": "application/json",
      "idempotency-key": person.account,
    };
    const url = `${server.nodes[node].address}/api/reservations`;
    const answer = await fetch(url, { method: "POST", headers, body });
    const { code } = (await answer.json()) as { code?: string };
    if (answer.status !== 503) return code ?? answer.status;
    repeated++;
    return reserve(person, node);
  }
  const answers = await Promise.all(crowd.map((person, at) => reserve(person, at % 3)));
  const held = answers.filter((answer) => answer === 201);
  const refused = answers.filter((answer) => answer === "out_of_stock");
  expect({ held: held.length, refused: refused.length }).toEqual({ held: 1, refused: people - 1 });
  expect(await readStocked(admin, id)).toMatchObject({ stock: 0, held: 1, delivered: 0 });
  const failed = Number(await server.command("XLEN", "{desk}outcomes:fail"));
  expect(failed).toBeGreaterThanOrEqual(people - 1);
  expect(failed).toBeLessThanOrEqual(people - 1 + repeated);
  expect(await server.command("XLEN", "{desk}outcomes:hack")).toBe(0);
  expect(await server.command("ZCARD", "{desk}due")).toBe(1);
  const fails = await readOutcomes(admin, "fail");
  expect(fails.every(({ code, resourceId }) => code === "out_of_stock" && resourceId === id)).toBe(
    true,
  );
}, 120_000);
