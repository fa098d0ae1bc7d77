/**
 * One's own devices, live, for every page that is open. A snapshot says what is; events say what changed since, and those that come
 * while a snapshot travels are applied on top of it. Rows never move or vanish under the pointer or the
 * focus: while the list is held, new rows join at the end and ended ones stay where they are.
 */
import { sessionRoutes } from "../../shared/contract/session-routes.ts";
import type { EndedSession, Session } from "../../shared/contract/sessions.ts";
import type { SessionEnded } from "../../shared/live.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { endRow, farewellMs, isOver, mergeSnapshot, putSession } from "./session-rows.ts";
import type { SessionRow } from "./session-rows.ts";

export interface Devices {
  readonly status: "loading" | "ready";
  readonly rows: readonly SessionRow[];
  readonly ended: readonly EndedSession[];
  /** New devices that nobody has answered for yet; never the one that asks. */
  readonly unfamiliar: readonly Session[];
  /** Why the last snapshot could not be fetched. */
  readonly failure: unknown;
  readonly asOf: number;
  refresh(): Promise<void>;
  hold(): void;
  release(): void;
  /** Replaces one row by what a reply said. */
  put(session: Session): void;
  /** Begins for the account that is signed in; what was known is gone when it ends. */
  open(): () => void;
}

interface DevicesParts {
  call: Call;
  live: Live;
  /** The id of this browser's session: pushed sessions do not know whom they are pushed to. */
  ownId: () => string | undefined;
}

export const createDevices = ({ call, live, ownId }: DevicesParts): Devices => {
  let status = $state<Devices["status"]>("loading");
  let rows = $state.raw<readonly SessionRow[]>([]);
  let ended = $state.raw<readonly EndedSession[]>([]);
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let isHeld = false;
  let snapshots = 0;
  let sinceSnapshot: (() => void)[] = [];

  const own = (session: Session): Session => ({ ...session, current: session.id === ownId() });

  const put = (session: Session) => {
    rows = putSession(rows, session, { isNew: status === "ready", place: "last" });
    arrange();
  };

  const end = (told: SessionEnded) => {
    rows = endRow(rows, told, Date.now());
    setTimeout(arrange, farewellMs);
  };

  const arrange = () => {
    if (isHeld) return;
    const now = Date.now();
    const over = rows.filter((row) => isOver(row, now)).map(asEnded);
    ended = newestEnds([...over, ...ended]);
    rows = rows.filter((row) => !isOver(row, now)).sort(byPresence);
  };

  const refresh = async () => {
    const snapshot = ++snapshots;
    sinceSnapshot = [];
    try {
      const reply = await call(sessionRoutes.list, {}, { background: true });
      if (snapshot !== snapshots) return;
      rows = mergeSnapshot(rows, reply.sessions, { isFirst: status === "loading" });
      ended = newestEnds(reply.ended);
      for (const apply of sinceSnapshot.splice(0)) apply();
      [status, failure, asOf] = ["ready", null, Date.now()];
      arrange();
    } catch (error) {
      if (snapshot === snapshots) failure = error;
    }
  };

  /** Applies an event now, and once more on top of a snapshot that may be older than it. */
  const hear = (apply: () => void) => {
    sinceSnapshot.push(apply);
    apply();
  };

  const clear = () => {
    // A reply that is still on its way is about another account.
    snapshots += 1;
    [status, rows, ended, failure, isHeld] = ["loading", [], [], null, false];
  };

  const follow = () =>
    live.follow({
      refresh: () => void refresh(),
      events: {
        "session:opened": (session) => hear(() => put(own(session))),
        "session:changed": (session) => hear(() => put(own(session))),
        "session:ended": (told) => hear(() => end(told)),
        "device:unfamiliar": (session) => hear(() => put(own(session))),
      },
    });

  return {
    get status() {
      return status;
    },
    get rows() {
      return rows;
    },
    get ended() {
      return ended.filter(({ id }) => !rows.some((row) => row.session.id === id));
    },
    get unfamiliar() {
      return rows.flatMap(({ session, end: over }) =>
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
    hold: () => (isHeld = true),
    release() {
      isHeld = false;
      arrange();
    },
    put: (session) => put(own(session)),
    open() {
      clear();
      const unfollow = follow();
      return () => {
        unfollow();
        clear();
      };
    },
  };
};

const byPresence = (a: SessionRow, b: SessionRow): number =>
  Number(b.session.current) - Number(a.session.current) ||
  Number(b.session.online) - Number(a.session.online) ||
  b.session.lastSeenAt.localeCompare(a.session.lastSeenAt);

const asEnded = ({ session, end }: SessionRow): EndedSession => ({
  ...session,
  online: false,
  sockets: 0,
  endedAt: end?.at ?? session.lastSeenAt,
  reason: end?.reason ?? "signed_out",
  ...(end?.by && { by: end.by }),
});

/** Each session once, as said last; the newest end first. */
const newestEnds = (sessions: readonly EndedSession[]): EndedSession[] =>
  [...new Map(sessions.map((session) => [session.id, session])).values()].sort((a, b) =>
    b.endedAt.localeCompare(a.endedAt),
  );
