/**
 * A node's side of the ledger: it follows it, holds a lease on it, answers `admit` from what it knows, and
 * appends what must cut access. Nothing is "done" before the quorum of replicas holds it and this node has
 * applied it; a receipt then says which other nodes have applied it too (DESIGN section 4, protocol.md).
 */
import { DomainError } from "../../shared/errors.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { Receipt } from "../../shared/contract/sessions.ts";
import {
  admit,
  createKnowledge,
  endOf,
  extendLease,
  forgetBefore,
  holdsLease,
  leaseEndsAt,
  redisTimeAt,
  type Cut,
  type EndFacts,
  type Grant,
  type Knowledge,
  type LedgerEntry,
  type Verdict,
} from "./admission.ts";
import type { Clock } from "./clock.ts";
import type { Report } from "./report.ts";
import { createReceipts, type Acknowledgement } from "./receipts.ts";
import { pause, signal } from "./waiting.ts";
import { adoptLedger, applyInOrder, cutsLostBy, isKnown } from "./resync.ts";

export interface Renewal {
  redisAt: number;
  head: { seq: number; hash: string };
  /** False: the entries are all that is retained, and do not continue what the node knows. */
  continues: boolean;
  entries: LedgerEntry[];
  everyone: { generation: number; end: EndFacts | null };
}

/** Whose slot a change is on: an account, or a guest session that belongs to none. */
export type Owner = AccountId | SessionId;

export interface LedgerStore {
  /** Write this node's lease and read what follows `seq`. Its own connection; ends within `deadline`. */
  renew(from: { seq: number; hash: string }, deadline: number): Promise<Renewal>;
  /** What the ledger says now, without a lease. No acknowledgement given after this is missed by `follow`. */
  look(): Promise<Pick<Renewal, "redisAt" | "head" | "everyone">>;
  /** How many replicas hold all that was written on the connection of `renew`. */
  waitForRenewal(replicas: number, deadline: number): Promise<number>;
  /** Note that a change of `owner`'s slot has begun whose cut is not in the ledger yet. */
  intend(operation: string, owner: Owner): Promise<void>;
  /** Changes that were begun more than `age` milliseconds ago and never reached the ledger. */
  unfulfilled(age: number): Promise<{ operation: string; owner: Owner }[]>;
  /** Nothing had to be cut after all. */
  fulfil(operation: string): Promise<void>;
  /** Append, and remove the intent it fulfils. */
  append(cut: Cut, intent: string | null): Promise<LedgerEntry>;
  /** How many replicas hold all that was written on the connection of changes and appends. */
  waitForAppend(replicas: number, deadline: number): Promise<number>;
  /** What came after, within some seconds at most. Its own, blocking connection. */
  follow(seq: number): Promise<{ entries: LedgerEntry[]; acknowledgements: Acknowledgement[] }>;
  acknowledge(acknowledgement: Acknowledgement): Promise<void>;
  /** The nodes of the last minute, and for how many milliseconds each has not renewed its lease. */
  nodes(): Promise<{ name: string; silentFor: number }[]>;
  /** Give up this node's lease and its place among the nodes. */
  leave(): Promise<void>;
  drawGeneration(atLeast: number): Promise<number>;
}

export interface LedgerOptions {
  store: LedgerStore;
  clock: Clock;
  /** Null: only appends and reads receipts, is no node and holds no lease (the CLI). */
  node: string | null;
  lease: number;
  /** Replicas that must hold an entry or a renewal before it counts. */
  quorum(): number;
  /** How long deny knowledge is kept: a grant's life, clock difference of primaries, margin. */
  retention: number;
  /** The last head this node knew before it was started, to notice a restored Redis. */
  knownHead?: { seq: number; generation: number } | undefined;
  log: Report;
}

/** Called for each entry as it is applied; answers how many sockets it closed here. */
export type EntryListener = (entry: LedgerEntry) => number;
/** Called with what Redis has lost and this node still knows, to be done again. */
export type LossListener = (lost: Cut[]) => Promise<void>;

export type Ledger = ReturnType<typeof createLedger>;

/** A node that did not confirm by then has no lease any more. */
const receiptGrace = 250;
const renewAttempt = 500;
/** Milliseconds between two tries of an append that Redis did not take, and how many there are. */
const appendAgainAfter = 250;
const appendTries = 240;

export function createLedger(options: LedgerOptions) {
  const { store, clock, node, lease, log } = options;
  const knowledge: Knowledge = createKnowledge();
  const entryListeners: EntryListener[] = [];
  const lossListeners: LossListener[] = [];
  const receipts = createReceipts();
  let appliedSomething = signal();
  let renewing: Promise<boolean> | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let lag = 0;
  /** What Redis has lost and must be told again, until it has been. */
  let lostCuts: Cut[] = [];
  let everyoneLost = false;

  const now = () => redisTimeAt(knowledge, clock.monotonic());

  /** Apply entries in order; false when they do not continue what is known. */
  function applyAll(entries: readonly LedgerEntry[]): boolean {
    const closed: Record<string, number> = {};
    const { news, continues } = applyInOrder(knowledge, entries);
    for (const entry of news) {
      const sockets = announce(entry);
      if (sockets > 0) closed[entry.seq] = sockets;
    }
    if (news.length > 0) acknowledge(closed);
    return continues;
  }

  function announce(entry: LedgerEntry): number {
    let sockets = 0;
    for (const listener of entryListeners) sockets += listener(entry);
    return sockets;
  }

  function acknowledge(closed: Record<string, number>): void {
    appliedSomething.fire();
    appliedSomething = signal();
    if (node === null) return;
    const acknowledgement = { node, seq: knowledge.seq, closed };
    receipts.note(acknowledgement);
    store.acknowledge(acknowledgement).catch(() => {
      // A lost acknowledgement costs the receipt this node's name, nothing else.
    });
  }

  async function renew(): Promise<boolean> {
    const sentAt = clock.monotonic();
    const wallSentAt = clock.wall();
    // Compared with what was known when it was asked: an answer may be overtaken by a push.
    const asked = { ...knowledge.everyone, seq: knowledge.seq, hash: knowledge.hash };
    const renewal = await store.renew(asked, Math.min(lease / 2, renewAttempt * 2));
    lag = renewal.head.seq - knowledge.seq;
    const older = isOlder(renewal, asked);
    if (older || !renewal.continues || !applyAll(renewal.entries)) resync(renewal, older);
    if (renewal.everyone.generation > knowledge.everyone.generation)
      knowledge.everyone = renewal.everyone;
    await tellWhatIsLost();
    lag = 0;
    const quorum = options.quorum();
    if (quorum > 0 && (await store.waitForRenewal(quorum, lease / 4)) < quorum) return false;
    extendLease(knowledge, { sentAt, wallSentAt, redisAt: renewal.redisAt, length: lease });
    forgetBefore(knowledge, renewal.redisAt - options.retention);
    return holdsLease(knowledge, clock.monotonic(), clock.wall());
  }

  /**
   * For the CLI, which is no node: learn the time, the head and the generation by a lease of no length. Nothing
   * is ever admitted on it, and no node waits for it.
   */
  async function lookUp(): Promise<boolean> {
    const sentAt = clock.monotonic();
    const wallSentAt = clock.wall();
    const { redisAt, head, everyone } = await store.look();
    adoptLedger(knowledge, [], head);
    knowledge.everyone = everyone;
    extendLease(knowledge, { sentAt, wallSentAt, redisAt, length: 0 });
    return true;
  }

  /** Whether Redis is older than what this node, or its last run, has known: a backup, or nothing at all. */
  function isOlder(
    { head, everyone }: Renewal,
    asked: { seq: number; generation: number },
  ): boolean {
    const { knownHead } = options;
    return (
      head.seq < Math.max(asked.seq, knownHead?.seq ?? 0) ||
      everyone.generation < Math.max(asked.generation, knownHead?.generation ?? 0)
    );
  }

  /** The ledger does not continue what we know: take all of it, keep our own, note what Redis has lost. */
  function resync(renewal: Renewal, older: boolean): void {
    const first = knowledge.seq === 0 && knowledge.hash === "";
    const { entries, everyone, head } = renewal;
    forgetBefore(knowledge, renewal.redisAt - options.retention);
    const lost = renewal.continues ? [] : cutsLostBy(knowledge, entries);
    const fresh = entries.filter((entry) => first || !isKnown(knowledge, entry.cut));
    // Another node that noticed has cut everybody already.
    const done = everyone.generation > knownGeneration() && everyone.end?.reason === "restored";
    lostCuts = [...lostCuts, ...lost];
    everyoneLost ||= older && !done;
    if (done) options.knownHead = undefined;
    receipts.reset();
    adoptLedger(knowledge, entries, head);
    const closed: Record<string, number> = {};
    for (const entry of fresh) closed[entry.seq] = announce(entry);
    acknowledge(closed);
    if (!first || older)
      log.warn("the ledger was replaced; merged what it holds, telling it what it lost", {
        seq: head.seq,
        lost: lost.length,
        older,
      });
  }

  const knownGeneration = (): number =>
    Math.max(knowledge.everyone.generation, options.knownHead?.generation ?? 0);

  /** A failure on the way keeps what is owed for the next renewal, and no lease is held before it is paid. */
  async function tellWhatIsLost(): Promise<void> {
    if (everyoneLost) await everyoneAgain();
    if (lostCuts.length === 0) return;
    for (const listener of lossListeners) await listener(lostCuts);
    lostCuts = [];
  }

  /** Redis is older than something we knew: sessions that ended since may be alive in it. Nobody keeps one. */
  async function everyoneAgain(): Promise<void> {
    const generation = await store.drawGeneration(knownGeneration());
    const end: EndFacts = { reason: "restored", at: now() === Infinity ? clock.wall() : now() };
    const entry = await store.append({ kind: "everyone", generation, kept: null, end }, null);
    everyoneLost = false;
    options.knownHead = undefined;
    applyAll([entry]);
  }

  /** One shared attempt to hold a lease, or for the CLI to know where the ledger stands. */
  function tryToRenew(): Promise<boolean> {
    renewing ??= (node === null ? lookUp() : renew())
      .catch((error: unknown) => {
        if (!(error instanceof DomainError)) log.warn("lease renewal failed", { error });
        return false;
      })
      .finally(() => (renewing = null));
    return renewing;
  }

  /** Bounded, because who asks may itself be part of a renewal that tells Redis what it lost. */
  const renewedSoon = (): Promise<boolean> =>
    Promise.race([tryToRenew(), pause(renewAttempt).then(() => false)]);

  const isHolding = (): boolean => holdsLease(knowledge, clock.monotonic(), clock.wall());

  /** One shared attempt to get the lease back, within half a second. */
  async function regainLease(): Promise<boolean> {
    await renewedSoon();
    return isHolding();
  }

  async function keepRenewing(): Promise<void> {
    if (stopped) return;
    const started = clock.monotonic();
    await tryToRenew();
    const rest = Math.max(0, lease / 4 - (clock.monotonic() - started));
    if (!stopped) timer = setTimeout(() => void keepRenewing(), rest);
  }

  async function keepFollowing(): Promise<void> {
    while (!stopped) {
      try {
        const { entries, acknowledgements } = await store.follow(knowledge.seq);
        for (const acknowledgement of acknowledgements) receipts.note(acknowledgement);
        if (!applyAll(entries)) await tryToRenew();
      } catch {
        // Redis is away: its connection is already trying again, and without a lease nothing is admitted.
        await pause(50);
      }
    }
  }

  /** What could not be told now is told as soon as Redis is back; until then nobody may call it done. */
  async function appendOrOwe(cut: Cut, intent: string | null): Promise<LedgerEntry> {
    try {
      return await store.append(cut, intent);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      void appendLater(cut, intent);
      throw new DomainError("not_confirmed", { retryAfterSeconds: 2 });
    }
  }

  /** Idempotent: an append whose answer was lost is one more entry that tells nothing new. */
  async function appendLater(cut: Cut, intent: string | null): Promise<void> {
    for (let tries = 0; tries < appendTries && !stopped; tries++) {
      await pause(appendAgainAfter);
      try {
        applyAll([await store.append(cut, intent)]);
        return;
      } catch {
        // Not back yet. Should this node go, the intent is left for any other.
      }
    }
  }

  /** Resolves when the quorum holds what was written here; throws `not_confirmed` when that cannot be said in time. */
  async function assertKept(): Promise<void> {
    const quorum = options.quorum();
    if (quorum > 0 && (await store.waitForAppend(quorum, lease)) < quorum)
      throw new DomainError("not_confirmed", { retryAfterSeconds: 2 });
  }

  /** Wait until this node has applied `seq`; the next renewal brings it where the push does not. */
  async function applied(seq: number): Promise<void> {
    const until = clock.monotonic() + lease + receiptGrace;
    while (node !== null && knowledge.seq < seq && clock.monotonic() < until)
      await Promise.race([appliedSomething.fired, pause(lease / 4)]);
  }

  return {
    /** Resolves once this node holds its first lease, or the CLI knows where the ledger stands. */
    async start(): Promise<void> {
      // The first renewal replays what is retained; only then is there something to continue from.
      while (!stopped && !(await tryToRenew())) await pause(100);
      void keepFollowing();
      if (node !== null) void keepRenewing();
    },

    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      if (node !== null) await store.leave().catch(() => {});
    },

    /** May this grant act now? Synchronous, no I/O. */
    admit: (grant: Grant): Verdict => admit(knowledge, grant, clock.monotonic(), clock.wall()),

    /** What the ledger says of the end of this grant's session. */
    endOf: (grant: Grant): EndFacts | null => endOf(knowledge, grant),

    /** How this session ended, as far as the ledger has told and that is remembered. */
    knownEnd: (session: SessionId): EndFacts | null => knowledge.ended.get(session)?.value ?? null,

    /** Go on only with the right to decide; throws `unavailable` when it cannot be had now. */
    async assertLease(): Promise<void> {
      if (!isHolding() && !(await regainLease()))
        throw new DomainError("unavailable", { retryAfterSeconds: 1 });
    },

    regainLease,

    holdsLease: isHolding,

    /** Redis time up to which this node may act, for scripts that must refuse later. */
    leaseEndsAt: (): number => leaseEndsAt(knowledge),

    /** Redis time in milliseconds, carried forward on the monotonic clock. */
    redisNow: now,
    generation: () => knowledge.everyone.generation,
    endOfEveryone: () => knowledge.everyone,
    head: () => ({ seq: knowledge.seq, generation: knowledge.everyone.generation }),
    drawGeneration: () => store.drawGeneration(knowledge.everyone.generation),
    intend: store.intend,
    unfulfilled: store.unfulfilled,
    fulfil: store.fulfil,
    leaseAge: (): number =>
      knowledge.lease === null
        ? Number.POSITIVE_INFINITY
        : clock.monotonic() - knowledge.lease.from,
    lag: () => lag,

    /**
     * Append a cut. Resolves when the quorum holds it and this node has applied it; throws `not_confirmed`
     * when that cannot be said in time (the cut stands wherever it arrived, and its intent is tried again).
     */
    async append(cut: Cut, intent: string | null): Promise<LedgerEntry> {
      const entry = await appendOrOwe(cut, intent);
      // Below what is known: the ledger was replaced, and old acknowledgements would lie about the new entry.
      if (!applyAll([entry]) && entry.seq <= knowledge.seq && !(await renewedSoon()))
        throw new DomainError("not_confirmed", { retryAfterSeconds: 2 });
      await assertKept();
      await applied(entry.seq);
      return entry;
    },

    assertKept,

    /**
     * Wait until every node has applied the entry or has lost its lease: who did, and at what cost. A node whose
     * lease ran out before is named as missing and not waited for: it can admit nobody.
     */
    async confirm(entry: LedgerEntry): Promise<Pick<Receipt, "confirmed" | "sockets">> {
      const nodes = await store.nodes();
      const bound = lease + receiptGrace;
      const live = nodes.filter(({ silentFor }) => silentFor <= bound).map(({ name }) => name);
      await receipts.collect(entry.seq, live, bound);
      return receipts.read(
        entry.seq,
        nodes.map(({ name }) => name),
      );
    },

    onEntry: (listener: EntryListener) => void entryListeners.push(listener),
    onLoss: (listener: LossListener) => void lossListeners.push(listener),
  };
}
