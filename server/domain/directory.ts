/**
 * The admin's view over everybody's live sessions: newest first, a page at a time, however many there are.
 * Paging follows creation times, which never change, so rows neither repeat nor vanish between pages.
 */
import { isIP } from "node:net";
import type { Session, SessionKind } from "../../shared/contract/sessions.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { AccountRow } from "./session.ts";
import type { AccountStore } from "./accounts.ts";
import { foldUsername } from "./accounts.ts";
import type { Ledger } from "./ledger.ts";
import type { Presence } from "./presence.ts";
import type { SessionStore, Sessions } from "./sessions.ts";
import { endsAt, type SessionRow } from "./session.ts";

/** A place in the order of creation; what comes next is strictly older (or the same instant, lesser id). */
export interface Place {
  at: number;
  id: string;
}

export interface DirectoryStore {
  /** Live sessions created before `after`, newest first. */
  newest(after: Place | null, count: number, kind?: SessionKind): Promise<Place[]>;
  /** All live sessions of these accounts. */
  ofAccounts(ids: readonly AccountId[]): Promise<Place[]>;
  /** All live sessions, or those of one kind. */
  count(kind?: SessionKind): Promise<number>;
}

export interface DirectoryAsk {
  q?: string | undefined;
  kind?: SessionKind | undefined;
  online?: "true" | "false" | undefined;
  cursor?: string | undefined;
  limit: number;
}

export interface DirectoryOptions {
  store: DirectoryStore;
  rows: SessionStore["rows"];
  accounts: AccountStore;
  presence: Presence;
  ledger: Ledger;
  show: Sessions["show"];
}

export type Directory = ReturnType<typeof createDirectory>;

/** A filter that matches little must not read a million rows in one request: then the page comes early. */
const mostRead = 5000;
const mostAccounts = 200;

export function createDirectory(options: DirectoryOptions) {
  const { store, rows, accounts, presence, ledger } = options;

  /** Which sessions come into question, a batch at a time, newest first. */
  async function* candidates(ask: DirectoryAsk, after: Place | null): AsyncGenerator<Place[]> {
    const narrowed = await narrow(ask);
    if (narrowed !== null) {
      const rest = narrowed.filter((place) => after === null || isAfter(place, after));
      rest.sort(newestFirst);
      for (let at = 0; at < rest.length; at += 200) yield rest.slice(at, at + 200);
      return;
    }
    for (let from = after; ;) {
      const batch = await store.newest(from, Math.max(ask.limit, 100), ask.kind);
      if (batch.length === 0) return;
      yield batch;
      from = batch[batch.length - 1]!;
    }
  }

  /** A set of candidates smaller than everything, where the filter offers one. */
  async function narrow(ask: DirectoryAsk): Promise<Place[] | null> {
    if (ask.q !== undefined && ask.q !== "" && isIP(ask.q) === 0) {
      const prefix = foldUsername(ask.q);
      const found = await accounts.list({ prefix, cursor: null, limit: mostAccounts });
      return store.ofAccounts(found.accounts.map(({ id }) => id));
    }
    if (ask.online !== "true") return null;
    const online = await rows(await presence.online());
    return online.flatMap((row) => (row ? [{ at: row.createdAt, id: row.id }] : []));
  }

  const matches = (row: SessionRow, sockets: number, ask: DirectoryAsk): boolean =>
    (ask.kind === undefined || row.kind === ask.kind) &&
    (ask.online === undefined || sockets > 0 === (ask.online === "true")) &&
    (ask.q === undefined || isIP(ask.q) === 0 || row.ip === ask.q);

  return {
    count: store.count,

    async list(
      ask: DirectoryAsk,
      current?: SessionId,
    ): Promise<{ sessions: Session[]; next: string | null; total: number }> {
      const total = await store.count();
      const sessions: Session[] = [];
      let read = 0;
      let last: Place | null = null;
      for await (const batch of candidates(ask, parseCursor(ask.cursor))) {
        const ids = batch.map(({ id }) => id as SessionId);
        const [found, sockets] = await Promise.all([rows(ids), presence.of(ids)]);
        const owners = await ownersOf(found, accounts);
        for (const [at, row] of found.entries()) {
          if (sessions.length === ask.limit || read >= mostRead)
            return { sessions, next: last && formatCursor(last), total };
          last = batch[at]!;
          read++;
          if (row === null || row.end || row.globalGeneration < ledger.generation()) continue;
          if (ledger.redisNow() >= endsAt(row)) continue;
          if (!matches(row, sockets[at] ?? 0, ask)) continue;
          const owner = row.accountId ? (owners.get(row.accountId) ?? null) : null;
          sessions.push(options.show(row, owner, sockets[at] ?? 0, current));
        }
      }
      return { sessions, next: null, total };
    },
  };
}

async function ownersOf(
  found: readonly (SessionRow | null)[],
  accounts: AccountStore,
): Promise<Map<AccountId, AccountRow>> {
  const ids = [...new Set(found.flatMap((row) => (row?.accountId ? [row.accountId] : [])))];
  const owners = await Promise.all(ids.map((id) => accounts.find(id)));
  return new Map(owners.flatMap((owner) => (owner ? [[owner.id, owner] as const] : [])));
}

const newestFirst = (one: Place, other: Place): number =>
  other.at - one.at || (one.id < other.id ? 1 : -1);

const isAfter = (place: Place, after: Place): boolean =>
  place.at < after.at || (place.at === after.at && place.id < after.id);

const formatCursor = ({ at, id }: Place): string =>
  Buffer.from(`${at}.${id}`).toString("base64url");

/** A cursor that is not ours starts at the beginning. */
function parseCursor(cursor: string | undefined): Place | null {
  if (cursor === undefined) return null;
  const [at, id] = Buffer.from(cursor, "base64url").toString().split(".");
  return id && Number.isFinite(Number(at)) ? { at: Number(at), id } : null;
}
