/**
 * The sweeper ends what is past its deadline, finishes what was begun and clears out what a global generation
 * has cut. One node sweeps at a time; every step is idempotent, so losing the lock in the middle does no harm.
 */
import { endsAt, type SessionRow } from "./session.ts";
import type { EndFacts } from "./admission.ts";
import type { DirectoryStore, Place } from "./directory.ts";
import type { Report } from "./report.ts";
import type { Ledger, Owner } from "./ledger.ts";
import type { SessionStore } from "./sessions.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";

export interface DeadlineStore {
  /** Whether this node may sweep for the next `hold` milliseconds. */
  lock(hold: number): Promise<boolean>;
  /** Owners whose earliest deadline has passed. */
  due(now: number, count: number): Promise<Owner[]>;
  /** The owner's next deadline; null: it has no sessions left. */
  setNext(owner: Owner, at: number | null): Promise<void>;
}

export interface SweeperOptions {
  deadlines: DeadlineStore;
  sessions: SessionStore;
  directory: DirectoryStore;
  ledger: Ledger;
  expire(row: SessionRow): Promise<EndFacts | null>;
  finishBegun(age: number): Promise<number>;
  /** Let pages know that the lists are right again. */
  tellCleared(): Promise<void>;
  /** Milliseconds that activity may wait in a node's memory. */
  flushEvery: number;
  /** Milliseconds between two sweeps. */
  every: number;
  log: Report;
}

const batch = 200;
const begunAge = 5000;

export function createSweeper(options: SweeperOptions) {
  const { deadlines, sessions, directory, ledger } = options;
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();
  let stopped = false;
  let running = false;
  let wanted = false;
  let swept = 0;

  async function sweep(): Promise<void> {
    if (!ledger.holdsLease() || !(await deadlines.lock(options.every * 3))) return;
    await options.finishBegun(begunAge);
    await endDue();
    await clearBelowGeneration();
  }

  async function endDue(): Promise<void> {
    const now = ledger.redisNow() - 2 * options.flushEvery;
    for (;;) {
      const owners = await deadlines.due(now, batch);
      for (const owner of owners) await sweepOwner(owner, now);
      if (owners.length < batch) return;
    }
  }

  async function sweepOwner(owner: Owner, now: number): Promise<void> {
    let next: number | null = null;
    for (const row of await rowsOf(owner)) {
      const deadline = endsAt(row);
      if (deadline <= now && (await options.expire(row)) !== null) continue;
      next = Math.min(next ?? Infinity, Math.max(deadline, now + options.every));
    }
    await deadlines.setNext(owner, next);
  }

  async function rowsOf(owner: Owner): Promise<SessionRow[]> {
    if (owner.length === 16) return (await sessions.list(owner as AccountId)).live;
    const [row] = await sessions.rows([owner as SessionId]);
    return row && !row.end ? [row] : [];
  }

  /** Write the tombstones of everybody whom a global generation has cut; they are refused already. */
  async function clearBelowGeneration(): Promise<void> {
    const { generation, end } = ledger.endOfEveryone();
    if (end === null || swept >= generation) return;
    for (let from: Place | null = null; ;) {
      const places: Place[] = await directory.newest(from, batch);
      const ids = places.map(({ id }) => id as SessionId);
      const gone: SessionId[] = [];
      for (const [at, row] of (await sessions.rows(ids)).entries()) {
        if (row !== null && !row.end && row.globalGeneration >= generation) continue;
        if (row !== null && !row.end) await sessions.end(row.id, { ...end, account: null });
        gone.push(ids[at]);
      }
      if (gone.length > 0) await sessions.unlist(gone);
      if (places.length < batch) break;
      from = places[places.length - 1]!;
    }
    swept = generation;
    await options.tellCleared();
  }

  async function run(): Promise<void> {
    wanted = true;
    if (running) return;
    running = true;
    clearTimeout(timer);
    while (wanted && !stopped) {
      wanted = false;
      sweeping = sweep().catch((error: unknown) => {
        options.log.warn("a sweep was cut short; the next one goes on", { error });
      });
      await sweeping;
    }
    running = false;
    if (!stopped) timer = setTimeout(() => void run(), options.every);
  }

  // Everybody was cut: the lists should say so at once.
  ledger.onEntry(({ cut }) => {
    if (cut.kind === "everyone" && timer !== undefined) void run();
    return 0;
  });

  return {
    start: (): void => void run(),
    /** One sweep now, for tests and the CLI. */
    sweep,
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await sweeping;
    },
  };
}
