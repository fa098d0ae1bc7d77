/**
 * A node's side of the ledger when Redis is not what it was: emptied, restored, failing between any two steps.
 * No lease is held before everything that was lost has been told again; no restored session is ever let in.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLedger } from "../../server/domain/ledger.ts";
import type { Cut } from "../../server/domain/admission.ts";
import type { SessionId } from "../../shared/ids.ts";
import { createHandClock, createMemoryLedger } from "../support/memory-ledger.ts";

const lease = 2000;
const log = { info() {}, warn() {}, error() {}, debug() {} };
const end = { reason: "revoked" as const, at: 0 };
const endOf = (...sessions: string[]): Cut => ({
  kind: "ended",
  account: null,
  sessions: sessions as SessionId[],
  end,
});

function startNode(knownHead?: { seq: number; generation: number }, redis = newRedis()) {
  const { clock, memory } = redis;
  const ledger = createLedger({
    store: memory.store,
    clock,
    node: "one",
    lease,
    quorum: () => 0,
    retention: 1e9,
    knownHead,
    log,
  });
  const told: Cut[] = [];
  ledger.onLoss(async (cuts) => {
    for (const cut of cuts) {
      await ledger.append(cut, null);
      told.push(cut);
    }
  });
  const grantOf = (id: string) => ({
    sessionId: id as SessionId,
    tokenVersion: 1,
    accountId: null,
    accountGeneration: 0,
    globalGeneration: 0,
    permissionVersion: 0,
    authenticatedAt: 0,
    expiresAt: Infinity,
  });
  /** A lease of its own, asked for because the last one is over. */
  async function renew(): Promise<boolean> {
    clock.pass(lease);
    return ledger.assertLease().then(
      () => true,
      () => false,
    );
  }

  return { ledger, memory, clock, told, renew, admits: (id: string) => ledger.admit(grantOf(id)) };
}

type TestNode = ReturnType<typeof startNode>;

/** As in a running node: what others appended before reaches it by a renewal at the latest. */
async function appendWhileRenewing({ ledger, renew }: TestNode, cut: Cut): Promise<boolean> {
  let outcome: "pending" | "done" | "failed" = "pending";
  ledger.append(cut, null).then(
    () => (outcome = "done"),
    () => (outcome = "failed"),
  );
  const isPending = () => outcome === "pending";
  while (isPending()) {
    await renew();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (outcome as string) === "done";
}

function newRedis() {
  const clock = createHandClock();
  return { clock, memory: createMemoryLedger(clock) };
}

describe("a node whose Redis was replaced", () => {
  test("tells it again what it lost, and cuts everybody who was alive in the backup", async () => {
    const { ledger, memory, admits, renew } = startNode();
    await renew();
    const backup = memory.save();
    await ledger.append(endOf("s1"), null);
    memory.restore(backup);
    await renew();
    expect(memory.everyone().end?.reason).toBe("restored");
    expect(
      memory.entries().some(({ cut }) => JSON.stringify(cut) === JSON.stringify(endOf("s1"))),
    ).toBe(true);
    expect(admits("s1")).toBe("ended");
    expect(admits("s2")).toBe("reread");
  });

  test("holds no lease before all of it is told, wherever the telling fails", async () => {
    for (let calls = 0; calls < 6; calls++) {
      const { ledger, memory, told, renew } = startNode();
      await renew();
      const backup = memory.save();
      for (const id of ["s1", "s2", "s3"]) await ledger.append(endOf(id), null);
      memory.restore(backup);
      memory.failAfter(calls);
      expect(await renew()).toBe(false);
      expect(await renew()).toBe(true);
      expect(memory.everyone().end?.reason).toBe("restored");
      expect(new Set(told.map((cut) => JSON.stringify(cut)))).toEqual(
        new Set(["s1", "s2", "s3"].map((id) => JSON.stringify(endOf(id)))),
      );
    }
  });

  test("remembers over a restart that Redis once knew more, even when it is empty now", async () => {
    const { memory, renew } = startNode({ seq: 7, generation: 2 });
    expect(await renew()).toBe(true);
    expect(memory.everyone()).toMatchObject({ generation: 3, end: { reason: "restored" } });
    // Told once; the next renewals find nothing amiss.
    const { seq } = memory.head();
    await renew();
    expect(memory.head().seq).toBe(seq);
  });

  test("does not cut everybody a second time when another node has done it", async () => {
    const redis = newRedis();
    const one = startNode(undefined, redis);
    const other = startNode(undefined, redis);
    const backup = redis.memory.save();
    await one.renew();
    // One cut, told often: what the first node tells again is shorter than what the other has known.
    for (let times = 0; times < 5; times++) await one.ledger.append(endOf("s1"), null);
    await other.renew();
    redis.memory.restore(backup);
    await one.renew();
    await other.renew();
    expect(redis.memory.everyone().generation).toBe(1);
    expect(other.admits("s1")).toBe("ended");
  });

  test("acknowledges nothing while it cannot follow the ledger that has come in its place", async () => {
    const { ledger, memory, renew } = startNode();
    await renew();
    await ledger.append(endOf("s1"), null);
    const backup = memory.save();
    memory.empty();
    // The append arrives, the look at the new ledger does not: an old one might come back, and not show it.
    memory.failAfter(1);
    await expect(ledger.append(endOf("s2"), null)).rejects.toMatchObject({ code: "not_confirmed" });
    memory.restore(backup);
    expect(await renew()).toBe(true);
  });

  test("applies its own new cut although the new ledger counts from below", async () => {
    const { ledger, memory, admits, renew } = startNode();
    await renew();
    for (const id of ["s1", "s2", "s3"]) await ledger.append(endOf(id), null);
    memory.empty();
    await ledger.append(endOf("s4"), null);
    expect(admits("s4")).toBe("ended");
  });
});

describe("whatever happens to Redis", () => {
  const anyStep = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("end" as const), id: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("renew" as const) }) },
    fc.record({ do: fc.constant("otherEnds" as const), id: fc.nat(5) }),
    fc.record({ do: fc.constant("save" as const) }),
    fc.record({ do: fc.constant("restore" as const) }),
    fc.record({ do: fc.constant("empty" as const) }),
    fc.record({ do: fc.constant("fail" as const), after: fc.nat(3) }),
    fc.record({ do: fc.constant("pass" as const), milliseconds: fc.nat(2 * lease) }),
  );

  test("what was acknowledged stays ended, versions only rise and all is told again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), async (steps) => {
        const node = startNode();
        const { ledger, memory, clock, admits, renew } = node;
        await renew();
        const acknowledged = new Set<string>();
        let backup = memory.save();
        let generation = 0;
        for (const step of steps) {
          if (step.do === "end") {
            const done = await appendWhileRenewing(node, endOf(`s${step.id}`));
            if (done) acknowledged.add(`s${step.id}`);
          } else if (step.do === "otherEnds") memory.append(endOf(`s${step.id}`));
          else if (step.do === "renew") await renew();
          else if (step.do === "save") backup = memory.save();
          else if (step.do === "restore") memory.restore(backup);
          else if (step.do === "empty") memory.empty();
          else if (step.do === "fail") memory.failAfter(step.after);
          else clock.pass(step.milliseconds);
          for (const id of acknowledged) expect(["ended", "no_lease"]).toContain(admits(id));
          expect(ledger.generation()).toBeGreaterThanOrEqual(generation);
          generation = ledger.generation();
        }
        // Failures end; what Redis lost, it is told within the next renewals.
        memory.failAfter(Infinity);
        await renew();
        await renew();
        expect(ledger.holdsLease()).toBe(true);
        const ended = memory
          .entries()
          .flatMap(({ cut }) => (cut.kind === "ended" ? cut.sessions : []));
        for (const id of acknowledged) expect(ended).toContain(id);
        expect(memory.everyone().generation).toBe(ledger.generation());
      }),
      { numRuns: 500 },
    );
  });
});
