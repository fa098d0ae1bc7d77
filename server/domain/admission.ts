/**
 * The rule behind every door: may this grant act now? Pure functions over a node's knowledge of the ledger;
 * the server, the model checker and the property tests run this same code (protocol.md I1-I13).
 *
 * A node may decide without asking Redis while it holds a lease, and only against everything the ledger held
 * when the lease was asked for. Deny knowledge only grows until the grants it denies have died by themselves,
 * so an answer that was on its way while a cut was applied can never win over the cut.
 */
import type { Permission } from "../../shared/contract/accounts.ts";
import type { AccountName, EndReason } from "../../shared/contract/sessions.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";

/** What a checked credential yields, the same at every door. Times are Redis time in milliseconds. */
export interface Grant {
  sessionId: SessionId;
  tokenVersion: number;
  accountId: AccountId | null;
  accountGeneration: number;
  globalGeneration: number;
  permissionVersion: number;
  authenticatedAt: number;
  /** At most ACCESS_TOKEN_TTL after the Redis TIME of the script that found the session live. */
  expiresAt: number;
}

/** Why, when and by whom a session ended. `at` is Redis time in milliseconds. */
export interface EndFacts {
  reason: EndReason;
  at: number;
  by?: AccountName | undefined;
  message?: string | undefined;
}

/** What must cut access. Generations and versions are counters, never timestamps. */
export type Cut =
  | { kind: "ended"; account: AccountId | null; sessions: SessionId[]; end: EndFacts }
  | { kind: "rotated"; session: SessionId; version: number }
  | {
      kind: "account";
      account: AccountId;
      generation: number;
      sessions: SessionId[];
      end: EndFacts;
    }
  | { kind: "everyone"; generation: number; kept: SessionId | null; end: EndFacts }
  | {
      kind: "permissions";
      account: AccountId;
      version: number;
      permissions: Permission[];
      added: Permission[];
      removed: Permission[];
      by?: AccountName | undefined;
      at: number;
    };

/** One line of the ledger: dense sequence number, and the hash of all that went before it. */
export interface LedgerEntry {
  seq: number;
  /** Redis TIME of the append, milliseconds. */
  at: number;
  previous: string;
  hash: string;
  cut: Cut;
}

interface Lease {
  /** Monotonic instant BEFORE the renewal was sent: the lease counts from here (I1). */
  from: number;
  wallFrom: number;
  /** Redis TIME inside that renewal: at most this plus the monotonic time since `from` has passed there. */
  redisAt: number;
  length: number;
}

/** A piece of deny knowledge, and the cut it came from, should a restored Redis have to be told again. */
interface Known<T> {
  value: T;
  at: number;
  cut: Cut;
}

/** All that a node knows of the ledger. Mutated only by `applyEntry`, `forgetBefore` and `extendLease`. */
export interface Knowledge {
  seq: number;
  hash: string;
  ended: Map<SessionId, Known<EndFacts>>;
  tokenVersions: Map<SessionId, Known<number>>;
  accountGenerations: Map<AccountId, Known<{ generation: number; end: EndFacts }>>;
  permissionVersions: Map<AccountId, Known<number>>;
  everyone: { generation: number; end: EndFacts | null };
  lease: Lease | null;
}

export type Verdict =
  | "admitted"
  /** No right to decide: ask for a lease, else refuse with 503. */
  | "no_lease"
  | "ended"
  /** The secret was rotated away; the session lives. */
  | "stale_token"
  /** Found live too long ago, or below a generation: read it again, the row decides. */
  | "reread"
  /** The session lives on with other permissions: read them again. */
  | "stale_permissions";

/** A step of wall against monotonic time beyond this voids the lease: the host slept (protocol.md P2). */
export const clockStepTolerance = 250;

export const createKnowledge = (): Knowledge => ({
  seq: 0,
  hash: "",
  ended: new Map(),
  tokenVersions: new Map(),
  accountGenerations: new Map(),
  permissionVersions: new Map(),
  everyone: { generation: 0, end: null },
  lease: null,
});

/** Whether the entry does not follow what is known: something is missing or the ledger was replaced (I4, I5). */
export const detectGap = (knowledge: Knowledge, entry: LedgerEntry): boolean =>
  entry.seq !== knowledge.seq + 1 || entry.previous !== knowledge.hash;

/** Merge a cut. Idempotent, and never forgets: versions and generations only rise (I3). */
export function applyCut(knowledge: Knowledge, cut: Cut, at: number): void {
  switch (cut.kind) {
    case "ended":
      for (const session of cut.sessions)
        renew(knowledge.ended, session, { value: cut.end, at, cut });
      return;
    case "rotated":
      renew(knowledge.tokenVersions, cut.session, { value: cut.version, at, cut }, (v) => v);
      return;
    case "account": {
      for (const session of cut.sessions)
        renew(knowledge.ended, session, { value: cut.end, at, cut });
      const value = { generation: cut.generation, end: cut.end };
      renew(knowledge.accountGenerations, cut.account, { value, at, cut }, (v) => v.generation);
      return;
    }
    case "everyone":
      if (cut.generation > knowledge.everyone.generation)
        knowledge.everyone = { generation: cut.generation, end: cut.end };
      return;
    case "permissions":
      renew(knowledge.permissionVersions, cut.account, { value: cut.version, at, cut }, (v) => v);
      return;
  }
}

/** Apply an entry that follows what is known, and move the head to it. */
export function applyEntry(knowledge: Knowledge, entry: LedgerEntry): void {
  applyCut(knowledge, entry.cut, entry.at);
  knowledge.seq = entry.seq;
  knowledge.hash = entry.hash;
}

/**
 * Count the lease from the instant before its renewal was sent. Call only when every entry that the renewal
 * returned has been applied, and the quorum of replicas has acknowledged its write (I1, I7).
 */
export function extendLease(
  knowledge: Knowledge,
  renewal: { sentAt: number; wallSentAt: number; redisAt: number; length: number },
): void {
  if (knowledge.lease && knowledge.lease.from >= renewal.sentAt) return;
  knowledge.lease = {
    from: renewal.sentAt,
    wallFrom: renewal.wallSentAt,
    redisAt: renewal.redisAt,
    length: renewal.length,
  };
}

/** Validity is computed from the clocks each time; there is no flag that a timer would have to clear (I2). */
export function holdsLease(knowledge: Knowledge, monotonic: number, wall: number): boolean {
  const { lease } = knowledge;
  if (lease === null || monotonic >= lease.from + lease.length) return false;
  return Math.abs(wall - lease.wallFrom - (monotonic - lease.from)) < clockStepTolerance;
}

/** Redis time carried forward on the monotonic clock: never behind the true one (P6). */
export const redisTimeAt = (knowledge: Knowledge, monotonic: number): number =>
  knowledge.lease === null
    ? Number.POSITIVE_INFINITY
    : knowledge.lease.redisAt + (monotonic - knowledge.lease.from);

/** Until when, in Redis time, this node may act: what a script is given that must not act for it any later. */
export const leaseEndsAt = ({ lease }: Knowledge): number =>
  lease === null ? 0 : lease.redisAt + lease.length;

/** Synchronous, without I/O, a few look-ups (I13). */
export function admit(
  knowledge: Knowledge,
  grant: Grant,
  monotonic: number,
  wall: number,
): Verdict {
  if (!holdsLease(knowledge, monotonic, wall)) return "no_lease";
  if (knowledge.ended.has(grant.sessionId)) return "ended";
  if (grant.globalGeneration < knowledge.everyone.generation) return "reread";
  const version = knowledge.tokenVersions.get(grant.sessionId);
  if (version !== undefined && grant.tokenVersion < version.value) return "stale_token";
  if (redisTimeAt(knowledge, monotonic) >= grant.expiresAt) return "reread";
  if (grant.accountId === null) return "admitted";
  const generation = knowledge.accountGenerations.get(grant.accountId);
  if (generation !== undefined && grant.accountGeneration < generation.value.generation)
    return "reread";
  const permissions = knowledge.permissionVersions.get(grant.accountId);
  if (permissions !== undefined && grant.permissionVersion < permissions.value)
    return "stale_permissions";
  return "admitted";
}

/** What the ledger says of the end of this grant's session, if anything. */
export function endOf(knowledge: Knowledge, grant: Grant): EndFacts | null {
  const ended = knowledge.ended.get(grant.sessionId);
  if (ended) return ended.value;
  if (grant.globalGeneration < knowledge.everyone.generation) return knowledge.everyone.end;
  const generation = grant.accountId && knowledge.accountGenerations.get(grant.accountId);
  if (generation && grant.accountGeneration < generation.value.generation)
    return generation.value.end;
  return null;
}

/**
 * Drop what was cut before `horizon` (Redis time). Safe when the horizon lies at least one grant's life, the
 * clock difference between possible primaries and a margin in the past: no grant it denies can be alive (P7).
 */
export function forgetBefore(knowledge: Knowledge, horizon: number): void {
  const { ended, tokenVersions, accountGenerations, permissionVersions } = knowledge;
  for (const map of [ended, tokenVersions, accountGenerations, permissionVersions])
    for (const [key, known] of map as Map<string, Known<unknown>>) {
      if (known.at >= horizon) break;
      (map as Map<string, unknown>).delete(key);
    }
}

/**
 * Keep the higher rank (the first, where nothing is ranked) and the later time. Re-inserting keeps the map in
 * the order of time, so that forgetting can stop at the first young entry.
 */
function renew<K, T>(
  map: Map<K, Known<T>>,
  key: K,
  news: Known<T>,
  rank: (value: T) => number = () => 0,
): void {
  const known = map.get(key);
  map.delete(key);
  const kept = known && rank(known.value) >= rank(news.value) ? known : news;
  map.set(key, { ...kept, at: Math.max(news.at, known?.at ?? 0) });
}
