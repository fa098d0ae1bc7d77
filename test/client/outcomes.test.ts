/** The logs of outcomes: what a filter takes, and judgements that arrive for rows shown, unknown, or out of reach. */
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../shared/contract/outcomes.ts";
import { adminCatalogueRoutes } from "../../shared/contract/catalogue.ts";
import { outcomeRoutes } from "../../shared/contract/outcomes.ts";
import { mostOutcomesInBatch } from "../../shared/live.ts";
import type { Route } from "../../shared/route.ts";
import type { Call } from "../../client/api.ts";
import type { Following } from "../../client/followings.ts";
import type { Live } from "../../client/live.svelte.ts";
import { isWanted, readOutcomeFilter } from "../../client/state/outcome-filter.ts";
import { createOutcomes } from "../../client/state/outcomes.svelte.ts";

const outcome = (number: number, more: object = {}): Outcome =>
  ({
    id: `hack-${number}-0`,
    kind: "hack",
    at: "2026-11-23T09:00:00.000Z",
    account: { id: "account-1", username: "mia" },
    sessionId: "session-1",
    code: "not_yours",
    ...more,
  }) as unknown as Outcome;
const verdict = { verdict: "hack", by: { id: "account-2", username: "noor" }, at: "2026" };
const filterOf = (query: Record<string, string>) => readOutcomeFilter((name) => query[name] ?? "");

const pageSize = 50;

/** A log on a server, its pushes, and the state under test. */
const openLog = async (size: number, query: Record<string, string> = { kind: "hack" }) => {
  const log = Array.from({ length: size }, (_, i) => outcome(i + 1));
  const followings: Following[] = [];
  const filter = filterOf(query);
  const list = (cursor: string | undefined) => {
    const wanted = log.filter((one) => isWanted(one, filter));
    const end = cursor ? wanted.findIndex(({ id }) => id === cursor) : wanted.length;
    const outcomes = wanted.slice(Math.max(0, end - pageSize), end).reverse();
    return { outcomes, next: end > pageSize ? (outcomes.at(-1)?.id ?? null) : null };
  };
  const call = async (route: Route, request: { query?: { cursor?: string } } = {}) => {
    if (route === (adminCatalogueRoutes.list as Route)) return { resources: [] };
    if (route === (outcomeRoutes.list as Route)) return list(request.query?.cursor);
    return { outcome: outcome(size, { verdict }), released: 2 };
  };
  const live = { follow: (given: Following) => (followings.push(given), () => undefined) };
  const outcomes = createOutcomes({ call: call as Call, live: live as unknown as Live });
  outcomes.open();
  await outcomes.log.show(filter);
  const push = (...pushed: Outcome[]) => {
    for (const { events } of followings) events?.desk?.({ resources: [], outcomes: pushed });
  };
  return {
    outcomes,
    log,
    push,
    shown: () => outcomes.log.rows.map(({ entry }) => entry.id),
    settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
};

describe("the filter of outcomes", () => {
  it("is read from the address, and what is wrong in it is left out", () => {
    expect(filterOf({ kind: "nonsense", code: "not_yours", judged: "true" })).toEqual({
      kind: "success",
      resource: "",
      account: "",
      code: "",
      judged: "",
    });
    expect(filterOf({ kind: "hack", code: "not_yours", judged: "false" })).toMatchObject({
      kind: "hack",
      code: "not_yours",
      judged: "false",
    });
  });

  it("takes what the server's filter takes", () => {
    const one = outcome(1, { resourceId: "resource-1" });
    expect(isWanted(one, filterOf({ kind: "hack" }))).toBe(true);
    expect(isWanted(one, filterOf({ kind: "fail" }))).toBe(false);
    expect(isWanted(one, filterOf({ kind: "hack", resource: "resource-1" }))).toBe(true);
    expect(isWanted(one, filterOf({ kind: "hack", resource: "resource-2" }))).toBe(false);
    expect(isWanted(one, filterOf({ kind: "hack", account: "account-2" }))).toBe(false);
    expect(isWanted(one, filterOf({ kind: "hack", code: "task_not_done" }))).toBe(false);
    expect(isWanted(one, filterOf({ kind: "hack", judged: "true" }))).toBe(false);
    expect(isWanted(outcome(1, { verdict }), filterOf({ kind: "hack", judged: "true" }))).toBe(
      true,
    );
  });
});

describe("a log of outcomes", () => {
  it("changes a row in its place when it is judged elsewhere, also while it is held", async () => {
    const { outcomes, push, shown } = await openLog(3);
    outcomes.log.hold();
    push(outcome(2, { verdict }));
    expect(shown()).toEqual(["hack-3-0", "hack-2-0", "hack-1-0"]);
    expect(outcomes.log.rows[1]?.entry.verdict).toEqual(verdict);
    expect(outcomes.log.waiting).toBe(0);
  });

  it("does not take an old one that was judged for a new one", async () => {
    const { push, shown } = await openLog(80);
    push(outcome(7, { verdict }));
    expect([shown().length, shown()[0]]).toEqual([50, "hack-80-0"]);
  });

  it("puts one that was just judged where it belongs among the judged", async () => {
    const { outcomes, log, push, shown } = await openLog(0, { kind: "hack", judged: "true" });
    log.push(outcome(9, { verdict }));
    await outcomes.log.refresh();
    push(outcome(4, { verdict }), outcome(12));
    expect(shown()).toEqual(["hack-9-0", "hack-4-0"]);
  });

  it("reads the log again when a push may have left something out", async () => {
    const { log, push, shown, settle } = await openLog(10);
    const burst = Array.from({ length: 130 }, (_, i) => outcome(i + 11));
    log.push(...burst);
    push(...burst.slice(-mostOutcomesInBatch));
    await settle();
    expect([shown().length, shown()[0]]).toEqual([pageSize, "hack-140-0"]);
  });

  it("remembers what a judgement gave back", async () => {
    const { outcomes } = await openLog(3);
    const [newest] = outcomes.log.rows;
    if (!newest) throw new Error("the log is empty");
    await outcomes.judge(newest.entry, "hack");
    expect(outcomes.log.rows[0]?.entry.verdict).toEqual(verdict);
    expect(outcomes.aftermathOf(newest.entry)).toEqual({ released: 2 });
  });
});
