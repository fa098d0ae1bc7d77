/**
 * How long an end takes to reach another node. Sessions are ended on A, one by one, by another device of their
 * account; B is asked with the ended cookie, or holds the session's open page. Beside each try the unit is
 * taken: a plain node-redis publish -> subscribe -> websocket send over the same Redis, from B's core to the
 * same process. An end is counted from the instant Redis appended it to the ledger, the unit as a whole, from
 * the call of publish; the table also has the unit from the instant Redis carried it out.
 */
import { createClient } from "redis";
import type { PartResult } from "./check.ts";
import { deploy, sessionsPerAccount } from "./deployment.ts";
import { createOutcome, endWhileAsking, endWithPages } from "./end-tries.ts";
import type { Outcome, Parties } from "./end-tries.ts";
import { pairSessions, type Pair } from "./pairs.ts";
import {
  describeStrangers,
  format,
  medianOf,
  percentileOf,
  renderTable,
  type Figure,
} from "./figures.ts";
import { openHttpConnection, type HttpConnection } from "./http-connection.ts";
import { watchStrangers } from "./machine.ts";
import { startOwnServer, type RunningServer } from "./processes.ts";
import { watchRedis, type RedisWatch } from "./redis-watch.ts";
import { saturate } from "./saturation.ts";
import { openWebSocket } from "./websocket.ts";

const accounts = 1000;
/** Their sessions make the load on B, and are not ended. */
const accountsUnderLoad = 200;
const triesUnderLoad = 0.3;
const triesToWarmUp = 100;
const channel = "unit";

export async function measureRevocation(tries: number): Promise<PartResult> {
  const deployment = await deploy({ accounts, nodes: ["A", "B"] });
  const { sessions, redis, nodes } = deployment;
  const [nodeA, nodeB] = nodes as [RunningServer, RunningServer];
  const order = { redisUrl: redis.url, channel };
  const pushServer = await startOwnServer("push", "publish-subscribe.mjs", order);
  const watch = await watchRedis(redis.url, /"XADD" "\{ledger\}log"|"PUBLISH" "unit"/);
  const pusher = await openPusher(redis.url, pushServer, watch);
  const connections = await Promise.all(
    [nodeA, nodeB, nodeB].map(({ address }) => openHttpConnection(address)),
  );
  const [a, b, strict] = connections as [HttpConnection, HttpConnection, HttpConnection];
  const parties: Parties = { a, b, strict, nodeB, watch, push: pusher.push };
  try {
    const underLoad = accountsUnderLoad * sessionsPerAccount;
    const pairs = await pairSessions(sessions.slice(underLoad), a);
    const draw = (count: number): Pair[] => pairs.splice(0, Math.round(count));
    await endWhileAsking(parties, draw(triesToWarmUp), createOutcome());
    const ownPids = [process.pid, redis.pid, nodeA.pid, nodeB.pid, pushServer.pid];
    const readStrangers = watchStrangers(ownPids);
    const idle = createOutcome();
    await endWhileAsking(parties, draw(tries), idle);
    await endWithPages(parties, draw(tries), idle);
    const strangers = readStrangers();
    const busy = createOutcome();
    const cookies = sessions.slice(0, underLoad).map(({ cookie }) => cookie);
    const stop = await saturate({ address: nodeB.address, cookies });
    await endWithPages(parties, draw(tries * triesUnderLoad), busy);
    const load = await stop();
    return {
      report: [
        renderRevocation(idle, busy, load.requests / load.seconds),
        describeStrangers(strangers),
      ].join(" "),
      figures: judge(idle, busy),
      wrong: idle.late + busy.late + load.wrong,
    };
  } finally {
    for (const connection of connections) connection.close();
    pusher.close();
    watch.stop();
    await pushServer.stop();
    await deployment.stop();
  }
}

async function openPusher(redisUrl: string, server: RunningServer, watch: RedisWatch) {
  const client = createClient({ url: redisUrl });
  await client.connect();
  let arrived: (at: number) => void = () => {};
  const socket = await openWebSocket(
    server.address,
    "/",
    {},
    {
      onText: () => arrived(performance.now()),
    },
  );
  let count = 0;
  return {
    async push() {
      const message = `push-${++count}-`;
      const arrival = new Promise<number>((resolve) => (arrived = resolve));
      const publishedAt = performance.now();
      await client.publish(channel, message);
      return { publishedAt, arrivedAt: await arrival, carriedOutAt: await watch.when(message) };
    },
    close(): void {
      socket.close();
      client.destroy();
    },
  };
}

function renderRevocation(idle: Outcome, busy: Outcome, perSecond: number): string {
  const row = (name: string, times: readonly number[]) => [
    name,
    String(times.length),
    ...[0.5, 0.9, 0.99, 1].map((share) => format(percentileOf(times, share))),
  ];
  const rowsOf = (state: string, ended: Outcome) =>
    [
      row(`${state}: unit, publish → subscribe → websocket`, ended.unit),
      row(`${state}: unit, from the instant in Redis`, ended.unitInRedis),
      row(`${state}: a request to B while the session lives`, ended.asking),
      row(`${state}: append → first refusal on B`, ended.refused),
      row(`${state}: append → page on B closed`, ended.closed),
      row(`${state}: request → first refusal on B`, ended.refusedFromRequest),
      row(`${state}: request → page on B closed`, ended.closedFromRequest),
      row(`${state}: request → receipt of both nodes`, ended.receipt),
    ].filter(([, count]) => count !== "0");
  const strict = [
    `Sent to B after the receipt and let in: ${idle.late} of ${idle.asked} idle,`,
    `${busy.late} of ${busy.asked} with B saturated (${format(perSecond, 0)} req/s).`,
  ];
  const head = ["milliseconds", "tries", "p50", "p90", "p99", "max"];
  const rows = [...rowsOf("idle", idle), ...rowsOf("B saturated", busy)];
  return `${renderTable(head, rows)}\n\n${strict.join(" ")}`;
}

function judge(idle: Outcome, busy: Outcome): Figure[] {
  const against = (what: string, times: readonly number[]): Figure[] => [
    atMost(`append → ${what}, median / unit`, medianOf(times) / medianOf(idle.unit), 1.5),
    atMost(
      `append → ${what}, p99 / unit`,
      percentileOf(times, 0.99) / percentileOf(idle.unit, 0.99),
      2,
    ),
  ];
  return [
    ...against("first refusal on another node", idle.refused),
    ...against("page closed on another node", idle.closed),
    { ...atMost("request → receipt, p99", percentileOf(idle.receipt, 0.99), 10), unit: " ms" },
    { ...atMost("let in after the receipt, idle", idle.late, 0), digits: 0 },
    { ...atMost("let in after the receipt, B saturated", busy.late, 0), digits: 0 },
  ];
}

const atMost = (name: string, measured: number, value: number): Figure => ({
  name,
  measured,
  goal: { at: "most", value },
});
