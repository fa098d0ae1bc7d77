/**
 * One account's devices, live. A snapshot says what is; events say what changed since, and those that come while
 * a snapshot travels are applied on top of it. Rows never move or vanish under the pointer or the focus: while
 * the list is held, new rows and a new order wait and are counted; what ends says so where it stands.
 */
import type { EndedSession, Session } from "../../shared/contract/sessions.ts";
import type { SessionEnded } from "../../shared/live.ts";
import {
  byPresence,
  countMoves,
  endRow,
  farewellMs,
  isOver,
  mergeSnapshot,
  putSession,
  splitKnown,
} from "./session-rows.ts";
import type { SessionRow } from "./session-rows.ts";

export interface SessionList {
  readonly status: "loading" | "ready";
  readonly rows: readonly SessionRow[];
  /** How many rows wait to join or to move. */
  readonly updates: number;
  readonly ended: readonly EndedSession[];
  /** New devices that nobody has answered for yet; never the one that asks. */
  readonly unfamiliar: readonly Session[];
  /** Why the last snapshot could not be fetched. */
  readonly failure: unknown;
  readonly asOf: number;
  refresh(): Promise<void>;
  hold(): void;
  release(): void;
  /** Shows what waits, also while the list is held. */
  showUpdates(): void;
  /** Replaces one row by what a reply said. */
  put(session: Session): void;
  /** Begins for the account that is signed in; what was known is gone when it ends. */
  open(): () => void;
}

/** What the list wants to be told. */
export interface SessionListEars {
  refresh(): void;
  put(session: Session): void;
  end(told: SessionEnded): void;
}

export interface SessionListParts {
  read: () => Promise<{ sessions: Session[]; ended: EndedSession[] }>;
  /** Tells what happens to this account's sessions, until it is called off. */
  follow: (ears: SessionListEars) => () => void;
  /** The id of this browser's session: pushed sessions do not know whom they are pushed to. */
  ownId: () => string | undefined;
}

export const createSessionList = ({ read, follow, ownId }: SessionListParts): SessionList => {
  let status = $state<SessionList["status"]>("loading");
  let rows = $state.raw<readonly SessionRow[]>([]);
  let waiting = $state.raw<readonly SessionRow[]>([]);
  let ended = $state.raw<readonly EndedSession[]>([]);
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let isHeld = false;
  let farewell: ReturnType<typeof setTimeout> | undefined;
  let snapshots = 0;
  /** What was heard while a snapshot travels. */
  let heard: (() => void)[] | null = null;

  const updates = $derived(waiting.length + countMoves(rows, byPresence));

  const own = (session: Session): Session => ({ ...session, current: session.id === ownId() });

  const put = (session: Session) => {
    if (rows.some((row) => row.session.id === session.id))
      rows = putSession(rows, session, { isNew: false, place: "last" });
    else waiting = putSession(waiting, session, { isNew: status === "ready", place: "last" });
    arrange();
  };

  const end = (told: SessionEnded) => {
    rows = endRow(rows, told, Date.now());
    const unseen = waiting.find(({ session }) => session.id === told.id);
    if (unseen) {
      ended = newestEnds([asEnded({ ...unseen, end: told }), ...ended]);
      waiting = waiting.filter((row) => row !== unseen);
    }
    sayFarewell();
  };

  /** One timer for all that are leaving, however many. */
  const sayFarewell = () => {
    farewell ??= setTimeout(() => {
      farewell = undefined;
      arrange();
      if (rows.some((row) => row.end && !isOver(row, Date.now()))) sayFarewell();
    }, farewellMs);
  };

  const arrange = () => {
    if (!isHeld) showUpdates();
  };

  const showUpdates = () => {
    const now = Date.now();
    const over = rows.filter((row) => isOver(row, now)).map(asEnded);
    if (over.length > 0) ended = newestEnds([...over, ...ended]);
    rows = [...rows.filter((row) => !isOver(row, now)), ...waiting].sort(byPresence);
    waiting = [];
  };

  const takeSnapshot = (sessions: readonly Session[], ends: readonly EndedSession[]) => {
    for (const end of ends) rows = endRow(rows, toldOf(end), Date.now());
    if (rows.some((row) => row.end)) sayFarewell();
    const merged = mergeSnapshot(rows, sessions, { isFirst: status === "loading" });
    [rows, waiting] = splitKnown(rows, merged);
    ended = newestEnds(ends);
  };

  const refresh = async () => {
    const snapshot = ++snapshots;
    heard = [];
    try {
      const reply = await read();
      if (snapshot !== snapshots) return;
      takeSnapshot(reply.sessions, reply.ended);
      for (const apply of heard) apply();
      [status, failure, asOf, heard] = ["ready", null, Date.now(), null];
      arrange();
    } catch (error) {
      if (snapshot === snapshots) [failure, heard] = [error, null];
    }
  };

  /** Applies an event now, and once more on top of a snapshot that may be older than it. */
  const hear = (apply: () => void) => {
    heard?.push(apply);
    apply();
  };

  const clear = () => {
    // A reply that is still on its way is about another account.
    snapshots += 1;
    [status, rows, waiting, ended, failure, isHeld] = ["loading", [], [], [], null, false];
  };

  return {
    get status() {
      return status;
    },
    get rows() {
      return rows;
    },
    get updates() {
      return updates;
    },
    get ended() {
      return ended.filter(({ id }) => !rows.some((row) => row.session.id === id));
    },
    get unfamiliar() {
      return [...rows, ...waiting].flatMap(({ session, end: over }) =>
        session.unfamiliar && !session.current && !over ? [session] : [],
      );
    },
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    refresh,
    hold: () => void (isHeld = true),
    release() {
      isHeld = false;
      showUpdates();
    },
    showUpdates,
    put: (session) => put(own(session)),
    open() {
      clear();
      const unfollow = follow({
        refresh: () => void refresh(),
        put: (session) => hear(() => put(own(session))),
        end: (told) => hear(() => end(told)),
      });
      return () => {
        unfollow();
        clear();
      };
    },
  };
};

const toldOf = ({ id, reason, by, endedAt }: EndedSession): SessionEnded => ({
  id,
  reason,
  at: endedAt,
  ...(by && { by }),
});

const asEnded = ({ session, end }: SessionRow): EndedSession => ({
  ...session,
  online: false,
  sockets: 0,
  endedAt: end?.at ?? session.lastSeenAt,
  reason: end?.reason ?? "signed_out",
  ...(end?.by && { by: end.by }),
});

/** As many as the server keeps of one account. */
const mostEnded = 50;

/** Each session once, as said last; the newest end first. */
const newestEnds = (sessions: readonly EndedSession[]): EndedSession[] =>
  [...new Map(sessions.map((session) => [session.id, session])).values()]
    .sort((a, b) => b.endedAt.localeCompare(a.endedAt))
    .slice(0, mostEnded);
