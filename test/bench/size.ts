/**
 * What things cost when more and more sessions are in Redis: the same requests to deployments of different
 * sizes, one to each in turn, so that only the size differs. And what one session takes of Redis' memory.
 */
import { createClient } from "redis";
import {
  account as accountKey,
  accountNames,
  username as usernameKey,
} from "../../server/redis/keys.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { PartResult } from "./check.ts";
import { endRequest, pairSessions, type Pair } from "./pairs.ts";
import { deploy, sessionsPerAccount, type Deployment, type SeededSession } from "./deployment.ts";
import { describeStrangers, format, medianOf, renderTable, type Figure } from "./figures.ts";
import { openHttpConnection, requestBytes, type HttpConnection } from "./http-connection.ts";
import { watchStrangers } from "./machine.ts";

/** One size under measurement. */
interface Place {
  size: number;
  deployment: Deployment;
  connection: HttpConnection;
  /** What is left to be ended. */
  pairs: Pair[];
}

/** Milliseconds of each try, by size. */
type Times = ReadonlyMap<number, number[]>;

/** A request, and whether its answer is right. */
type Try = (place: Place, count: number) => { request: Buffer; isRight(body: string): boolean };

/** As many accounts as the smallest size has. */
const knownAccounts = 100;
const ends = 300;

export async function measureSizes(sizes: readonly number[], tries: number): Promise<PartResult> {
  const places: Place[] = [];
  const deployments: Deployment[] = [];
  try {
    for (const size of sizes)
      deployments.push(
        await deploy({
          accounts: size / sessionsPerAccount,
          nodes: [`${size} sessions`],
          knownAccounts,
        }),
      );
    // Only now: a node hangs up on a connection that says nothing while the larger ones are made.
    for (const [index, deployment] of deployments.entries())
      places.push({
        size: sizes[index],
        deployment,
        connection: await openHttpConnection(deployment.nodes[0].address),
        pairs: [],
      });
    const readStrangers = watchStrangers([
      process.pid,
      ...places.flatMap(({ deployment: { redis, nodes } }) => [
        redis.pid,
        ...nodes.map(({ pid }) => pid),
      ]),
    ]);
    const known = knownAccounts * sessionsPerAccount;
    // Nothing is in a node's cache at first: these read from Redis, the ones after them do not.
    const read = await timeEach(places, known, askMe);
    const cached = await timeEach(places, tries, askMe);
    const list = await timeEach(places, tries, listMine);
    for (const place of places)
      place.pairs = await pairSessions(place.deployment.sessions, place.connection);
    const end = await timeEach(places, ends, endOne);
    const operations = [
      ["check, read from Redis", read],
      ["check, cached", cached],
      ["list-mine", list],
      ["end-one", end],
    ] as const;
    const strangers = readStrangers();
    const largest = places.at(-1) as Place;
    const memory = await measureMemory(largest);
    return {
      report: [
        renderTimes(sizes, operations),
        describeStrangers(strangers),
        `Redis bytes per session at ${largest.size} sessions: ${format(memory.perSession, 0)}, with the accounts' own rows ${format(memory.withAccounts, 0)}.`,
      ].join("\n\n"),
      figures: [
        ...operations.map(([name, times]) => judgeGrowth(name, sizes, times)),
        {
          name: "Redis bytes per session, 10 an account",
          measured: memory.perSession,
          goal: { at: "most", value: 500 },
          unit: " B",
          digits: 0,
        },
      ],
      wrong: 0,
    };
  } finally {
    for (const { connection } of places) connection.close();
    for (const deployment of deployments) await deployment.stop();
  }
}

async function timeEach(places: readonly Place[], tries: number, make: Try): Promise<Times> {
  const times = new Map(places.map(({ size }): [number, number[]] => [size, []]));
  for (let count = 0; count < tries; count++)
    for (const place of places) {
      const { request, isRight } = make(place, count);
      const sentAt = performance.now();
      const { status, body } = await place.connection.ask(request);
      // The first third finds code that is not compiled yet.
      if (count >= tries / 3) times.get(place.size)?.push(performance.now() - sentAt);
      if (status !== 200 || !isRight(body.toString()))
        throw new Error(`${place.size} sessions: answered ${status} ${String(body)}`);
    }
  return times;
}

const sessionAt = ({ deployment: { sessions } }: Place, index: number): SeededSession =>
  sessions[index % sessions.length];

const askMe: Try = (place, count) => {
  const { cookie, sessionId } = sessionAt(place, count);
  return {
    request: requestBytes("GET", "/api/me", { Cookie: cookie }),
    isRight: (body) => body.includes(sessionId),
  };
};

const listMine: Try = (place, count) => {
  const account = (count % knownAccounts) * sessionsPerAccount;
  const devices = Array.from({ length: sessionsPerAccount }, (_, device) =>
    sessionAt(place, account + device),
  );
  return {
    request: requestBytes("GET", "/api/sessions", { Cookie: devices[0]?.cookie ?? "" }),
    isRight: (body) => devices.every(({ sessionId }) => body.includes(sessionId)),
  };
};

const endOne: Try = ({ pairs }, count) => ({
  request: endRequest(pairs[count]),
  isRight: (body) => (JSON.parse(body) as { ended: number }).ended === 1,
});

function renderTimes(
  sizes: readonly number[],
  operations: readonly (readonly [string, Times])[],
): string {
  const rows = operations.map(([name, times]) => [
    name,
    ...sizes.map((size) => format(medianOf(times.get(size) ?? []))),
    format(growthOf(sizes, times)),
  ]);
  const head = ["median ms", ...sizes.map((size) => `${size} sessions`), "largest / smallest"];
  return renderTable(head, rows);
}

const growthOf = (sizes: readonly number[], times: Times): number =>
  medianOf(times.get(sizes.at(-1) ?? 0) ?? []) / medianOf(times.get(sizes[0] ?? 0) ?? []);

const judgeGrowth = (name: string, sizes: readonly number[], times: Times): Figure => ({
  name: `${name}, at ${sizes.at(-1)} / at ${sizes[0]} sessions`,
  measured: growthOf(sizes, times),
  goal: { at: "most", value: 1.3 },
});

/** What Redis' memory grew by, less what accounts would take without any session. */
async function measureMemory({ size, deployment }: Place) {
  const client = createClient({ url: deployment.redis.url });
  await client.connect();
  const usageOf = async (key: string): Promise<number> =>
    Number((await client.memoryUsage(key, { SAMPLES: 0 })) ?? 0);
  const accounts = [...new Set(deployment.sessions.map(({ account }) => account as AccountId))];
  const rows = accounts.map(async (id) => {
    const name = (await client.hGet(accountKey(id), "u")) ?? "";
    return (await usageOf(accountKey(id))) + (await usageOf(usernameKey(name)));
  });
  const perAccount = medianOf(await Promise.all(rows));
  const names = await usageOf(accountNames);
  client.destroy();
  const ofAccounts = (size / sessionsPerAccount) * perAccount + names;
  return {
    perSession: (deployment.seededBytes - ofAccounts) / size,
    withAccounts: deployment.seededBytes / size,
  };
}
