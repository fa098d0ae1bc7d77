/**
 * People who reserve, claim and give back without pause while Redis or nodes are killed. They repeat a request that
 * was not answered with the same key, as a browser does, and remember every answer. Whatever dies: each unit is in
 * one place, is delivered to one reservation, and what was acknowledged is so afterwards.
 */
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { ResourceId } from "../../shared/ids.ts";
import { eventually } from "../support/client.ts";
import { sampleUnits } from "../support/units.ts";
import type { Rig } from "./rig.ts";

interface Answer {
  status: number;
  body: { id?: string; state?: string; information?: string; code?: string };
}

interface Delivery {
  token: string;
  reservation: string;
  unit: string;
}

interface History {
  deliveries: Delivery[];
  answered: number;
  repeated: number;
  /** Why a task or a claim may fail without anybody's fault. */
  lost: readonly string[];
}

const unitsOfResource = 400;
const peopleCount = 6;
/** What a failover may forget: only a delivery waits for the replicas. */
const forgotten = ["not_found", "task_not_done"];

export type Break = "redis" | "node" | "failover";

/** One after the other; what broke is back before the next. */
export async function breakTheDesk(rig: Rig, breaks: readonly Break[]): Promise<void> {
  const people = await Promise.all(Array.from({ length: peopleCount }, () => rig.openAdmin()));
  const units = Array.from({ length: unitsOfResource }, (_, at) => `unit-${randomUUID()}-${at}`);
  const resource = await stockUp(rig, people[0], units);
  const lost = ["reservation_expired", ...(breaks.includes("failover") ? forgotten : [])];
  const history: History = { deliveries: [], answered: 0, repeated: 0, lost };
  let stopped = false;
  const working = people.map(async (token) => {
    while (!stopped) await visitDesk(rig, token, resource, history);
  });
  const sampler = startSampling(rig, resource);

  for (const [at, broken] of breaks.entries()) {
    const before = history.answered;
    await eventually(() => history.answered > before + 20, 30_000);
    if (broken === "redis") await killRedis(rig);
    else if (broken === "failover") await rig.failOver();
    else await killNode(rig, at);
    await rig.allReady();
  }
  const before = history.answered;
  await eventually(() => history.answered > before + 20, 30_000);
  stopped = true;
  await Promise.all(working);
  const samples = await sampler.stop();

  await expectEachOnce(rig, resource, units, history.deliveries);
  console.log(
    `desk under faults: ${breaks.join(", ")}, ${history.answered} answers, ${history.repeated} repeated, ` +
      `${history.deliveries.length} of ${units.length} delivered, ${samples} samples`,
  );
  expect(history.repeated).toBeGreaterThan(0);
}

async function killRedis(rig: Rig): Promise<void> {
  rig.redis.kill();
  await rig.redis.restart();
}

async function killNode(rig: Rig, at: number): Promise<void> {
  const node = rig.nodes[at % rig.nodes.length];
  await node.kill();
  node.start();
}

async function stockUp(rig: Rig, admin: string, units: string[]): Promise<ResourceId> {
  const fields = { name: "Brittle", holdSeconds: 1, task: "confirm" };
  const made = await insist(rig, admin, "POST", "/api/admin/catalogue", fields);
  const { id } = (made.body as unknown as { resource: { id: ResourceId } }).resource;
  const added = await insist(rig, admin, "POST", `/api/admin/catalogue/${id}/units`, { units });
  expect(added.status).toBe(201);
  return id;
}

/** Reserve, agree, and then claim it, give it back, or let it run out. */
async function visitDesk(
  rig: Rig,
  token: string,
  resourceId: ResourceId,
  history: History,
): Promise<void> {
  const ask = async (method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await insist(rig, token, method, path, body, () => history.repeated++);
    history.answered++;
    return answer;
  };
  const held = await ask("POST", "/api/reservations", { resourceId });
  if (held.status !== 201) {
    expect(held.body.code).toBe("out_of_stock");
    return;
  }
  const path = `/api/reservations/${held.body.id}`;
  const task = await ask("POST", `${path}/task`, { accept: true });
  if (task.status !== 200) return expect(history.lost).toContain(task.body.code);
  const choice = Math.random();
  if (choice < 0.3) return;
  if (choice < 0.8) return void (await ask("DELETE", path));
  const claimed = await ask("POST", `${path}/claim`);
  if (claimed.status === 200) {
    const unit = claimed.body.information ?? "";
    history.deliveries.push({ token, reservation: held.body.id ?? "", unit });
  } else expect(history.lost).toContain(claimed.body.code);
}

/** Repeats with the same key until somebody can say, on whichever node. */
async function insist(
  rig: Rig,
  token: string,
  method: string,
  path: string,
  body?: object,
  onRepeat = () => {},
): Promise<Answer> {
  const headers = {
    cookie: `rollcall=${token}`,
    "content-type": "application/json",
    "idempotency-key": randomUUID(),
  };
  return eventually(async () => {
    const { address } = rig.nodes[Math.floor(Math.random() * rig.nodes.length)];
    const signal = AbortSignal.timeout(8000);
    const sent = { method, headers, signal, ...(body && { body: JSON.stringify(body) }) };
    try {
      const answer = await fetch(address + path, sent);
      const text = await answer.text();
      if (answer.status !== 503)
        return { status: answer.status, body: JSON.parse(text) as Answer["body"] };
    } catch {
      // The node died, or its answer was lost.
    }
    onRepeat();
    return false;
  }, 60_000);
}

const connectionOf = (rig: Rig) => ({
  call: (words: readonly string[]) => rig.command(...words),
});

function startSampling(rig: Rig, resource: ResourceId) {
  const connection = connectionOf(rig);
  let stopped = false;
  let samples = 0;
  const sampling = (async () => {
    while (!stopped) {
      const sample = await sampleUnits(connection, resource).catch(() => null);
      if (sample !== null) {
        expectConserved(sample);
        samples++;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  // Told by `stop`, not as an unhandled rejection before it.
  sampling.catch(() => {});
  return {
    async stop(): Promise<number> {
      stopped = true;
      await sampling;
      return samples;
    },
  };
}

function expectConserved({ figures, listed }: Awaited<ReturnType<typeof sampleUnits>>): void {
  const { stock, held, delivered, withdrawn, added } = figures;
  expect(stock + held + delivered + withdrawn).toBe(added);
  expect(listed.length).toBe(stock);
}

/** Nobody works any more: where every unit is, by the rows themselves. */
async function expectEachOnce(
  rig: Rig,
  resource: ResourceId,
  units: readonly string[],
  deliveries: readonly Delivery[],
): Promise<void> {
  const connection = connectionOf(rig);
  await eventually(async () => {
    const { figures } = await sampleUnits(connection, resource);
    return figures.held === 0;
  }, 30_000);
  const sample = await sampleUnits(connection, resource);
  expectConserved(sample);
  const delivered: string[] = [];
  for (const key of (await rig.command("KEYS", "{desk}reservation:*")) as string[]) {
    const [state, unit, of] = (await rig.command("HMGET", key, "z", "i", "r")) as string[];
    if (of !== resource) continue;
    expect(["c", "e", "r"]).toContain(state);
    if (state === "c") delivered.push(unit);
    else expect(unit).toBeNull();
  }
  expect([...delivered, ...sample.listed].toSorted()).toEqual(units.toSorted());
  expect(sample.figures.delivered).toBe(delivered.length);
  // What was said to be delivered is, to whom it was said.
  const known = deliveries.map(({ unit }) => unit);
  expect(new Set(known).size).toBe(known.length);
  for (const { reservation, unit } of deliveries)
    expect(await rig.command("HMGET", `{desk}reservation:${reservation}`, "z", "i")).toEqual([
      "c",
      unit,
    ]);
  const counts = ((await rig.command("KEYS", "{desk}counts:*")) as string[]).map(async (key) =>
    Number((await rig.command("HGET", key, resource)) ?? 0),
  );
  const total = (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  expect(total).toBe(delivered.length);
}
