/**
 * Whatever is replayed, lost, overtaken or restored: deny knowledge only grows, the node ends where the ledger
 * is, and every cut that Redis has lost is named, so that it can be told again.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyCut,
  applyEntry,
  createKnowledge,
  forgetBefore,
  type Knowledge,
  type LedgerEntry,
} from "../../server/domain/admission.ts";
import { adoptLedger, applyInOrder, cutsLostBy, isKnown } from "../../server/domain/resync.ts";
import { anyCut, chainOf, deniesAtLeast } from "../support/cuts.ts";

const know = (entries: readonly LedgerEntry[]): Knowledge => {
  const knowledge = createKnowledge();
  for (const entry of entries) applyEntry(knowledge, entry);
  return knowledge;
};

const headOf = (entries: readonly LedgerEntry[]) => {
  const last = entries.at(-1);
  return { seq: last?.seq ?? 0, hash: last?.hash ?? "" };
};

const cuts = fc.array(anyCut, { maxLength: 20 });

describe("adopting a ledger that was replaced", () => {
  test("keeps all that was known and adds all that is retained", () => {
    fc.assert(
      fc.property(cuts, cuts, (before, after) => {
        const knowledge = know(chainOf(before, "old"));
        const old = know(chainOf(before, "old"));
        const ledger = chainOf(after, "new");
        adoptLedger(knowledge, ledger, headOf(ledger));
        expect(deniesAtLeast(knowledge, old)).toBe(true);
        expect(deniesAtLeast(knowledge, know(ledger))).toBe(true);
        expect({ seq: knowledge.seq, hash: knowledge.hash }).toEqual(headOf(ledger));
      }),
    );
  });

  test("names exactly what a replay would not know, so that telling it again loses nothing", () => {
    fc.assert(
      fc.property(cuts, cuts, (before, after) => {
        const knowledge = know(chainOf(before, "old"));
        const ledger = chainOf(after, "new");
        const lost = cutsLostBy(knowledge, ledger);
        const replayed = know(ledger);
        expect(lost.every((cut) => !isKnown(replayed, cut))).toBe(true);
        const retold = know(chainOf([...after, ...lost], "new"));
        // The generation of everyone is told by `restored`, and is not forgotten by Redis' own key.
        expect(deniesAtLeast(retold, { ...knowledge, everyone: retold.everyone })).toBe(true);
      }),
    );
  });

  test("finds nothing lost in a ledger that the node has followed", () => {
    fc.assert(
      fc.property(cuts, (list) => {
        const ledger = chainOf(list, "same");
        expect(cutsLostBy(know(ledger), ledger)).toEqual([]);
      }),
    );
  });
});

describe("applying entries in order", () => {
  test("knows the same whether entries come at once, one by one or again", () => {
    fc.assert(
      fc.property(cuts, fc.array(fc.nat(20)), (list, starts) => {
        const ledger = chainOf(list, "one");
        const knowledge = createKnowledge();
        for (const start of starts) {
          const from = Math.min(start, knowledge.seq);
          expect(applyInOrder(knowledge, ledger.slice(from, start + 1)).continues).toBe(true);
        }
        applyInOrder(knowledge, ledger.slice(knowledge.seq));
        expect({ ...knowledge, lease: null }).toEqual(know(ledger));
      }),
    );
  });

  test("never skips news of another ledger, and says that it does not continue", () => {
    fc.assert(
      fc.property(cuts, cuts, (pushed, replied) => {
        const knowledge = know(chainOf(pushed, "old"));
        const old = know(chainOf(pushed, "old"));
        const ledger = chainOf(replied, "new");
        const overtaken = ledger.filter((entry) => entry.seq <= knowledge.seq);
        const { continues } = applyInOrder(knowledge, overtaken);
        expect(deniesAtLeast(knowledge, old)).toBe(true);
        for (const { cut } of overtaken) expect(isKnown(knowledge, cut)).toBe(true);
        expect(continues).toBe(overtaken.every(({ cut }) => isKnown(old, cut)));
      }),
    );
  });

  test("stops at a hole", () => {
    fc.assert(
      fc.property(fc.array(anyCut, { minLength: 3, maxLength: 20 }), fc.nat(), (list, where) => {
        const ledger = chainOf(list, "one");
        const hole = 1 + (where % (list.length - 2));
        const knowledge = createKnowledge();
        const holed = [...ledger.slice(0, hole), ...ledger.slice(hole + 1)];
        expect(applyInOrder(knowledge, holed).continues).toBe(false);
        expect(knowledge.seq).toBe(hole);
      }),
    );
  });
});

describe("what is known", () => {
  test("is every cut that was applied, until it is forgotten", () => {
    fc.assert(
      fc.property(anyCut, fc.nat(1000), (cut, at) => {
        const knowledge = createKnowledge();
        applyCut(knowledge, cut, at);
        expect(isKnown(knowledge, cut)).toBe(true);
        forgetBefore(knowledge, at);
        expect(isKnown(knowledge, cut)).toBe(true);
      }),
    );
  });
});
