/**
 * The cookie door: turns a session token into the session it opens, from a bounded local cache, else by one
 * script. Every answer passes `admit`. An entry of the cache is only ever a head start: a cut that the ledger
 * has told of denies it, an old one is read again, and without a lease nothing is answered at all.
 */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Me } from "../../shared/contract/session-routes.ts";
import type { Permission } from "../../shared/contract/accounts.ts";
import { DomainError } from "../../shared/errors.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { EndFacts, Grant } from "./admission.ts";
import { parseSessionToken } from "./credentials.ts";
import type { Ledger } from "./ledger.ts";
import { grantOf, idleExpiresAt, type AccountRow, type SessionRow } from "./session.ts";

/** A live session in the hands of a request: the row, its account, and the grant that must stay admitted. */
export interface Held {
  token: string;
  row: SessionRow;
  account: AccountRow | null;
  grant: Grant;
  permissions: ReadonlySet<Permission>;
  /** When it was last used, in Redis time; `row.lastSeenAt` follows when it is written. */
  usedAt: number;
  /** Open pages over all nodes, as far as told; null: not asked yet. */
  sockets: number | null;
  /** What GET /api/me answers, until something of it changes that only a new reading tells. */
  reply: KeptReply | null;
}

/** An answer serialised once per version of the row. */
export interface KeptReply {
  me: Me;
  text: string;
  /** Until when (Redis time) all of it stays true if nothing happens. */
  until: number;
  /** The row was used since: its times are to be written anew. */
  isOutdated: boolean;
}

export type Found =
  | { state: "unknown" | "stale" }
  | { state: "ended"; end: EndFacts }
  /** Past a deadline: to be ended by the script that may. */
  | { state: "due"; row: SessionRow }
  | { state: "live"; row: SessionRow; account: AccountRow | null; at: number };

export type Checked =
  | { state: "nobody" }
  | { state: "held"; held: Held }
  | { state: "ended"; end: EndFacts }
  | { state: "stale" };

export interface DoorOptions {
  find(id: SessionId, secretHash: string | null, member?: number): Promise<Found>;
  /** End a session that is past its deadline; answers how it ended. */
  expire(row: SessionRow): Promise<EndFacts | null>;
  ledger: Ledger;
  /** ACCESS_TOKEN_TTL: how long a grant lives after it was read. */
  grantLife: number;
  /** How many sessions the cache holds. */
  cacheSize: number;
}

export type Door = ReturnType<typeof createDoor>;

export const hashSecret = (secret: string): string =>
  createHash("sha256").update(secret).digest("base64url");

/** Milliseconds within which an answer reaches the browser, or never will. */
const replyOnItsWay = 30_000;

const nobody: Checked = { state: "nobody" };
const stale: Checked = { state: "stale" };

export function createDoor({ find, expire, ledger, grantLife, cacheSize }: DoorOptions) {
  const cache = new LRUCache<string, Held>({ max: cacheSize });
  const tokensOf = new Map<SessionId, string>();
  const reading = new Map<string, Promise<Checked>>();

  /** The session of a token, without waiting; undefined when it must be read. */
  function recognise(token: string): Held | undefined {
    const held = cache.get(token);
    if (held === undefined || ledger.admit(held.grant) !== "admitted") return undefined;
    // A deadline passed in a cached row is a miss: another node may have seen activity.
    return ledger.redisNow() < idleExpiresAt(held.row, held.usedAt) ? held : undefined;
  }

  /** An end that the ledger has told of needs no reading; only a lease, like every answer. */
  function knownEnd(token: string): EndFacts | null {
    const held = cache.peek(token);
    if (held === undefined || ledger.admit(held.grant) !== "ended") return null;
    return ledger.endOf(held.grant);
  }

  async function read(token: string): Promise<Checked> {
    const parsed = parseSessionToken(token);
    if (parsed === null) return nobody;
    const checked = await readRow(parsed.id, hashSecret(parsed.secret), token);
    if (checked.state === "held") keep(checked.held);
    return checked;
  }

  async function readRow(
    id: SessionId,
    secretHash: string | null,
    token: string,
    member?: number,
  ): Promise<Checked> {
    await ledger.assertLease();
    const found = await find(id, secretHash, member);
    switch (found.state) {
      case "unknown":
        return nobody;
      case "stale":
        return stale;
      case "ended":
        return { state: "ended", end: found.end };
      case "due": {
        const end = await expire(found.row);
        return end ? { state: "ended", end } : nobody;
      }
      case "live":
        return judge(token, found.row, found.account, found.at);
    }
  }

  /** A row just read becomes a grant, and the grant is judged like any other. */
  function judge(token: string, row: SessionRow, account: AccountRow | null, at: number): Checked {
    const held: Held = {
      token,
      row,
      account,
      grant: grantOf(row, account, at, grantLife),
      permissions: new Set(account?.permissions),
      usedAt: row.lastSeenAt,
      sockets: null,
      reply: null,
    };
    switch (ledger.admit(held.grant)) {
      case "admitted":
        return { state: "held", held };
      case "no_lease":
        throw unavailable();
      case "stale_token":
        return stale;
      case "ended":
      case "reread": {
        const end = ledger.endOf(held.grant);
        if (end) return { state: "ended", end };
        throw unavailable();
      }
      case "stale_permissions":
        // Read from a Redis that lost the change; it is being told again.
        throw unavailable();
    }
  }

  function keep(held: Held): void {
    cache.set(held.token, held);
    tokensOf.set(held.row.id, held.token);
    if (tokensOf.size > 2 * cacheSize)
      for (const [id, token] of tokensOf) if (!cache.has(token)) tokensOf.delete(id);
  }

  return {
    recognise,

    /** What this token opens now. Throws `unavailable` when that cannot be known. */
    check(token: string): Checked | Promise<Checked> {
      const held = recognise(token);
      if (held !== undefined) return { state: "held", held };
      const end = knownEnd(token);
      if (end !== null) return { state: "ended", end };
      const under = reading.get(token);
      if (under !== undefined) return under;
      const answer = read(token).finally(() => reading.delete(token));
      reading.set(token, answer);
      return answer;
    },

    /**
     * A session by its id, for a door that has let its holder in by other means: sockets, whose secret may have
     * been rotated since, bearers and families. `member`: of its family, noted as in use.
     */
    readById: (id: SessionId, token: string, member?: number): Promise<Checked> =>
      readRow(id, null, token, member),

    /** Whether a session already in hand may still act: before an effect, or when the ledger has moved. */
    mayStill: (held: Held): boolean => ledger.admit(held.grant) === "admitted",

    /**
     * Whether the browser that was checked has signed in a moment ago: its next cookie is there, or on its way, and
     * must not be overwritten by a guest's.
     */
    hasSignedIn(token: string | null, checked: Checked): boolean {
      const parsed = token === null ? null : parseSessionToken(token);
      const end = checked.state === "ended" ? checked.end : parsed && ledger.knownEnd(parsed.id);
      return end?.reason === "replaced" && ledger.redisNow() - end.at < replyOnItsWay;
    },

    /** Pages of this session were opened or closed somewhere. */
    noteSockets(id: SessionId, sockets: number): void {
      const token = tokensOf.get(id);
      const held = token === undefined ? undefined : cache.peek(token);
      if (held === undefined || held.sockets === sockets) return;
      held.sockets = sockets;
      held.reply = null;
    },

    /** The row changed in ways no cut tells of (a name, what koa-session keeps): read it again. */
    forget(id: SessionId): void {
      const token = tokensOf.get(id);
      if (token === undefined) return;
      tokensOf.delete(id);
      cache.delete(token);
    },

    /** As `forget`, for all cached sessions of an account. */
    forgetAccount(id: AccountId): void {
      for (const held of cache.values()) if (held.row.accountId === id) this.forget(held.row.id);
    },
  };
}

const unavailable = () => new DomainError("unavailable", { retryAfterSeconds: 1 });
