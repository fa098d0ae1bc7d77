/**
 * The ledger's Redis in memory, by the rules of its scripts, and a clock moved by hand: it can be restored to what
 * it was, emptied, and made to fail at the next call, between any two steps of a renewal.
 */
import type { Cut, EndFacts, LedgerEntry } from "../../server/domain/admission.ts";
import type { Clock } from "../../server/domain/clock.ts";
import type { LedgerStore } from "../../server/domain/ledger.ts";
import { DomainError } from "../../shared/errors.ts";

interface Kept {
  log: LedgerEntry[];
  head: { seq: number; hash: string };
  everyone: { generation: number; end: EndFacts | null };
  drawn: number;
}

export type MemoryLedger = ReturnType<typeof createMemoryLedger>;

export const createHandClock = (): Clock & { pass(milliseconds: number): void } => {
  let now = 1_000_000;
  return {
    monotonic: () => now,
    wall: () => now,
    pass: (milliseconds) => void (now += milliseconds),
  };
};

export function createMemoryLedger(clock: Clock) {
  let kept: Kept = empty();
  let failIn = Infinity;
  let writes = 0;

  function call(): void {
    if (--failIn === 0) {
      failIn = Infinity;
      throw new DomainError("unavailable", { retryAfterSeconds: 1 });
    }
  }

  function append(cut: Cut): LedgerEntry {
    const { seq, hash: previous } = kept.head;
    const hash = `${previous}|${++writes}`;
    const entry = { seq: seq + 1, at: clock.monotonic(), previous, hash, cut };
    kept.log.push(entry);
    kept.head = { seq: entry.seq, hash };
    if (cut.kind === "everyone" && cut.generation > kept.everyone.generation)
      kept.everyone = { generation: cut.generation, end: cut.end };
    return entry;
  }

  const store: LedgerStore = {
    async renew({ seq, hash }) {
      call();
      const { head, log, everyone } = kept;
      const known = seq === head.seq ? head.hash : log.find((entry) => entry.seq === seq)?.hash;
      const continues = known === hash;
      const entries = continues ? log.filter((entry) => entry.seq > seq) : log;
      const redisAt = clock.monotonic();
      return { redisAt, head, continues, entries: [...entries], everyone };
    },
    async look() {
      return { redisAt: clock.monotonic(), head: kept.head, everyone: kept.everyone };
    },
    waitForRenewal: async () => 0,
    waitForAppend: async () => 0,
    intend: async () => {},
    unfulfilled: async () => [],
    fulfil: async () => {},
    async append(cut) {
      call();
      return append(cut);
    },
    follow: () => new Promise(() => {}),
    acknowledge: async () => {},
    nodes: async () => [{ name: "one", silentFor: 0 }],
    leave: async () => {},
    async drawGeneration(atLeast) {
      call();
      kept.drawn = Math.max(kept.drawn, kept.everyone.generation, atLeast) + 1;
      return kept.drawn;
    },
  };

  return {
    store,
    /** Somebody else appends. */
    append,
    /** As a backup would keep it. */
    save: (): Kept => structuredClone(kept),
    restore: (saved: Kept): void => void (kept = structuredClone(saved)),
    empty: (): void => void (kept = empty()),
    /** The call after so many others fails, once. */
    failAfter: (calls: number): void => void (failIn = calls + 1),
    entries: (): readonly LedgerEntry[] => kept.log,
    everyone: () => kept.everyone,
    head: () => kept.head,
  };
}

const empty = (): Kept => ({
  log: [],
  head: { seq: 0, hash: "" },
  everyone: { generation: 0, end: null },
  drawn: 0,
});
