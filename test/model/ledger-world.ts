/**
 * The world of the promise: a ledger on a primary with replicas, nodes that renew, are pushed to and decide,
 * and everything that can go wrong between them. Time is discrete; delay, pause, lost replication, failover and
 * a resumed old primary are choices of the search. What a node knows and decides is answered by the product's
 * own functions; the faults of `Fault` are the ways of building it that do not hold.
 */
import {
  admit,
  applyCut,
  extendLease,
  forgetBefore,
  holdsLease,
  type Knowledge,
  type LedgerEntry,
} from "../../server/domain/admission.ts";
import { adoptLedger, applyInOrder, cutsLostBy } from "../../server/domain/resync.ts";
import type { SessionId } from "../../shared/ids.ts";
import {
  entriesOf,
  grants,
  knowledgeOf,
  lease,
  radix,
  sessionId,
  sessionOf,
  takeOver,
  tick,
} from "./node-knowledge.ts";
import type { World } from "./search.ts";
import {
  copyState,
  decodeState,
  encodeState,
  never,
  type Code,
  type Flight,
  type NodeState,
  type WorldState,
} from "./world-state.ts";

export type Fault =
  /** The lease counts from the reply's arrival, not from before the renewal was sent (I1). */
  | "lease counted from the reply"
  /** Validity is a flag that a timer clears (I2). */
  | "timer flag"
  /** After a failover a node goes on by sequence number, without the chain (I4). */
  | "resume by sequence only"
  /** An end is acknowledged before its replicas hold it (I6). */
  | "acknowledged before replication"
  /** The probe is a plain read, which an old primary answers even when it knows that it was demoted (I7). */
  | "probe served by the old primary"
  /** The probe is a write, but no replica need confirm it (I7). */
  | "probe without WAIT"
  /** Of two replicas one is enough, and any may be promoted (P4, P5). */
  | "quorum smaller than the replicas"
  /** An entry that a push has overtaken is skipped unread (I4). */
  | "overtaken entries skipped"
  /** Only monotonic time is looked at, which stands still while the host sleeps (P2). */
  | "wall clock ignored"
  /** What is known is forgotten a lease after it was told (I11). */
  | "forgotten too early";

export interface Setting {
  nodes: number;
  sessions: number;
  /** The last instant; one tick is a second. */
  until: number;
  replicas?: number;
  /** Whether hosts may be suspended: their monotonic clock stands still, their wall clock does not. */
  suspends?: boolean;
  fault?: Fault;
}

export function createLedgerWorld(setting: Setting): World<WorldState> {
  const { nodes, sessions, until, fault } = setting;
  const replicas = setting.replicas ?? 1;
  const quorum = fault === "quorum smaller than the replicas" ? 1 : replicas;
  const verdicts = new Map<string, boolean>();

  const monotonicOf = (state: WorldState, node: NodeState) => state.now - node.slept;
  const wallOf = (state: WorldState, node: NodeState) =>
    fault === "wall clock ignored" ? monotonicOf(state, node) : state.now;

  /** The same question always has the same answer: each is asked of the product once. */
  function isAdmitted(state: WorldState, node: NodeState, session: number): boolean {
    const [monotonic, wall] = [monotonicOf(state, node), wallOf(state, node)];
    const from = [node.leaseFrom, node.leaseWallFrom, monotonic, wall, node.ended, session];
    const question = from.join();
    let answer = verdicts.get(question);
    if (answer === undefined) {
      const knowledge = knowledgeOf(node, sessions);
      answer = admit(knowledge, grants[session], monotonic * tick, wall * tick) === "admitted";
      verdicts.set(question, answer);
    }
    if (fault === "timer flag") return node.flag && ((node.ended >> session) & 1) === 0;
    return answer;
  }

  const isFlagDue = (state: WorldState, node: NodeState): boolean =>
    fault === "timer flag" &&
    node.flag &&
    !holdsLease(knowledgeOf(node, sessions), state.now * tick, state.now * tick);

  function append(state: WorldState, session: number): void {
    state.log.push(session + 1 + state.nextId++ * radix);
    if (state.failedOver || fault === "acknowledged before replication") acknowledge(state);
  }

  function acknowledge(state: WorldState): void {
    for (const code of state.log) {
      const session = sessionOf(code);
      if (state.acknowledged[session] === never) state.acknowledged[session] = state.now;
    }
  }

  const isReplicated = (state: WorldState): boolean =>
    state.held.filter((held) => held === state.log.length).length >= quorum;

  /** The replica `chosen` becomes the primary; what it does not hold is lost, and is asked for again. */
  function failOver(state: WorldState, chosen: number): void {
    state.old = { log: state.log, demoted: false };
    state.log = state.log.slice(0, state.held[chosen]);
    state.failedOver = true;
    const kept = new Set(state.log.map(sessionOf));
    for (let session = 0; session < sessions; session++)
      if (state.acknowledged[session] === never && !kept.has(session)) state.asked[session] = false;
    acknowledge(state);
  }

  /** What a primary answers to a renewal that carries the node's position (renew-lease.lua). */
  function serve(flight: Flight, log: readonly Code[], counts: boolean): void {
    const { seq, hash } = flight;
    const known = seq === 0 || log[seq - 1] === hash;
    const continues = known || fault === "resume by sequence only";
    const from = continues ? Math.min(seq, log.length) : 0;
    const previous = continues ? hash : 0;
    flight.reply = { continues, from, previous, codes: log.slice(from), counts };
    // The position is part of the answer now; equal answers are equal states.
    flight.seq = 0;
    flight.hash = 0;
  }

  /** As createLedger's renewal does with the reply, by the same functions. */
  function deliver(state: WorldState, node: NodeState): void {
    const { sentAt, wallSentAt, reply } = node.flight!;
    if (reply === null) return;
    const knowledge = knowledgeOf(node, sessions);
    const { continues, from, previous, codes, counts } = reply;
    const entries = entriesOf(codes, from, previous);
    const headCode = codes[codes.length - 1] ?? previous;
    const head = { seq: from + codes.length, hash: headCode === 0 ? "" : String(headCode) };
    if (fault === "resume by sequence only") {
      for (const { cut, at } of entries) applyCut(knowledge, cut, at);
      knowledge.seq = Math.max(knowledge.seq, head.seq);
      knowledge.hash = head.hash;
    } else if (!continues || !applyReply(knowledge, entries)) {
      const lost = continues ? [] : cutsLostBy(knowledge, entries);
      adoptLedger(knowledge, entries, head);
      for (const cut of lost) if (cut.kind === "ended") appendAgain(state, cut.sessions[0]);
    }
    const receivedAt = monotonicOf(state, node);
    const fromReply = fault === "lease counted from the reply";
    if (counts)
      extendLease(knowledge, {
        sentAt: (fromReply ? receivedAt : sentAt) * tick,
        wallSentAt: (fromReply ? receivedAt : wallSentAt) * tick,
        redisAt: 0,
        length: lease * tick,
      });
    if (fault === "forgotten too early") forgetBefore(knowledge, state.now);
    takeOver(node, knowledge, sessions);
    node.flag = holdsLease(knowledge, receivedAt * tick, state.now * tick);
    node.flight = null;
  }

  function applyReply(knowledge: Knowledge, entries: readonly LedgerEntry[]): boolean {
    if (fault !== "overtaken entries skipped") return applyInOrder(knowledge, entries).continues;
    return applyInOrder(
      knowledge,
      entries.filter((entry) => entry.seq > knowledge.seq),
    ).continues;
  }

  function appendAgain(state: WorldState, id: SessionId): void {
    for (let session = 0; session < sessions; session++)
      if (sessionId(session) === id && !state.log.some((code) => sessionOf(code) === session))
        append(state, session);
  }

  /** What the blocking read hands over; a gap is left to the next renewal. */
  function push(node: NodeState, log: readonly Code[]): void {
    const knowledge = knowledgeOf(node, sessions);
    const entries = entriesOf(
      log.slice(node.seq),
      node.seq,
      node.seq === 0 ? 0 : log[node.seq - 1],
    );
    applyInOrder(knowledge, entries);
    takeOver(node, knowledge, sessions);
  }

  function step(state: WorldState, take: (label: string, next: WorldState | null) => void): void {
    const go = (label: string, change: (next: WorldState) => void): void => {
      const next = copyState(state);
      change(next);
      take(label, next);
    };
    // A running node's due timer fires before time moves on; a stopped node's does not.
    const isTimeHeld = state.nodes.some((node) => !node.paused && isFlagDue(state, node));
    if (state.now < until && !isTimeHeld) go("tick", (next) => void next.now++);
    for (let session = 0; session < sessions; session++)
      if (!state.asked[session])
        go(`end session ${session}`, (next) => {
          next.asked[session] = true;
          append(next, session);
        });
    if (!state.failedOver) stepReplication(state, go);
    if (state.old !== null && !state.old.demoted && fault === "probe served by the old primary")
      go("the old primary is demoted", (next) => void (next.old!.demoted = true));
    for (let at = 0; at < nodes; at++) stepNode(state, at, go, take);
  }

  type Go = (label: string, change: (next: WorldState) => void) => void;

  function stepReplication(state: WorldState, go: Go): void {
    for (let replica = 0; replica < replicas; replica++) {
      if (state.held[replica] < state.log.length)
        go(`replica ${replica} catches up`, (next) => {
          next.held[replica] = next.log.length;
          if (isReplicated(next)) acknowledge(next);
        });
      if (state.now > 0) go(`replica ${replica} takes over`, (next) => failOver(next, replica));
    }
  }

  function stepNode(
    state: WorldState,
    at: number,
    go: Go,
    take: (label: string, next: null) => void,
  ): void {
    const node = state.nodes[at];
    // Elsewhere a stopped node is one that the search gives no step.
    if (fault === "timer flag")
      go(`${node.paused ? "continue" : "stop"} node ${at}`, (next) => {
        next.nodes[at].paused = !node.paused;
      });
    if (setting.suspends && state.now < until)
      go(`suspend host ${at} for a tick`, (next) => {
        next.now++;
        next.nodes[at].slept++;
        // The others run on: their clocks are their own, and only `now` is shared.
      });
    if (node.flight !== null && node.flight.reply === null) stepServing(state, at, go);
    if (node.paused) return;
    if (node.flight === null)
      go(`node ${at} sends a renewal`, (next) => {
        const [sentAt, wallSentAt] = [monotonicOf(next, node), wallOf(next, node)];
        next.nodes[at].flight = { sentAt, wallSentAt, seq: node.seq, hash: node.hash, reply: null };
      });
    else if (node.flight.reply !== null)
      go(`node ${at} takes the reply`, (next) => deliver(next, next.nodes[at]));
    for (const [name, log] of [["", state.log] as const, [" of old", state.old?.log] as const])
      if (log !== undefined && log.length > node.seq)
        go(`node ${at} takes a push${name}`, (next) => push(next.nodes[at], log));
    if (isFlagDue(state, node))
      go(`node ${at}'s timer fires`, (next) => void (next.nodes[at].flag = false));
    for (let session = 0; session < sessions; session++) {
      const acknowledged = state.acknowledged[session];
      if (acknowledged === never || state.now < acknowledged + lease) continue;
      if (isAdmitted(state, node, session))
        take(
          `node ${at} ADMITS session ${session} at ${state.now}, acknowledged at ${acknowledged}`,
          null,
        );
    }
  }

  /** The primary executes the renewal; so may one that was replaced, if it does not know or is only read. */
  function stepServing(state: WorldState, at: number, go: Go): void {
    go(`the primary answers node ${at}`, (next) => {
      serve(next.nodes[at].flight!, next.log, true);
    });
    if (state.old === null) return;
    const { log, demoted } = state.old;
    const isRead = fault === "probe served by the old primary";
    if (demoted && !isRead) return;
    // The replica that took over confirms nothing to it any more; the others do until they are told.
    const counts = isRead || fault === "probe without WAIT" || replicas - 1 >= quorum;
    go(`the old primary answers node ${at}`, (next) => {
      serve(next.nodes[at].flight!, log, counts);
    });
  }

  return {
    start: {
      now: 0,
      nextId: 0,
      log: [],
      held: Array<number>(replicas).fill(0),
      failedOver: false,
      old: null,
      asked: Array<boolean>(sessions).fill(false),
      acknowledged: Array<number>(sessions).fill(never),
      nodes: Array.from({ length: nodes }, () => ({
        ended: 0,
        seq: 0,
        hash: 0,
        leaseFrom: never,
        leaseWallFrom: never,
        flag: false,
        paused: false,
        slept: 0,
        flight: null,
      })),
    },
    encode: encodeState,
    decode: decodeState,
    step,
  };
}
