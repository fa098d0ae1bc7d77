/**
 * Every key there is, with its Redis type and lifetime. All keys of one account (and of one guest session)
 * share the hash tag of its routing part, so one script changes them atomically on Redis Cluster too; the
 * ledger's keys share `{ledger}`, those of the activity log `{activity}`.
 */
import type { FamilyId } from "../domain/families.ts";
import type { SessionKind } from "../../shared/contract/sessions.ts";
import { routeLength, type AccountId, type SessionId } from "../../shared/ids.ts";

const slotOf = (id: string): string => `{${id.slice(0, routeLength)}}`;

/** The part of a session row's key before its id; scripts build the rows of their own slot from it. */
export const rowPrefix = (id: SessionId | AccountId | FamilyId): string => `${slotOf(id)}s:`;
/** The part of an account's key before its id. */
export const accountPrefix = (id: SessionId | AccountId | FamilyId): string => `${slotOf(id)}a:`;

/** hash; a session or its tombstone. Lives until its absolute expiry plus the time tombstones are kept. */
export const sessionRow = (id: SessionId): string => rowPrefix(id) + id;
/** hash; a family of one-time credentials. Lives until its absolute expiry or its device's end. */
export const family = (id: FamilyId): string => `${slotOf(id)}f:${id}`;
/** hash; lives for ever. */
export const account = (id: AccountId): string => accountPrefix(id) + id;
/** sorted set of the account's live SessionIds by creation; gone when empty. */
export const liveSessions = (id: AccountId): string => `${slotOf(id)}live:${id}`;
/** sorted set of the account's ended SessionIds by end, at most 50; lives as long as tombstones are kept. */
export const endedSessions = (id: AccountId): string => `${slotOf(id)}ended:${id}`;
/** hash of device hash -> first sign-in there; lives for ever, one field a device (400-day cookie). */
export const knownDevices = (id: AccountId): string => `${slotOf(id)}devices:${id}`;

/** string, the AccountId that holds this name; for ever, or one minute while the account is being made. */
export const username = (folded: string): string => `username:${folded}`;
/** sorted set, all scores 0, of `<folded username>\0<AccountId>`; the admin's list and prefix search. */
export const accountNames = "{accounts}names";
/** set of the AccountIds that hold `accounts:manage` and are not disabled. */
export const managers = "{accounts}managers";
/** string, the first admin's AccountId once set up; one minute while it is being made. */
export const setupClaim = "{accounts}setup";
/** string, hash of the setup token of the newest start; until set up. */
export const setupToken = "{accounts}setup-token";

const indexBuckets = 8;
const sessionKinds = ["account", "guest", "token"] as const satisfies readonly SessionKind[];
/** sorted set of live SessionIds of one kind by creation: a fixed bucket of the global index. */
export const sessionIndex = (kind: SessionKind, id: SessionId): string =>
  `index:${kind}:${bucketOf(id)}`;
/** All buckets of one kind, or of all. */
export const sessionIndexes = (kind?: SessionKind): string[] =>
  (kind ? [kind] : sessionKinds).flatMap((one) =>
    Array.from({ length: indexBuckets }, (_, bucket) => `index:${one}:${bucket}`),
  );
/** The buckets a session may be listed in, whatever its kind. */
export const sessionIndexesOf = (id: SessionId): string[] =>
  sessionKinds.map((kind) => sessionIndex(kind, id));
const bucketOf = (id: SessionId): number => {
  let sum = 0;
  for (let at = id.length - 4; at < id.length; at++) sum = sum * 31 + id.charCodeAt(at);
  return sum % indexBuckets;
};
/** hash of key id -> signing key (JSON), the private part sealed; until nothing it signed is alive. */
export const signingKeys = "{keys}signing";
/** sorted set of owners (an AccountId, or a guest's SessionId) by the earliest deadline of their sessions. */
export const deadlines = "{deadlines}";

/** stream with ids `<seq>-0`; entries live for the ledger's retention. */
export const ledgerLog = "{ledger}log";
/** hash seq, hash; for ever. */
export const ledgerHead = "{ledger}head";
/** hash generation, end (JSON); for ever. */
export const ledgerEveryone = "{ledger}everyone";
/** sorted set of node ids by the Redis time of their last renewal. */
export const ledgerNodes = "{ledger}nodes";
/** string; lives for one lease. Written by each renewal, so that a demoted primary cannot grant one. */
export const ledgerLease = (node: string): string => `{ledger}lease:${node}`;
/** stream of acknowledgements, the newest 10,000 or so. */
export const ledgerAcknowledgements = "{ledger}acknowledgements";
/** hash of operation id -> `<ms>|<owner>`: changes begun on an account's slot and not yet in the ledger. */
export const ledgerIntents = "{ledger}intents";

/** stream of events, the newest 100,000 or so. */
export const activityLog = "{activity}log";
/** stream of the account's own events, the newest 500 or so; for ever. */
export const accountActivity = (id: AccountId): string => `${slotOf(id)}activity:${id}`;
/** stream of what pages should redraw, the newest 5,000 or so; losing it costs a redraw. */
export const activityNews = "{activity}news";

/** hash of SessionId -> open pages on that node; lives three leases, renewed with the node's lease. */
export const presence = (node: string): string => `presence:${node}`;
/** string, the node that sweeps now; a few seconds. */
export const sweeperLock = "sweeper:lock";
