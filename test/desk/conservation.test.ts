// Any sequence of what can happen at the desk, on two nodes, against an oracle: every answer is the one expected,
// every unit is where it should be after every step, and stock + held + delivered + withdrawn = all ever added.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OutcomeKind } from "../../shared/contract/outcomes.ts";
import { outcomeKinds } from "../../shared/contract/outcomes.ts";
import type { ResourceId } from "../../shared/ids.ts";
import { eventually, setUpAdmin, type Answer, type Browser } from "../support/client.ts";
import { addResource, bringPerson, claim, reserve, type Person } from "../support/desk.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { sampleUnits } from "../support/units.ts";
import { createDeskOracle, type Expected, type OracleResource } from "./oracle.ts";

const sequences = 25;

const kinds = {
  reserve: 6,
  task: 3,
  claim: 5,
  release: 2,
  expire: 2,
  add: 2,
  remove: 1,
  disable: 1,
} as const;
const anyStep = fc.record({
  kind: fc.oneof(
    ...Object.entries(kinds).map(([kind, weight]) => ({
      weight,
      arbitrary: fc.constant(kind as keyof typeof kinds),
    })),
  ),
  person: fc.nat(2),
  resource: fc.nat(2),
  reservation: fc.nat(9),
  key: fc.constantFrom("one", "other"),
  count: fc.integer({ min: 1, max: 3 }),
  node: fc.nat(1),
});
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

/** The third may not reserve anything. */
const mayReserve = (person: number): boolean => person < 2;

let server: TestServer;
let admin: Browser;
let people: Person[];
let steps = 0;
beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off", LEASE: "10s" } });
  admin = await setUpAdmin(server.address, server.setupToken);
  people = [];
  for (let at = 0; at < 3; at++)
    people.push(await bringPerson(server, { permissions: mayReserve(at) ? ["desk:reserve"] : [] }));
});
afterAll(() => server.stop());

test("whatever happens at the desk, no unit is lost, doubled or delivered to two", async () => {
  const sequence = fc.array(anyStep, { minLength: 30, maxLength: 50 });
  await fc.assert(fc.asyncProperty(sequence, playSequence), {
    numRuns: sequences,
    endOnFailure: true,
  });
  console.log(`conservation: ${sequences} sequences, ${steps} steps, the oracle agreed with each`);
}, 180_000);

async function playSequence(sequence: readonly Step[]): Promise<void> {
  const oracle = createDeskOracle(mayReserve);
  const played = [
    await bringResource(oracle.addResource(2, false), { limit: 2 }),
    await bringResource(oracle.addResource(Infinity, true), { task: "confirm" }),
    await bringResource(oracle.addResource(Infinity, false), {}),
  ];
  const before = await countOutcomes();
  let units = 0;

  async function play(step: Step): Promise<void> {
    const { id, resource } = played[step.resource];
    const { person } = step;
    const { browser } = people[person];
    const reservation = oracle.reservations[step.reservation % (oracle.reservations.length + 1)];
    const target = reservation?.id ?? "0".repeat(20);
    browser.moveTo(server.nodes[step.node].address);
    switch (step.kind) {
      case "reserve": {
        const answer = await reserve(browser, id);
        const expected = oracle.reserve(person, resource);
        expectAnswer(answer, expected);
        if (expected.made) expected.made.id = answer.body.id as string;
        return;
      }
      case "task": {
        const answer = await browser.post(`/api/reservations/${target}/task`, { accept: true });
        return expectAnswer(answer, oracle.doTask(person, reservation));
      }
      case "claim": {
        const answer = await claim(browser, target, step.key);
        return expectAnswer(answer, oracle.claim(person, reservation, step.key));
      }
      case "release": {
        const answer = await browser.delete(`/api/reservations/${target}`);
        return expectAnswer(answer, oracle.release(person, reservation));
      }
      case "expire":
        if (reservation?.state !== "held") return;
        await runOut(reservation.id, step.node);
        return oracle.expire(reservation);
      case "add": {
        const added = Array.from({ length: step.count }, () => `${id}-${units++}`);
        const answer = await admin.post(`/api/admin/catalogue/${id}/units`, { units: added });
        return expectAnswer(answer, oracle.addUnits(resource, added));
      }
      case "remove":
        return expectAnswer(
          await admin.delete(`/api/admin/catalogue/${id}`),
          oracle.remove(resource),
        );
      case "disable": {
        oracle.disable(person);
        await disableAndEnable(people[person], () => agrees());
        return;
      }
    }
  }

  /** Whether Redis holds what the oracle does. */
  async function agrees(): Promise<boolean> {
    for (const { id, resource } of played) {
      const { figures, listed } = await sampleUnits(connection, id);
      const { stock, held, delivered, withdrawn, added } = figures;
      expect(stock + held + delivered + withdrawn).toBe(added);
      expect(listed.length).toBe(stock);
      if (!isSame(figures, resource.figures)) return false;
      if (!isSame(listed, [...resource.units, ...resource.returned])) return false;
    }
    return true;
  }

  for (const step of sequence) {
    await play(step);
    steps++;
    if (await agrees()) continue;
    for (const { id, resource } of played) {
      const { figures, listed } = await sampleUnits(connection, id);
      const expected = [...resource.units, ...resource.returned];
      expect({ step, figures, listed }).toEqual({
        step,
        figures: resource.figures,
        listed: expected,
      });
    }
  }
  const after = await countOutcomes();
  for (const kind of outcomeKinds)
    expect({ kind, logged: after[kind] - before[kind] }).toEqual({
      kind,
      logged: oracle.outcomes[kind],
    });
}

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

const connection = {
  call: (words: readonly string[]) => server.command(...words) as Promise<never>,
};

async function bringResource(
  resource: OracleResource,
  fields: Parameters<typeof addResource>[1],
): Promise<{ id: ResourceId; resource: OracleResource }> {
  return { id: await addResource(admin, fields, []), resource };
}

function expectAnswer({ status, body }: Answer, expected: Expected): void {
  const unit = (body as { information?: string }).information;
  const code = status < 400 ? undefined : (body as { code: string }).code;
  expect({ status, code, unit }).toEqual({
    status: expected.status,
    code: expected.code,
    unit: expected.unit,
  });
}

/** As if its time had passed. */
async function runOut(reservation: string, node: number): Promise<void> {
  await server.command("HSET", `{desk}reservation:${reservation}`, "e", "1");
  await server.command("ZADD", "{desk}due", "XX", "1", reservation);
  await server.nodes[node].core.desk.giveBackDue();
}

async function disableAndEnable(person: Person, isBack: () => Promise<boolean>): Promise<void> {
  const path = `/api/admin/accounts/${person.id}/status`;
  expect((await admin.put(path, { disabled: true })).status).toBe(200);
  await eventually(isBack);
  expect((await admin.put(path, { disabled: false })).status).toBe(200);
  expect((await person.browser.signIn(person.username)).status).toBe(200);
}

async function countOutcomes(): Promise<Record<OutcomeKind, number>> {
  const count = async (kind: OutcomeKind) =>
    Number(await server.command("XLEN", `{desk}outcomes:${kind}`));
  return { success: await count("success"), fail: await count("fail"), hack: await count("hack") };
}
