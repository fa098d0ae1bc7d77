/** Cuts as they may come, from so few sessions and accounts that they meet each other, and ledgers made of them. */
import fc from "fast-check";
import type { Cut, Knowledge, LedgerEntry } from "../../server/domain/admission.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";

export const someSessions = ["s1", "s2", "s3", "s4", "s5"] as SessionId[];
export const someAccounts = ["a1", "a2"] as AccountId[];
/** s1 to s4 belong to accounts, s5 is a guest's. */
export const accountOf = (session: SessionId): AccountId | null =>
  (({ s1: "a1", s2: "a1", s3: "a2", s4: "a2" })[session as string] as AccountId | undefined) ??
  null;

const end = { reason: "revoked" as const, at: 0 };
const version = fc.integer({ min: 1, max: 5 });
const session = fc.constantFrom(...someSessions);
const account = fc.constantFrom(...someAccounts);

const ended = fc
  .uniqueArray(session, { minLength: 1 })
  .map((sessions): Cut => ({ kind: "ended", account: null, sessions, end }));
const rotated = fc
  .record({ session, version })
  .map((facts): Cut => ({ kind: "rotated", ...facts }));
const ofAccount = fc
  .record({ account, generation: version, sessions: fc.uniqueArray(session) })
  .map((facts): Cut => ({ kind: "account", ...facts, end }));
const everyone = version.map((generation): Cut => ({
  kind: "everyone",
  generation,
  kept: null,
  end,
}));
const ofPermissions = fc.record({ account, version }).map((facts): Cut => ({
  kind: "permissions",
  ...facts,
  permissions: [],
  added: [],
  removed: [],
  at: 0,
}));

export const anyCut: fc.Arbitrary<Cut> = fc.oneof(
  ended,
  rotated,
  ofAccount,
  everyone,
  ofPermissions,
);

/** A ledger of these cuts. Two ledgers of different names share no hash. */
export const chainOf = (cuts: readonly Cut[], name: string): LedgerEntry[] =>
  cuts.map((cut, at) => ({
    seq: at + 1,
    at: at + 1,
    previous: at === 0 ? "" : `${name}-${at}`,
    hash: `${name}-${at + 1}`,
    cut,
  }));

/** Whether `one` refuses everything that `other` refuses. */
export function deniesAtLeast(one: Knowledge, other: Knowledge): boolean {
  const covers = <K, V>(
    more: Map<K, { value: V }>,
    less: Map<K, { value: V }>,
    rank: (value: V) => number,
  ): boolean =>
    [...less].every(([key, { value }]) => {
      const known = more.get(key);
      return known !== undefined && rank(known.value) >= rank(value);
    });
  return (
    covers(one.ended, other.ended, () => 0) &&
    covers(one.tokenVersions, other.tokenVersions, (value) => value) &&
    covers(one.accountGenerations, other.accountGenerations, (value) => value.generation) &&
    covers(one.permissionVersions, other.permissionVersions, (value) => value) &&
    one.everyone.generation >= other.everyone.generation
  );
}
