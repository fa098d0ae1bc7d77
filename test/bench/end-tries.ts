/**
 * Single tries of ending a session on A and watching B. Each is timed on this process' clock and, through the
 * monitor, from the instant the ledger took the end. After each receipt B is asked once more: the strict test.
 */
import type { SeededSession } from "./deployment.ts";
import { requestBytes, type HttpConnection, type Reply } from "./http-connection.ts";
import { endRequest, type Pair } from "./pairs.ts";
import type { RunningServer } from "./processes.ts";
import type { RedisWatch } from "./redis-watch.ts";
import { openPage } from "./websocket.ts";

export interface Parties {
  /** To A; to B; to B for the strict question. */
  a: HttpConnection;
  b: HttpConnection;
  strict: HttpConnection;
  nodeB: RunningServer;
  watch: RedisWatch;
  /** One push of the unit. */
  push(): Promise<{ publishedAt: number; carriedOutAt: number; arrivedAt: number }>;
}

/** Milliseconds, one entry a try. */
export interface Outcome {
  /** From the call of publish; and from the instant Redis carried it out. */
  unit: number[];
  unitInRedis: number[];
  /** How long B takes to answer the same request while the session lives. */
  asking: number[];
  refused: number[];
  refusedFromRequest: number[];
  closed: number[];
  closedFromRequest: number[];
  receipt: number[];
  /** Requests sent after the receipt, and how many of them were let in. */
  asked: number;
  late: number;
}

/** Pages opened ahead of their ends, so that connecting disturbs nothing that is measured. */
const pagesAhead = 50;
const clocksComparedEvery = 50;

export const createOutcome = (): Outcome => ({
  unit: [],
  unitInRedis: [],
  asking: [],
  refused: [],
  refusedFromRequest: [],
  closed: [],
  closedFromRequest: [],
  receipt: [],
  asked: 0,
  late: 0,
});

const askMe = ({ cookie }: SeededSession): Buffer =>
  requestBytes("GET", "/api/me", { Cookie: cookie });

const isLetIn = ({ sessionId }: SeededSession, { status, body }: Reply): boolean =>
  status === 200 && body.includes(sessionId);

/** B is asked without a pause until it refuses. */
export async function endWhileAsking(
  parties: Parties,
  pairs: readonly Pair[],
  outcome: Outcome,
): Promise<void> {
  for (const [count, { target, actor }] of pairs.entries()) {
    if (count % clocksComparedEvery === 0) await parties.watch.compareClocks();
    await warm(parties, target, outcome);
    const sentAt = performance.now();
    const [refusedAt] = await Promise.all([
      askUntilRefused(parties, target),
      endAndAskAgain(parties, { target, actor }, outcome),
    ]);
    const appendedAt = await parties.watch.when(target.sessionId);
    outcome.refused.push(refusedAt - appendedAt);
    outcome.refusedFromRequest.push(refusedAt - sentAt);
    await takeUnit(parties, outcome);
  }
}

async function askUntilRefused({ b }: Parties, target: SeededSession): Promise<number> {
  while (isLetIn(target, await b.ask(askMe(target)))) continue;
  return performance.now();
}

/** The ended session has a page open on B. */
export async function endWithPages(
  parties: Parties,
  pairs: readonly Pair[],
  outcome: Outcome,
): Promise<void> {
  for (let first = 0; first < pairs.length; first += pagesAhead) {
    await parties.watch.compareClocks();
    const ahead = pairs.slice(first, first + pagesAhead);
    const pages = await Promise.all(ahead.map(({ target }) => openWatchedPage(parties, target)));
    for (const [index, { closedAt }] of pages.entries()) {
      const pair = ahead[index];
      await warm(parties, pair.target, outcome);
      const sentAt = performance.now();
      await endAndAskAgain(parties, pair, outcome);
      const appendedAt = await parties.watch.when(pair.target.sessionId);
      outcome.closed.push((await closedAt) - appendedAt);
      outcome.closedFromRequest.push((await closedAt) - sentAt);
      await takeUnit(parties, outcome);
    }
  }
}

async function takeUnit({ push }: Parties, { unit, unitInRedis }: Outcome): Promise<void> {
  const { publishedAt, carriedOutAt, arrivedAt } = await push();
  unit.push(arrivedAt - publishedAt);
  unitInRedis.push(arrivedAt - carriedOutAt);
}

async function openWatchedPage({ nodeB }: Parties, { cookie }: SeededSession) {
  let close!: (at: number) => void;
  const closedAt = new Promise<number>((resolve) => (close = resolve));
  await openPage(nodeB.address, cookie, () => close(performance.now()));
  return { closedAt };
}

/** A session that B does not hold in its cache would prove nothing. */
async function warm({ b }: Parties, target: SeededSession, outcome: Outcome): Promise<void> {
  for (let count = 0; count < 2; count++) {
    const sentAt = performance.now();
    const reply = await b.ask(askMe(target));
    if (count === 1) outcome.asking.push(performance.now() - sentAt);
    if (!isLetIn(target, reply))
      throw new Error(`not let in before its end: ${String(reply.body)}`);
  }
}

async function endAndAskAgain({ a, strict }: Parties, pair: Pair, outcome: Outcome): Promise<void> {
  const { target } = pair;
  const request = endRequest(pair);
  const sentAt = performance.now();
  const reply = await a.ask(request);
  outcome.receipt.push(performance.now() - sentAt);
  const again = await strict.ask(askMe(target));
  outcome.asked++;
  if (isLetIn(target, again)) outcome.late++;
  if (reply.status !== 200) throw new Error(`an end was refused: ${String(reply.body)}`);
  const { ended, confirmed } = JSON.parse(reply.body.toString()) as {
    ended: number;
    confirmed: { nodes: number; of: number };
  };
  if (ended !== 1 || confirmed.nodes !== 2 || confirmed.of !== 2)
    throw new Error(`not the receipt of two nodes: ${String(reply.body)}`);
}
