/**
 * The promise, checked over every interleaving: an ended session is not admitted later than a lease after its end
 * was acknowledged. The right protocol holds; each way of building it wrong is caught, so the search can see.
 * MODEL=full looks at more states of the worlds that are too large to exhaust.
 */
import { describe, expect, test } from "vitest";
import { createLedgerWorld, type Fault, type Setting } from "./ledger-world.ts";
import { describeOutcome, searchWorld, type Outcome } from "./search.ts";

const isFull = process.env["MODEL"] === "full";
const minutes = 60_000;
const exhaust = 12_000_000;
const bounded = isFull ? 4_000_000 : 250_000;

function look(name: string, setting: Setting, mostStates: number): Outcome {
  const outcome = searchWorld(createLedgerWorld(setting), mostStates);
  console.log(describeOutcome(name, outcome));
  return outcome;
}

const one: Setting = { nodes: 1, sessions: 2, until: 5 };

describe("the ledger with leases", () => {
  const timeout = 15 * minutes;

  test("holds with one node, in every interleaving there is", { timeout }, () => {
    const outcome = look("one node, two sessions, five seconds", one, exhaust);
    expect(outcome).toMatchObject({ broken: null, exhaustive: true });
  });

  test("holds while hosts are suspended, in every interleaving there is", { timeout }, () => {
    const setting = { ...one, sessions: 1, suspends: true };
    const outcome = look("one node on a host that is suspended", setting, exhaust);
    expect(outcome).toMatchObject({ broken: null, exhaustive: true });
  });

  test("holds with two replicas that must both confirm", { timeout }, () => {
    const setting = { ...one, sessions: 1, replicas: 2 };
    const outcome = look("one node, one session, two replicas", setting, exhaust);
    expect(outcome).toMatchObject({ broken: null, exhaustive: true });
  });

  test("holds with two nodes, as far as it was looked", { timeout }, () => {
    const setting = { nodes: 2, sessions: 1, until: 4 };
    expect(look("two nodes, one session, four seconds", setting, bounded).broken).toBeNull();
  });
});

describe("built wrong, it is caught", () => {
  const wrong: [Fault, Setting][] = [
    ["lease counted from the reply", one],
    ["timer flag", one],
    ["resume by sequence only", one],
    ["acknowledged before replication", one],
    ["probe served by the old primary", one],
    ["probe without WAIT", one],
    ["quorum smaller than the replicas", { ...one, sessions: 1, replicas: 2 }],
    ["overtaken entries skipped", one],
    ["wall clock ignored", { ...one, sessions: 1, suspends: true }],
    ["forgotten too early", one],
  ];

  test.each(wrong)("%s", { timeout: 5 * minutes }, (fault, setting) => {
    expect(look(fault, { ...setting, fault }, exhaust).broken).not.toBeNull();
  });

  test.each(["lease counted from the reply", "probe without WAIT"] as const)(
    "%s, with two nodes",
    { timeout: 5 * minutes },
    (fault) => {
      const setting = { nodes: 2, sessions: 1, until: 4, fault };
      expect(look(`${fault}, two nodes`, setting, exhaust).broken).not.toBeNull();
    },
  );
});
