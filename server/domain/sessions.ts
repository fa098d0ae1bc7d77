/**
 * Sessions: opening, rotating, listing, naming. What must be atomic on an account's slot is one script behind
 * SessionStore; what cuts access goes through the ledger. Ends live in ends.ts.
 */
import { randomBytes, randomInt } from "node:crypto";
import type { EndReason, EndedSession, Session } from "../../shared/contract/sessions.ts";
import { DomainError } from "../../shared/errors.ts";
import { idAlphabet, routeLength, type AccountId, type SessionId } from "../../shared/ids.ts";
import type { ActivityLog } from "./activity.ts";
import type { EndFacts } from "./admission.ts";
import { parseSessionToken } from "./credentials.ts";
import { cleanDeviceName, describeDevice } from "./device.ts";
import { hashSecret, type Door, type Found, type Held } from "./door.ts";
import type { FamilyId } from "./families.ts";
import type { Ledger, Owner } from "./ledger.ts";
import type { Presence } from "./presence.ts";
import {
  isFresh,
  showEndedSession,
  showSession,
  type AccountRow,
  type EndedRow,
  type SessionRow,
} from "./session.ts";

export interface NewSession {
  id: SessionId;
  /** Redis time as this node carries it; orders the global index. */
  at: number;
  kind: SessionRow["kind"];
  accountId: AccountId | null;
  secretHash: string;
  globalGeneration: number;
  idleFor: number;
  lifetime: number;
  method: Session["method"];
  ip: string;
  location: string | null;
  deviceHash: string;
  /** What its owner calls the device; null: by what it is. */
  name: string | null;
  isUnfamiliar: boolean;
  device: { type: string; browser?: string | undefined; os?: string | undefined };
}

export interface Displaced {
  id: SessionId;
  reason: EndReason;
}

export type Opening =
  | { state: "opened"; at: number; account: AccountRow | null; displaced: Displaced[] }
  | { state: "account_gone" | "account_disabled" };

export type Ending =
  | { state: "unknown" }
  | { state: "not_due" }
  | { state: "already" | "ended"; at: number; row: SessionRow; end: EndFacts };

export interface EndOrder {
  reason: EndReason;
  by?: EndFacts["by"];
  message?: string | undefined;
}

export interface SessionStore {
  /**
   * `secretHash` null: whoever asks was let in before (a socket); only whether the session lives counts.
   * `member`: which member of its family the holder's credential was issued with, to be noted as in use.
   */
  find(id: SessionId, secretHash: string | null, member?: number): Promise<Found>;
  /** Lists it in the global index and the deadlines first; a crash in between leaves no unlisted session. */
  open(session: NewSession, limit: number, carried: SessionId | null): Promise<Opening>;
  rotate(
    id: SessionId,
    /** Null: proved in another way. */
    presentHash: string | null,
    /** Null: the secret stays, and what was issued to bearers is stale. */
    nextHash: string | null,
    fresh: boolean,
  ): Promise<{ state: "rotated"; version: number; at: number } | { state: "ended" | "stale" }>;
  /** `account` null: whoever's it is. `due`: only when past its deadline, which then is the reason. */
  end(
    id: SessionId,
    order: EndOrder & { account: AccountId | null; due?: boolean; trace?: boolean },
  ): Promise<Ending>;
  /** All but `keep`; the account's generation is bumped when none is kept. Null: no such account. */
  endAll(
    account: AccountId,
    keep: SessionId | null,
    order: EndOrder,
    change?: { disabled?: boolean; passwordHash?: string },
  ): Promise<{ at: number; generation: number; ids: SessionId[] } | null>;
  list(account: AccountId): Promise<{ at: number; live: SessionRow[]; ended: EndedRow[] }>;
  /** Rows by id, live or ended, in the order asked; null where there is none. */
  rows(ids: readonly SessionId[]): Promise<((SessionRow & { end?: EndFacts }) | null)[]>;
  rename(id: SessionId, account: AccountId, name: string | null): Promise<SessionRow | null>;
  /** Its owner knows this device. */
  recognise(id: SessionId, account: AccountId): Promise<SessionRow | null>;
  restamp(id: SessionId, generation: number): Promise<boolean>;
  /** Out of the lists that lead to them. */
  unlist(ids: readonly SessionId[]): Promise<void>;
  kept(id: SessionId): Promise<{ version: number; value: string } | null>;
  keep(id: SessionId, version: number, value: string): Promise<number>;
}

/** Who is asking, from where: facts of the request that become facts of the session. */
export interface Visitor {
  ip: string;
  location: string | null;
  userAgent: string | undefined;
  /** The device cookie's value; null on a first visit. */
  device: string | null;
}

export interface Opened {
  /** `held.token` goes into the session cookie. */
  held: Held;
  /** To be set as the device cookie: the one that came, or a new one. */
  device: string;
}

export interface OpenHow {
  /** An app signs in for tokens of its own. */
  method?: "token";
  deviceName?: string | undefined;
  isUnfamiliar?: boolean;
}

export interface SessionsOptions {
  store: SessionStore;
  ledger: Ledger;
  activity: ActivityLog;
  presence: Presence;
  lifetimes: {
    idle: number;
    lifetime: number;
    guestLifetime: number;
    guestMaximum: number;
    rememberLifetime: number;
  };
  perAccount: number;
  stepUpWindow: number;
  door: Door;
}

export type Sessions = ReturnType<typeof createSessions>;

const randomId = (length: number): string =>
  Array.from({ length }, () => idAlphabet[randomInt(idAlphabet.length)]).join("");

export const newAccountId = (): AccountId => randomId(16) as AccountId;
/** In the hash slot of its account, or in any for a guest. */
export const newSessionId = (account: AccountId | null): SessionId =>
  ((account?.slice(0, routeLength) ?? randomId(routeLength)) + randomId(17)) as SessionId;
/** In the hash slot of its session. */
export const newFamilyId = (session: SessionId): FamilyId =>
  (session.slice(0, routeLength) + randomId(17)) as FamilyId;
export const newSecret = (): string => randomBytes(32).toString("base64url");
export const newDevice = (): string => randomBytes(16).toString("base64url");
/** 96 bits tell devices apart; nobody can come back from it to the cookie. */
export const hashDevice = (device: string): string => hashSecret(device).slice(0, 16);
export const newOperation = (): string => randomBytes(12).toString("base64url");

export function createSessions(options: SessionsOptions) {
  const { store, ledger, activity, presence, lifetimes, stepUpWindow } = options;

  const show = (
    row: SessionRow,
    account: AccountRow | null,
    sockets: number,
    current?: SessionId,
  ) => showSession(row, { redisNow: ledger.redisNow(), stepUpWindow, account, sockets, current });

  async function open(
    account: AccountRow | null,
    visitor: Visitor,
    carried: SessionId | null,
    how: OpenHow = {},
  ): Promise<Opened> {
    await ledger.assertLease();
    const isToken = how.method === "token";
    const id = newSessionId(account?.id ?? null);
    const secret = newSecret();
    const device = visitor.device ?? newDevice();
    const session: NewSession = {
      id,
      at: Math.floor(ledger.redisNow()),
      kind: isToken ? "token" : account ? "account" : "guest",
      accountId: account?.id ?? null,
      secretHash: hashSecret(secret),
      globalGeneration: ledger.generation(),
      ...(isToken
        ? { idleFor: lifetimes.rememberLifetime, lifetime: lifetimes.rememberLifetime }
        : account
          ? { idleFor: lifetimes.idle, lifetime: lifetimes.lifetime }
          : { idleFor: lifetimes.guestLifetime, lifetime: lifetimes.guestMaximum }),
      method: isToken ? "token" : account ? "password" : "guest",
      name: how.deviceName === undefined ? null : cleanDeviceName(how.deviceName),
      isUnfamiliar: how.isUnfamiliar ?? false,
      ip: visitor.ip,
      location: visitor.location,
      deviceHash: hashDevice(device),
      device: describeDevice(visitor.userAgent),
    };
    const operation = newOperation();
    const owner: Owner = account?.id ?? id;
    const intended = account ? ledger.intend(operation, owner) : undefined;
    const [opening] = await Promise.all([
      store.open(session, options.perAccount, carried),
      intended,
    ]);
    if (opening.state !== "opened")
      throw new DomainError(
        opening.state === "account_disabled" ? "account_disabled" : "invalid_credentials",
      );
    await tellDisplaced(account, opening, operation);
    const token = `${id}.${secret}`;
    const checked = await options.door.check(token);
    // Ended between two breaths: by an admin, or by the same person signing in again on this device.
    if (checked.state !== "held") throw new DomainError("unavailable", { retryAfterSeconds: 1 });
    const { held } = checked;
    void activity.tell({ type: "opened", session: show(held.row, held.account, 0) });
    void activity.record({
      type: "session.opened",
      kind: session.kind,
      account: held.account ? nameOf(held.account) : undefined,
      sessionId: id,
      ip: visitor.ip,
    });
    return { held, device };
  }

  /** Sessions that this one displaced must be cut, but the one who signs in does not wait for it. */
  async function tellDisplaced(
    account: AccountRow | null,
    opening: Extract<Opening, { state: "opened" }>,
    operation: string,
  ): Promise<void> {
    if (account === null) return;
    const { at, displaced } = opening;
    const reasons = [...new Set(displaced.map(({ reason }) => reason))];
    const cuts = reasons.map((reason) => ({
      sessions: displaced.filter((one) => one.reason === reason).map(({ id }) => id),
      end: { reason, at },
    }));
    if (cuts.length === 0) return ledger.fulfil(operation);
    for (const [index, { sessions, end }] of cuts.entries()) {
      const last = index === cuts.length - 1;
      await ledger.append(
        { kind: "ended", account: account.id, sessions, end },
        last ? operation : null,
      );
      for (const sessionId of sessions)
        void activity.record({
          type: "session.ended",
          reason: end.reason,
          account: nameOf(account),
          sessionId,
        });
    }
    await store.unlist(displaced.map(({ id }) => id));
  }

  /** A row was changed by its owner: show it, and let every page and node know. */
  async function tellChanged(row: SessionRow | null, account: AccountRow | null): Promise<Session> {
    if (row === null) throw new DomainError("session_not_found");
    options.door.forget(row.id);
    const [sockets] = await presence.of([row.id]);
    const session = show(row, account, sockets ?? 0);
    void activity.tell({ type: "renamed", session });
    return session;
  }

  async function rowOf(account: AccountRow, id: SessionId): Promise<SessionRow> {
    const [row] = await store.rows([id]);
    if (!row || row.end || row.accountId !== account.id) throw new DomainError("session_not_found");
    return row;
  }

  return {
    open,
    show,
    tellChanged,

    /** One of the account's own live sessions; throws `session_not_found` for any other. */
    async one(account: AccountRow, id: SessionId): Promise<Session> {
      const [row, [sockets]] = await Promise.all([rowOf(account, id), presence.of([id])]);
      return show(row, account, sockets ?? 0);
    },

    rowOf,

    /** What the request's own page is told of its session. */
    async showOwn(held: Held): Promise<Session> {
      held.sockets ??= (await presence.of([held.row.id]))[0] ?? 0;
      return show(held.row, held.account, held.sockets, held.row.id);
    },

    /** Until when (Redis time) what is shown of a session stays true if nothing happens to it. */
    shownUntil: (session: Session, row: SessionRow): number =>
      session.fresh ? row.authenticatedAt + stepUpWindow : Infinity,

    /**
     * The session that a token just issued opens; a bearer's is known by its id. Not read by the secret, which
     * would say that its owner has received it.
     */
    async holdNow(token: string, id = parseSessionToken(token)?.id): Promise<Held> {
      const checked = id && (await options.door.readById(id, token));
      if (!checked || checked.state !== "held") throw new DomainError("not_signed_in");
      return checked.held;
    },

    /** Ending other sessions takes a password proved lately; ending one's own never does. */
    assertFresh(held: Held): void {
      if (!isFresh(held.row, ledger.redisNow(), stepUpWindow))
        throw new DomainError("reauthentication_required");
    },

    /**
     * A new secret for the same session, as its token. The caller has just proved the password when `fresh`.
     * A bearer has no secret of the session and gets none: what was issued to it is stale, and the browser that
     * has the secret keeps it.
     */
    async rotate(held: Held, fresh: boolean): Promise<string> {
      const { id } = held.row;
      const isBearer = !isOfCookie(held);
      const present = isBearer ? "" : hashSecret(held.token.slice(id.length + 1));
      const secret = newSecret();
      const operation = newOperation();
      const [rotation] = await Promise.all([
        store.rotate(id, present || null, isBearer ? null : hashSecret(secret), fresh),
        ledger.intend(operation, held.row.accountId ?? id),
      ]);
      if (rotation.state !== "rotated")
        throw new DomainError(rotation.state === "stale" ? "stale_token" : "session_ended");
      await ledger.append({ kind: "rotated", session: id, version: rotation.version }, operation);
      return isBearer ? held.token : `${id}.${secret}`;
    },

    /** One's own devices: live ones newest first, then those that ended within the last weeks. */
    async list(
      account: AccountRow,
      current?: SessionId,
    ): Promise<{ sessions: Session[]; ended: EndedSession[] }> {
      const { live, ended } = await store.list(account.id);
      const generation = ledger.generation();
      const alive = live.filter((row) => row.globalGeneration >= generation);
      const sockets = await presence.of(alive.map(({ id }) => id));
      const showing = { redisNow: ledger.redisNow(), stepUpWindow, account, current, sockets: 0 };
      return {
        sessions: alive.map((row, at) => show(row, account, sockets[at] ?? 0, current)),
        ended: ended.map((row) => showEndedSession(row, showing)),
      };
    },

    rename: async (account: AccountRow, id: SessionId, name: string): Promise<Session> =>
      tellChanged(await store.rename(id, account.id, cleanDeviceName(name)), account),

    /** "Yes, this was me." */
    recognise: async (account: AccountRow, id: SessionId): Promise<Session> =>
      tellChanged(await store.recognise(id, account.id), account),
  };
}

/** Whether the holder has the session's secret, as browsers do; else it holds an access token. */
export const isOfCookie = ({ token, row }: Held): boolean => token.startsWith(`${row.id}.`);

export const nameOf = (account: Pick<AccountRow, "id" | "username">) => ({
  id: account.id,
  username: account.username,
});
