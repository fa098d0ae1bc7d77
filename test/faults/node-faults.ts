/** What can happen to nodes: nothing at all (F1), a pause (F6), a blocked loop (F7), a long sleep (F21), a birth (F24). */
import { performance } from "node:perf_hooks";
import { expect } from "vitest";
import { eventually } from "../support/client.ts";
import { createHistory, describeJudgement, judgeHistory, type Judgement } from "./history.ts";
import type { Rig } from "./rig.ts";

/** What every scenario must keep, whatever it breaks. */
export function expectKept(name: string, judgement: Judgement, more = ""): void {
  console.log(describeJudgement(name, judgement, more));
  expect(judgement.late).toEqual([]);
  expect(judgement.lost).toBe(0);
  expect(judgement.outcomes.hung).toBe(0);
  expect(judgement.outcomes.wrong).toBe(0);
  expect(judgement.acknowledged).toBeGreaterThan(0);
}

/** F1: nothing breaks. Every receipt names every node, and after it nobody is let in anywhere. */
export async function endWithoutFault(rig: Rig, count: number): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  const all = rig.nodes.map((_, at) => at);
  const stop = rig.startProbing(history, { tokens, rate: 200, nodes: () => all });
  await rig.endSessions(history, admin, tokens, all);
  await stop();
  await rig.audit(history, tokens);
  const judgement = judgeHistory(history, rig.lease);
  expectKept("F1 no fault", judgement);
  expect(judgement.unacknowledged).toBe(0);
  expect(judgement.afterReceipt).toBe(0);
}

/** F6: a node is frozen, sessions end, and requests wait in its sockets for the moment it goes on. */
export async function pauseNode(rig: Rig, count: number, pauseFor: number): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  const [frozen, ...others] = rig.nodes.map((_, at) => at);
  const pausedAt = performance.now();
  rig.nodes[frozen].pause();
  await rig.endSessions(history, admin, tokens, others, 16);
  const last = Math.max(...history.ends.map((end) => end.acknowledgedAt ?? 0));
  const isOver = () => performance.now() > Math.max(last + rig.lease * 1.001, pausedAt + pauseFor);
  await eventually(isOver, pauseFor + 30_000);
  const waiting = Array.from({ length: 200 }, (_, at) =>
    rig.probe(history, frozen, tokens[at % tokens.length]),
  );
  // The requests are in its sockets once this process has written them.
  await new Promise((resolve) => setImmediate(resolve));
  const resumedAt = performance.now();
  rig.nodes[frozen].resume();
  await Promise.all(waiting);
  await rig.nodes[frozen].ready();
  const healthy = performance.now() - resumedAt;
  await rig.audit(history, tokens);
  const judgement = judgeHistory(history, rig.lease);
  expectKept("F6 node frozen", judgement, `ready again after ${healthy.toFixed(0)} ms`);
  expect(judgement.unacknowledged).toBe(0);
}

/** F7: the node's own code keeps it from running: a blocked loop, then a heap full of garbage. */
export async function blockLoop(rig: Rig, count: number, blockFor: number): Promise<void> {
  for (const kind of ["block", "garbage"] as const) {
    const history = createHistory();
    const admin = await rig.openAdmin();
    const tokens = await rig.openSessions(count);
    await rig.warm(history, tokens);
    const [blocked, ...others] = rig.nodes.map((_, at) => at);
    const running = rig.nodes[blocked].disturb({ kind, milliseconds: blockFor });
    const stop = rig.startProbing(history, { tokens, rate: 50, nodes: () => [blocked] });
    await rig.endSessions(history, admin, tokens, others, 16);
    await running;
    await stop();
    await rig.nodes[blocked].ready();
    await rig.audit(history, tokens);
    expectKept(`F7 loop stopped by ${kind}`, judgeHistory(history, rig.lease));
  }
}

/** F21: a node sleeps until the ledger has been trimmed past what it knows; it must read all before it decides. */
export async function sleepPastRetention(
  rig: Rig,
  count: number,
  retention: number,
): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  const [asleep, ...others] = rig.nodes.map((_, at) => at);
  // What the node knows must be an entry that the ledger then drops.
  await rig.endSessions(history, admin, tokens.slice(0, 1), others);
  await rig.audit(history, tokens.slice(0, 1));
  const knownSeq = await rig.newestSeq();
  rig.nodes[asleep].pause();
  await rig.endSessions(history, admin, tokens.slice(1, count / 2), others, 4);
  const sleptFrom = performance.now();
  await eventually(() => performance.now() > sleptFrom + retention, retention + 10_000);
  // Each of these drops up to three entries that are past retention.
  await rig.endSessions(history, admin, tokens.slice(count / 2), others, 4);
  const isTrimmed = async () => (await rig.oldestSeq()) > knownSeq + 1;
  await eventually(isTrimmed);
  const waiting = Array.from({ length: 200 }, (_, at) =>
    rig.probe(history, asleep, tokens[at % tokens.length]),
  );
  await new Promise((resolve) => setImmediate(resolve));
  rig.nodes[asleep].resume();
  await Promise.all(waiting);
  await rig.nodes[asleep].ready();
  await rig.audit(history, tokens);
  const resynced = rig.nodes[asleep].logged.filter((line) => /ledger was replaced/.test(line));
  expectKept("F21 slept past retention", judgeHistory(history, rig.lease), "read all again");
  expect(resynced.length).toBeGreaterThan(0);
}

/** F24: a node is born while sessions end as fast as they can; before it is ready it lets nobody in. */
export async function joinDuringEnds(rig: Rig, count: number): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  const before = rig.nodes.map((_, at) => at);
  await rig.warm(history, tokens, before);
  const born = before.length;
  const node = await rig.addNode();
  const stop = rig.startProbing(history, { tokens, rate: 300, nodes: () => [born] });
  let readyAt: number | undefined;
  const ready = node.ready().then(() => (readyAt = performance.now()));
  const startedAt = performance.now();
  let ended = 0;
  // At least until the newcomer is ready, so that it joins in the middle of it.
  while (readyAt === undefined && ended < tokens.length) {
    const batch = tokens.slice(ended, ended + 50);
    await rig.endSessions(history, admin, batch, before, 16);
    ended += batch.length;
  }
  const rate = (ended / (performance.now() - startedAt)) * 1000;
  await ready;
  await stop();
  await rig.audit(history, tokens.slice(0, ended));
  const acknowledged = new Map(history.ends.map((end) => [end.session, end.acknowledgedAt]));
  const wrong = history.probes.filter(
    ({ node: asked, outcome, session, sentAt }) =>
      asked === born && outcome === "accepted" && sentAt > (acknowledged.get(session) ?? Infinity),
  );
  expectKept(
    "F24 node joins",
    judgeHistory(history, rig.lease),
    `${rate.toFixed(0)} ends a second; let in by the newcomer after a receipt: ${wrong.length}`,
  );
  // It never held these sessions: whatever was acknowledged before it was asked, it must know.
  expect(wrong).toEqual([]);
}
