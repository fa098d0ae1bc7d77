/**
 * What can happen to a Redis with a replica: its primary dies while sessions are ended, and the replica takes over (F8),
 * or the replica falls silent (F9).
 */
import { expect } from "vitest";
import { eventually } from "../support/client.ts";
import { createHistory, judgeHistory } from "./history.ts";
import { expectKept } from "./node-faults.ts";
import { sessionOf } from "./requests.ts";
import type { Rig } from "./rig.ts";

/** F8: no end that was acknowledged is lost with the primary, because the replica held it before the receipt. */
export async function failOverDuringEnds(rig: Rig, count: number): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  const all = rig.nodes.map((_, at) => at);
  const stop = rig.startProbing(history, { tokens, rate: 100, nodes: () => all });
  const ending = rig.endSessions(history, admin, tokens, all);
  await eventually(() => history.ends.length > count / 3, 60_000);
  await rig.failOver();
  const failedOverAt = performance.now();
  await rig.allReady();
  const recovery = performance.now() - failedOverAt;
  await ending;
  const refusals = history.ends.filter((end) => end.acknowledgedAt === null);
  const unfinished = new Set(refusals.map((end) => end.session));
  const again = tokens.filter((token) => unfinished.has(sessionOf(token)));
  await rig.endSessions(history, admin, again, all);
  await stop();
  await rig.audit(history, tokens);
  const judgement = judgeHistory(history, rig.lease);
  const more = `${refusals.length} not confirmed and asked again, all ready ${recovery.toFixed(0)} ms after it`;
  expectKept("F8 the replica takes over", judgement, more);
  expect(refusals.length).toBeGreaterThan(0);
  expect(refusals.filter((end) => end.status !== 503)).toEqual([]);
  expect(judgement.acknowledged).toBe(tokens.length);
}

/** F9: while the replica is silent no end is acknowledged and nobody is let in; then all goes on by itself. */
export async function silenceReplica(rig: Rig, count: number): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  const all = rig.nodes.map((_, at) => at);
  const stop = rig.startProbing(history, { tokens, rate: 100, nodes: () => all });
  rig.redis.pauseReplica();
  const pausedAt = performance.now();
  await rig.endSessions(history, admin, tokens, all);
  expect(history.ends.filter((end) => end.acknowledgedAt !== null)).toEqual([]);
  expect(new Set(history.ends.map((end) => end.status))).toEqual(new Set([503]));
  // A lease that the replica has not confirmed is none: nobody is let in on the primary's word alone.
  const refused = () =>
    history.probes.filter(({ outcome, sentAt }) => outcome === "unavailable" && sentAt > pausedAt);
  await eventually(() => refused().length > 20, 20_000);
  rig.redis.resumeReplica();
  await rig.allReady();
  await rig.endSessions(history, admin, tokens, all);
  await stop();
  await rig.audit(history, tokens);
  const judgement = judgeHistory(history, rig.lease);
  expectKept("F9 the replica falls silent", judgement);
  expect(judgement.acknowledged).toBe(tokens.length);
}
