/**
 * The parts that the server and the CLI have in common: connections, stores, rules. Nothing here listens or
 * prints; main.ts and cli.ts do.
 */
import { randomBytes } from "node:crypto";
import { cpus, hostname } from "node:os";
import type { Session } from "../shared/contract/sessions.ts";
import type { AccountId, SessionId } from "../shared/ids.ts";
import type { Config } from "./config.ts";
import { createAccounts } from "./domain/accounts.ts";
import type { EndFacts } from "./domain/admission.ts";
import { unlimitedAttempts } from "./domain/attempts.ts";
import { createBins } from "./domain/bin.ts";
import { createCatalogue } from "./domain/catalogue.ts";
import { createDesk } from "./domain/desk.ts";
import { createDeskClock } from "./domain/desk-clock.ts";
import { createDirectory } from "./domain/directory.ts";
import { createDoor } from "./domain/door.ts";
import { createEnds } from "./domain/ends.ts";
import { createHealing } from "./domain/healing.ts";
import { createLastSeen } from "./domain/last-seen.ts";
import { createLedger } from "./domain/ledger.ts";
import { createOutcomes } from "./domain/outcomes.ts";
import { createPasswords } from "./domain/passwords.ts";
import { createFamilies } from "./domain/families.ts";
import type { Report } from "./domain/report.ts";
import { createSessions, nameOf } from "./domain/sessions.ts";
import { isFresh } from "./domain/session.ts";
import { createSeal } from "./domain/seal.ts";
import { createSigningKeys } from "./domain/signing-keys.ts";
import { createTokens } from "./domain/tokens.ts";
import { createSignIn } from "./domain/sign-in.ts";
import { createSampler } from "./domain/sampler.ts";
import { createStats } from "./domain/stats.ts";
import { createSweeper } from "./domain/sweeper.ts";
import { createUnits } from "./domain/units.ts";
import { createAccountStore } from "./redis/accounts.ts";
import {
  createActivityHistory,
  createActivityLog,
  createActivityReader,
} from "./redis/activity.ts";
import { createAttempts } from "./redis/attempts.ts";
import { createBinStore } from "./redis/bin.ts";
import { createCatalogueStore } from "./redis/catalogue.ts";
import { openConnection } from "./redis/connect.ts";
import { createDeadlineStore } from "./redis/deadlines.ts";
import { createDeskReader, createDeskStore } from "./redis/desk.ts";
import { createFamilyStore } from "./redis/families.ts";
import { inspectRedis } from "./redis/inspect.ts";
import { createLedgerStore } from "./redis/ledger.ts";
import { createOutcomeStore } from "./redis/outcomes.ts";
import { createPresence } from "./redis/presence.ts";
import { createSeedStore } from "./redis/seed.ts";
import { createSigningKeyStore } from "./redis/signing-keys.ts";
import { createStatsStore } from "./redis/stats.ts";
import { createDirectoryStore, createSessionStore } from "./redis/sessions.ts";
import { createUnitStore } from "./redis/units.ts";

export interface CoreOptions {
  config: Config;
  url: string;
  /** A node holds a lease and answers for sockets; the CLI does neither. */
  role: "node" | "cli";
  knownHead?: { seq: number; generation: number } | undefined;
  /** What only the nodes know: seals signing keys, derives remember-me credentials. */
  keyMaterial: string;
  log: Report;
  count: {
    ends(reason: EndFacts["reason"], sessions: number): void;
    signIn(result: "succeeded" | "failed" | "limited"): void;
  };
}

export type Core = ReturnType<typeof createCore>;

const seconds = 1000;
const days = 24 * 60 * 60 * seconds;
/** Activity waits in memory for a sixtieth of the idle time, between one second and ten. */
const flushEveryFor = (idle: number): number =>
  Math.min(10 * seconds, Math.max(seconds, idle / 60));
const callDeadline = 2 * seconds;
const sweepEvery = 5 * seconds;
const sampleEvery = 10 * seconds;
const tombstones = 28 * days;
const hashesWaiting = 32;
const sessionsCached = 20_000;
/** Beyond a grant's life: what clocks of possible primaries may differ by, and a margin. */
const retentionMargin = 60 * seconds;

export function createCore(options: CoreOptions) {
  const { config, url, role, knownHead, log, count } = options;
  const name = `${hostname().slice(0, 24)}-${randomBytes(3).toString("hex")}`;
  const node = role === "node" ? name : null;
  const open = (part: string) => openConnection({ url, name: part, deadline: callDeadline, log });
  const changes = open("changes");
  const renewals = open("renewals");
  const ledgerFollower = open("ledger");
  const activityFollower = open("activity");
  const deskFollower = open("desk");

  const clock = { monotonic: () => performance.now(), wall: () => Date.now() };
  const { lease, accessTokenTtl, stepUpWindow } = config;
  const retention = accessTokenTtl + retentionMargin;
  const flushEvery = flushEveryFor(config.sessions.idle);
  let quorum = config.redisQuorum ?? 0;
  let problems = ["Redis has not been reached yet"];

  const ledgerStore = createLedgerStore({
    changes,
    renewals,
    follower: ledgerFollower,
    node,
    lease,
    retention,
  });
  const ledger = createLedger({
    store: ledgerStore,
    clock,
    node,
    lease,
    quorum: () => quorum,
    retention,
    knownHead,
    log,
  });
  const sessionStore = createSessionStore({
    connection: changes,
    tombstones,
    grace: 2 * flushEvery,
  });
  const accountStore = createAccountStore(changes);
  const directoryStore = createDirectoryStore(changes);
  const activity = createActivityLog(changes);
  const history = createActivityHistory(changes);
  const presence = createPresence({
    connection: changes,
    node,
    nodes: ledgerStore.nodes,
    // A renewal that is a little late is no death.
    life: 1.25 * lease,
  });
  const attempts = config.rateLimits ? createAttempts(changes) : unlimitedAttempts;
  const passwords = createPasswords({ parallel: cpus().length, queue: hashesWaiting });

  const nameOfAccount = async (id: AccountId) => {
    const account = await accountStore.find(id);
    return account && nameOf(account);
  };
  const ends = createEnds({
    store: sessionStore,
    ledger,
    activity,
    clock,
    retention,
    nameOfAccount,
    count: count.ends,
  });
  const door = createDoor({
    find: sessionStore.find,
    expire: ends.expire,
    ledger,
    grantLife: accessTokenTtl,
    cacheSize: sessionsCached,
  });
  const seal = createSeal(options.keyMaterial);
  const signingKeys = createSigningKeys({
    store: createSigningKeyStore(changes),
    seal,
    redisNow: ledger.redisNow,
    signedLife: accessTokenTtl,
  });
  const tokens = createTokens({
    keys: signingKeys,
    ledger,
    door,
    issuer: config.publicUrl ?? "urn:rollcall",
    cacheSize: sessionsCached,
  });
  const families = createFamilies({
    store: createFamilyStore(changes),
    ledger,
    ends,
    door,
    activity,
    key: seal.derive("remember"),
    lifetimes: config.sessions,
  });
  const sessions = createSessions({
    store: sessionStore,
    ledger,
    activity,
    presence,
    lifetimes: config.sessions,
    perAccount: config.sessions.perAccount,
    stepUpWindow,
    door,
  });
  const accounts = createAccounts({
    store: accountStore,
    ledger,
    ends,
    activity,
    passwords,
    clock,
    signups: config.signups,
  });
  /** The CLI holds no lease: it acts now or not at all. */
  const mayActUntil = () =>
    role === "node" ? ledger.leaseEndsAt() : ledger.redisNow() + callDeadline;
  const catalogueStore = createCatalogueStore(changes);
  const catalogue = createCatalogue({ store: catalogueStore, mayActUntil });
  const units = createUnits({ store: createUnitStore(changes), mayActUntil });
  const bins = createBins({
    store: createBinStore(changes),
    ledger,
    ends,
    activity,
    nameOfAccount,
    resourceExists: catalogue.has,
  });
  const desk = createDesk({
    store: createDeskStore(changes),
    accounts: accountStore,
    sessions: sessionStore,
    ledger,
    door,
    activity,
    attempts,
    lease,
    isFresh: ({ row }) => isFresh(row, ledger.redisNow(), stepUpWindow),
  });
  const outcomes = createOutcomes({
    store: createOutcomeStore(changes),
    resources: catalogueStore,
    activity,
    mayActUntil,
    releaseAll: desk.releaseAll,
  });
  const signIn = createSignIn({
    accounts: accountStore,
    sessions,
    bins,
    ends,
    ledger,
    activity,
    attempts,
    passwords,
    count: count.signIn,
  });
  const directory = createDirectory({
    store: directoryStore,
    rows: sessionStore.rows,
    accounts: accountStore,
    presence,
    ledger,
    show: sessions.show,
  });
  const healing = createHealing({
    sessions: sessionStore,
    accounts: accountStore,
    ledger,
    finishMerge: bins.merge,
    retention,
  });
  ledger.onLoss(async (lost) => {
    for (const cut of lost) await healing.redo(cut);
  });
  const statsStore = createStatsStore(changes, name);
  const sweeper = createSweeper({
    deadlines: createDeadlineStore(changes, name),
    sessions: sessionStore,
    directory: directoryStore,
    ledger,
    expire: ends.expire,
    finishBegun: healing.finishBegun,
    tellCleared: () => activity.tell({ type: "cleared" }),
    flushEvery,
    every: sweepEvery,
    log,
  });

  /** Rows as watchers see them. */
  async function showRows(ids: readonly SessionId[]): Promise<Session[]> {
    const [rows, sockets] = await Promise.all([sessionStore.rows(ids), presence.of(ids)]);
    const shown = rows.map(async (row, at) => {
      if (row === null || row.end) return [];
      const account = row.accountId && (await accountStore.find(row.accountId));
      return [sessions.show(row, account || null, sockets[at] ?? 0)];
    });
    return (await Promise.all(shown)).flat();
  }

  /** Rows of an account that a global generation has cut and nobody has buried yet. */
  async function listBelow(account: AccountId, generation: number): Promise<SessionId[]> {
    const { live } = await sessionStore.list(account);
    return live.filter((row) => row.globalGeneration < generation).map(({ id }) => id);
  }

  return {
    name,
    listBelow,
    accounts,
    accountStore,
    activity,
    history,
    activityReader: createActivityReader(activityFollower),
    attempts,
    bins,
    catalogue,
    desk,
    deskClock: createDeskClock({ giveBackDue: desk.giveBackDue, ledger, log }),
    deskReader: createDeskReader(deskFollower),
    directory,
    door,
    ends,
    families,
    ledger,
    outcomes,
    passwords,
    presence,
    seedStore: createSeedStore(changes, tombstones),
    sessions,
    sessionStore,
    showRows,
    signIn,
    signingKeys,
    stats: createStats({ store: statsStore, countSessions: () => directory.count() }),
    sampler: createSampler({ store: statsStore, presence, every: sampleEvery }),
    tokens,
    units,
    sweeper,

    createLastSeen: () =>
      createLastSeen({ touch: sessionStore.touch, redisNow: ledger.redisNow, every: flushEvery }),

    /** Resolves when Redis has answered; says what is wrong with it through `problems`. */
    async connect(): Promise<void> {
      await changes.ready();
      const inspection = await inspectRedis(changes);
      problems = inspection.problems;
      for (const problem of problems) log.warn(problem);
      quorum = config.redisQuorum ?? inspection.replicas;
    },

    inspect: () => inspectRedis(changes),
    nodes: ledgerStore.nodes,

    /** What keeps this node from deciding, in words. */
    problems: (): string[] => [
      ...problems,
      ...(ledger.holdsLease() ? [] : ["no lease: Redis has not confirmed one lately"]),
      // A lease lives on another connection: this one may still be on its way back.
      ...(changes.isReady() ? [] : ["Redis is not connected"]),
    ],

    /** Resolves when what was sent without waiting for it (news, lists) has arrived too. */
    settled: (): Promise<void> => changes.settled(),

    close(): void {
      for (const connection of [deskFollower, activityFollower, ledgerFollower, renewals, changes])
        connection.close();
    },
  };
}
