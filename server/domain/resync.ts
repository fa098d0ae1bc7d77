/**
 * When the ledger does not continue what a node knows (trimmed past it, replaced by a failover, emptied, or
 * restored from a backup), the node merges all that is retained, keeps what it knew beyond that, and tells
 * Redis again what Redis has lost. Pure; shared by the server and the model checker.
 */
import {
  applyCut,
  applyEntry,
  createKnowledge,
  detectGap,
  type Cut,
  type Knowledge,
  type LedgerEntry,
} from "./admission.ts";
import type { SessionId } from "../../shared/ids.ts";

/** Whether the cut tells nothing new. */
export function isKnown(knowledge: Knowledge, cut: Cut): boolean {
  const areEnded = (sessions: readonly SessionId[]) =>
    sessions.every((session) => knowledge.ended.has(session));
  switch (cut.kind) {
    case "ended":
      return areEnded(cut.sessions);
    case "rotated":
      return cut.version <= (knowledge.tokenVersions.get(cut.session)?.value ?? 0);
    case "account": {
      const known = knowledge.accountGenerations.get(cut.account)?.value.generation ?? 0;
      return cut.generation <= known && areEnded(cut.sessions);
    }
    case "everyone":
      return cut.generation <= knowledge.everyone.generation;
    case "permissions":
      return cut.version <= (knowledge.permissionVersions.get(cut.account)?.value ?? 0);
  }
}

/**
 * Apply entries in order, as far as they follow. One that a push has overtaken is merged all the same: if it
 * is news, it comes from another ledger than the push did (a failover in between), and to skip it would be to
 * admit what it denies under the lease of the very renewal that told of it.
 */
export function applyInOrder(
  knowledge: Knowledge,
  entries: readonly LedgerEntry[],
): { news: LedgerEntry[]; continues: boolean } {
  const news: LedgerEntry[] = [];
  let continues = true;
  for (const entry of entries) {
    const overtaken = entry.seq <= knowledge.seq;
    if (overtaken && isKnown(knowledge, entry.cut)) continue;
    if (!overtaken && detectGap(knowledge, entry)) return { news, continues: false };
    if (overtaken) applyCut(knowledge, entry.cut, entry.at);
    else applyEntry(knowledge, entry);
    continues &&= !overtaken;
    news.push(entry);
  }
  return { news, continues };
}

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
