/**
 * When the ledger does not continue what a node knows (trimmed past it, replaced by a failover, emptied, or
 * restored from a backup), the node merges all that is retained, keeps what it knew beyond that, and tells
 * Redis again what Redis has lost. Pure; shared by the server and the model checker.
 */
import {
  applyCut,
  createKnowledge,
  type Cut,
  type Knowledge,
  type LedgerEntry,
} from "./admission.ts";

/** Merge a whole retained ledger and move to its head. Knowledge only grows (I3). */
export function adoptLedger(
  knowledge: Knowledge,
  entries: readonly LedgerEntry[],
  head: { seq: number; hash: string },
): void {
  for (const entry of entries) applyCut(knowledge, entry.cut, entry.at);
  knowledge.seq = head.seq;
  knowledge.hash = head.hash;
}

/** The cuts this node still holds that a replay of `entries` would not know: Redis has lost them. */
export function cutsLostBy(knowledge: Knowledge, entries: readonly LedgerEntry[]): Cut[] {
  const replayed = createKnowledge();
  for (const entry of entries) applyCut(replayed, entry.cut, entry.at);
  const lost = new Set<Cut>();
  for (const [session, known] of knowledge.ended)
    if (!replayed.ended.has(session)) lost.add(known.cut);
  for (const [session, known] of knowledge.tokenVersions)
    if ((replayed.tokenVersions.get(session)?.value ?? 0) < known.value) lost.add(known.cut);
  for (const [account, known] of knowledge.accountGenerations)
    if ((replayed.accountGenerations.get(account)?.value.generation ?? 0) < known.value.generation)
      lost.add(known.cut);
  for (const [account, known] of knowledge.permissionVersions)
    if ((replayed.permissionVersions.get(account)?.value ?? 0) < known.value) lost.add(known.cut);
  return [...lost];
}
