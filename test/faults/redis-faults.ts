/** What can happen to Redis: it is killed (F2), frozen (F3), emptied, restarted empty or older than it was (F12). */
import { performance } from "node:perf_hooks";
import { expect } from "vitest";
import { eventually } from "../support/client.ts";
import { createHistory, figuresOf, judgeHistory } from "./history.ts";
import { expectKept } from "./node-faults.ts";
import { sessionOf } from "./requests.ts";
import type { Rig } from "./rig.ts";

/** F2: killed in the middle of ends and started again. What was acknowledged stays, the rest was an error. */
export async function killRedis(rig: Rig, count: number, awayFor: number): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  const all = rig.nodes.map((_, at) => at);
  const stop = rig.startProbing(history, { tokens, rate: 100, nodes: () => all });
  const ending = rig.endSessions(history, admin, tokens, all);
  await eventually(() => history.ends.length > count / 3, 60_000);
  rig.redis.kill();
  const killedAt = performance.now();
  await eventually(() => performance.now() > killedAt + awayFor, awayFor + 1000);
  await rig.redis.restart();
  const restartedAt = performance.now();
  await rig.allReady();
  const recovery = performance.now() - restartedAt;
  await ending;
  const refusals = history.ends.filter((end) => end.acknowledgedAt === null);
  expect(refusals.length).toBeGreaterThan(0);
  const unfinished = new Set(refusals.map((end) => end.session));
  const again = tokens.filter((token) => unfinished.has(sessionOf(token)));
  await rig.endSessions(history, admin, again, all);
  await stop();
  await rig.audit(history, tokens);
  const judgement = judgeHistory(history, rig.lease);
  expectKept("F2 Redis killed", judgement, `all ready ${recovery.toFixed(0)} ms after its restart`);
  expect(refusals.filter((end) => end.status !== 503)).toEqual([]);
  expect(judgement.acknowledged).toBe(tokens.length);
  await expectEndedInRedis(rig, history.ends);
}

/** What was acknowledged is ended on its own slot too, not only in what the nodes remember. */
async function expectEndedInRedis(
  rig: Rig,
  ends: readonly { session: string; acknowledgedAt: number | null }[],
): Promise<void> {
  const ids = ends.filter((end) => end.acknowledgedAt !== null).map((end) => end.session);
  const rows = await rig.core.sessionStore.rows(ids as never[]);
  const alive = rows.filter((row) => row !== null && row.end === undefined);
  expect(alive).toEqual([]);
}

/** F3: frozen, its connections open. Nodes refuse after a lease, nothing hangs, all goes on by itself. */
export async function freezeRedis(rig: Rig, count: number, frozenFor: number): Promise<void> {
  const history = createHistory();
  const tokens = await rig.openSessions(count);
  const admin = await rig.openAdmin();
  await rig.warm(history, tokens);
  await rig.endSessions(history, admin, tokens.slice(0, count / 2), [0]);
  const all = rig.nodes.map((_, at) => at);
  const frozenAt = performance.now();
  rig.redis.pause();
  const stop = rig.startProbing(history, { tokens, rate: 100, nodes: () => all });
  await eventually(() => performance.now() > frozenAt + frozenFor, frozenFor + 1000);
  const resumedAt = performance.now();
  rig.redis.resume();
  const isServedAgain = () =>
    history.probes.find((one) => one.outcome === "accepted" && one.repliedAt > resumedAt);
  const first = await eventually(isServedAgain, 20_000);
  await rig.allReady();
  await stop();
  await rig.audit(history, tokens);
  const bound = frozenAt + rig.lease * 1.001;
  // Admitted while nobody could have renewed: sent after the lease had run out, answered before Redis went on.
  const blind = history.probes.filter(
    ({ outcome, sentAt, repliedAt }) =>
      outcome === "accepted" && sentAt > bound && repliedAt < resumedAt,
  );
  const during = history.probes.filter(({ sentAt }) => sentAt > bound && sentAt < resumedAt);
  const { max } = figuresOf(during.map(({ sentAt, repliedAt }) => repliedAt - sentAt));
  expectKept(
    "F3 Redis frozen",
    judgeHistory(history, rig.lease),
    `slowest refusal ${max.toFixed(0)} ms, served again ${(first.repliedAt - resumedAt).toFixed(0)} ms after`,
  );
  expect(blind).toEqual([]);
  expect(during.some((one) => one.outcome === "unavailable")).toBe(true);
}

/** F12: Redis loses everything while the nodes live. People sign in again; what was ended stays ended. */
export async function emptyRedis(rig: Rig, how: "flush" | "restart", count: number): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  await rig.endSessions(history, admin, tokens.slice(0, count / 2), [0]);
  const generation = await rig.readGeneration();
  if (how === "flush") await rig.command("FLUSHALL");
  else {
    rig.redis.kill();
    await rig.redis.restart();
  }
  await expectRestored(rig, generation);
  await rig.audit(history, tokens);
  expectKept(`F12 Redis emptied by ${how}`, judgeHistory(history, rig.lease));
  await expectNobodyKept(rig, tokens);
  await expectNewSessionsWork(rig);
}

/** F12: Redis is what it was before the ends, and knows nothing of them. The nodes live, or are all started anew. */
export async function restoreRedis(
  rig: Rig,
  nodes: "alive" | "stopped" | "killed",
  count: number,
): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  await rig.command("SAVE");
  await rig.endSessions(history, admin, tokens.slice(0, count / 2), [0]);
  const generation = await rig.readGeneration();
  const head = await rig.newestSeq();
  if (nodes === "stopped") await Promise.all(rig.nodes.map((node) => node.stop()));
  if (nodes === "killed") {
    // The head is written once a second; a crash may cost what came after.
    await eventually(() => rig.nodes[0].readKnownSeq() >= head);
    await Promise.all(rig.nodes.map((node) => node.kill()));
  }
  rig.redis.kill();
  await rig.redis.restart();
  expect(await rig.newestSeq()).toBeLessThan(head);
  if (nodes !== "alive") for (const node of rig.nodes) node.start();
  await expectRestored(rig, generation);
  await rig.audit(history, tokens);
  expectKept(`F12 old Redis restored, nodes ${nodes}`, judgeHistory(history, rig.lease));
  await expectNobodyKept(rig, tokens);
  await expectNewSessionsWork(rig);
}

async function expectRestored(rig: Rig, generation: number): Promise<void> {
  await eventually(async () => (await rig.readGeneration()) > generation, 30_000);
  await rig.allReady();
}

/** Whatever the old Redis held, nobody goes on with it. */
async function expectNobodyKept(rig: Rig, tokens: readonly string[]): Promise<void> {
  const history = createHistory();
  await rig.warm(history, tokens);
  expect(history.probes.filter((one) => one.outcome !== "refused")).toEqual([]);
}

async function expectNewSessionsWork(rig: Rig): Promise<void> {
  const history = createHistory();
  const tokens = await rig.openSessions(10);
  await rig.warm(history, tokens);
  expect(history.probes.filter((one) => one.outcome !== "accepted")).toEqual([]);
  const admin = await rig.openAdmin();
  const [end] = await rig.endSessions(history, admin, tokens.slice(0, 1), [0]);
  expect(end).toMatchObject({ session: sessionOf(tokens[0]), status: 200 });
}
