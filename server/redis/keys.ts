/**
 * Every key there is, with its Redis type and lifetime. All keys of one account (and of one guest session)
 * share the hash tag of its routing part, so one script changes them atomically on Redis Cluster too; the
 * ledger's keys share `{ledger}`, those of the activity log `{activity}`, those of the desk `{desk}`.
 */
import type { FamilyId } from "../domain/families.ts";
import type { OutcomeKind } from "../../shared/contract/outcomes.ts";
import type { SessionKind } from "../../shared/contract/sessions.ts";
import {
  routeLength,
  type AccountId,
  type ReservationId,
  type ResourceId,
  type SessionId,
} from "../../shared/ids.ts";

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

/** hash of ResourceId -> what is in the bin of an account, for ever, or of a guest, as long as its session. */
export const bin = (owner: AccountId | SessionId): string => `${slotOf(owner)}bin:${owner}`;
/** The part of a merge's key before the guest's id. */
export const mergePrefix = (id: AccountId): string => `${slotOf(id)}merge:${id}:`;
/** hash; what this guest's bin changed in the account's. Lives for a day. */
export const merge = (id: AccountId, guest: SessionId): string => mergePrefix(id) + guest;
/** string, the guest's SessionId of the account's last merge, until it is undone or for a day. */
export const lastMerge = (id: AccountId): string => `${slotOf(id)}merged:${id}`;

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
/**
 * Before `<seconds it covers>:<its number>`: a hash of how much of what happened in one bucket of time; kept a
 * little longer than the longest window that shows it, so there are at most some 620.
 */
export const statsPrefix = "{activity}stats:";
/** string, how many sessions had an open page when last looked at; half a minute. */
export const onlineNow = "{activity}online";

/** sorted set of the ResourceIds on the catalogue by creation. */
export const resources = "{desk}resources";
/** sorted set of ResourceIds by their removal, the newest 1,000: those of which some is held or delivered. */
export const removedResources = "{desk}removed";
/** The part of a resource's key before its id. */
export const resourcePrefix = "{desk}resource:";
/** hash; for ever, or 28 days from its removal when nothing of it is held or delivered. */
export const resource = (id: ResourceId): string => resourcePrefix + id;
/** list of the batches that its free units are in, oldest first; gone with the resource. */
export const batches = (id: ResourceId): string => `{desk}batches:${id}`;
/** The part of the key of a list of units before the batch's id. */
export const unitsPrefix = (id: ResourceId): string => `{desk}units:${id}:`;
/** list of units, free for as long as its batch is listed; an hour while the batch is being added. */
export const units = (id: ResourceId, batch: string): string => unitsPrefix(id) + batch;
/** hash of a unit's hash -> the batch it came with; gone with the resource. */
export const seenUnits = (id: ResourceId): string => `{desk}seen:${id}`;
/** set of the batches that were added as a whole; gone with the resource. */
export const addedBatches = (id: ResourceId): string => `{desk}added:${id}`;
/** string, the batch that is being added now; one minute from its last portion. */
export const addingUnits = (id: ResourceId): string => `{desk}adding:${id}`;
/** hash; for ever once claimed, 28 days from its end when it expired or was given back. */
export const reservation = (id: ReservationId): string => `{desk}reservation:${id}`;
/** sorted set of the account's ReservationIds by creation, those of the last 35 days. */
export const reservationsOf = (id: AccountId): string => `{desk}of:${id}`;
/** sorted set of the held ReservationIds by the moment they run out. */
export const dueReservations = "{desk}due";
/** hash of ResourceId -> units of it that the account holds or has; for ever. */
export const unitCounts = (id: AccountId): string => `{desk}counts:${id}`;
/** string, `<ReservationId> <ResourceId>` that a request with this key has made; lives for a day. */
export const reserveKey = (id: AccountId, key: string): string => `{desk}key:${id}:${key}`;
/** hash of AccountId -> generation below which nothing may be reserved; for ever. */
export const reserveBelow = "{desk}below";
/** stream of outcomes of one kind, the newest 100,000 or so. */
export const outcomes = (kind: OutcomeKind): string => `{desk}outcomes:${kind}`;
/** stream of what changed at the desk, the newest 10,000 or so; losing it costs a redraw. */
export const deskChanges = "{desk}changes";
/** hash of an outcome's id -> how it was judged; as long as the outcome. */
export const verdicts = "{desk}verdicts";

/** hash of SessionId -> open pages on that node; lives a minute after its node, counts only with it. */
export const presence = (node: string): string => `presence:${node}`;
/** string, the node that sweeps now; a few seconds. */
export const sweeperLock = "sweeper:lock";
/** string, the node that counts who is online now; some seconds. */
export const samplerLock = "sampler:lock";
