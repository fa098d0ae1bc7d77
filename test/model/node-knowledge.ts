/** Between the few numbers that a state keeps of a node and the product's own knowledge, and back. */
import {
  applyCut,
  createKnowledge,
  extendLease,
  type Cut,
  type EndFacts,
  type Grant,
  type Knowledge,
  type LedgerEntry,
} from "../../server/domain/admission.ts";
import type { SessionId } from "../../shared/ids.ts";
import { never, type Code, type NodeState } from "./world-state.ts";

/** Lease in ticks. */
export const lease = 2;
export const tick = 1000;

const end: EndFacts = { reason: "revoked", at: 0 };
export const sessionId = (session: number) => `session-${session}` as SessionId;
export const radix = 4;
export const sessionOf = (code: Code): number => (code % radix) - 1;

export const grants = [0, 1].map((session): Grant => ({
  sessionId: sessionId(session),
  tokenVersion: 1,
  accountId: null,
  accountGeneration: 0,
  globalGeneration: 0,
  permissionVersion: 0,
  authenticatedAt: 0,
  expiresAt: 1e9,
}));

const entryOf = (code: Code, seq: number, previous: Code): LedgerEntry => ({
  seq,
  at: seq,
  previous: previous === 0 ? "" : String(previous),
  hash: String(code),
  cut: endOf(sessionOf(code)),
});

/** The entries of a log after position `from`. */
export const entriesOf = (log: readonly Code[], from: number, previous: Code): LedgerEntry[] =>
  log.map((code, at) => entryOf(code, from + at + 1, at === 0 ? previous : log[at - 1]));

export function knowledgeOf(node: NodeState, sessions: number): Knowledge {
  const knowledge = createKnowledge();
  for (let session = 0; session < sessions; session++)
    if ((node.ended >> session) & 1) applyCut(knowledge, endOf(session), 0);
  knowledge.seq = node.seq;
  knowledge.hash = node.hash === 0 ? "" : String(node.hash);
  if (node.leaseFrom !== never)
    extendLease(knowledge, {
      sentAt: node.leaseFrom * tick,
      wallSentAt: node.leaseWallFrom * tick,
      redisAt: 0,
      length: lease * tick,
    });
  return knowledge;
}

const endOf = (session: number): Cut => ({
  kind: "ended",
  account: null,
  sessions: [sessionId(session)],
  end,
});

/** Back from the product's knowledge into the few numbers that a state keeps of it. */
export function takeOver(node: NodeState, knowledge: Knowledge, sessions: number): void {
  node.ended = 0;
  for (let session = 0; session < sessions; session++)
    if (knowledge.ended.has(sessionId(session))) node.ended |= 1 << session;
  node.seq = knowledge.seq;
  node.hash = Number(knowledge.hash);
  node.leaseFrom = knowledge.lease === null ? never : knowledge.lease.from / tick;
  node.leaseWallFrom = knowledge.lease === null ? never : knowledge.lease.wallFrom / tick;
}
