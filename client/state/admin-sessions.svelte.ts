/**
 * One page of everybody's live sessions, kept live. Where the page begins and what it filters is in the
 * address; a change there fetches anew. Sessions opened since join at the top of the first page, unless
 * the pointer or the focus is on the list: then they wait and are counted.
 */
import { adminSessionRoutes } from "../../shared/contract/session-routes.ts";
import type { Session } from "../../shared/contract/sessions.ts";
import type { SessionsBatch } from "../../shared/live.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { isOnPage } from "./session-filter.ts";
import type { SessionFilter } from "./session-filter.ts";
import { createRow, endRow, farewellMs, isOver, putSession } from "./session-rows.ts";
import type { SessionRow } from "./session-rows.ts";

export interface AdminSessions {
  readonly status: "loading" | "ready";
  readonly rows: readonly SessionRow[];
  /** How many arrivals wait to be shown. */
  readonly waiting: number;
  readonly next: string | null;
  /** How many there are, over all pages; of use when nothing is filtered. */
  readonly total: number;
  /** How many the server lists, over all pages: what just ended leaves that list a little later. */
  readonly listed: number;
  readonly failure: unknown;
  readonly asOf: number;
  /** Shows another page or filter. */
  show(filter: SessionFilter): Promise<void>;
  refresh(): Promise<void>;
  hold(): void;
  release(): void;
  showWaiting(): void;
  open(): () => void;
}

/** Rows beyond this are for another page. */
const mostRows = 200;

interface AdminSessionsParts {
  call: Call;
  live: Live;
  ownId: () => string | undefined;
}

export const createAdminSessions = ({ call, live, ownId }: AdminSessionsParts): AdminSessions => {
  let status = $state<AdminSessions["status"]>("loading");
  let rows = $state.raw<readonly SessionRow[]>([]);
  let waiting = $state.raw<readonly Session[]>([]);
  let next = $state<string | null>(null);
  let total = $state(0);
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let filter: SessionFilter | null = null;
  let isHeld = false;
  let snapshots = 0;
  let sinceSnapshot: SessionsBatch[] = [];

  const own = (session: Session): Session => ({ ...session, current: session.id === ownId() });

  const fetchPage = async (options: { background: boolean }) => {
    if (!filter) return;
    const snapshot = ++snapshots;
    sinceSnapshot = [];
    const { kind, online, ...rest } = filter;
    const query = { ...rest, ...(kind && { kind }), ...(online && { online }) };
    try {
      const reply = await call(adminSessionRoutes.list, { query }, options);
      if (snapshot !== snapshots) return;
      rows = reply.sessions.map((session) => createRow(session, { isNew: false }));
      waiting = [];
      ({ next, total } = reply);
      for (const batch of sinceSnapshot.splice(0)) apply(batch);
      [status, failure, asOf] = ["ready", null, Date.now()];
    } catch (error) {
      if (snapshot === snapshots) failure = error;
    }
  };

  const apply = (batch: SessionsBatch) => {
    for (const session of batch.changed)
      if (rows.some((row) => row.session.id === session.id))
        rows = putSession(rows, own(session), { isNew: false, place: "first" });
    const arrivals = batch.opened.filter((session) => filter && isOnPage(session, filter));
    waiting = [...waiting, ...arrivals];
    for (const end of batch.ended) {
      rows = endRow(rows, end, Date.now());
      waiting = waiting.filter(({ id }) => id !== end.id);
    }
    total = batch.total;
    if (!isHeld) showWaiting();
    if (batch.ended.length > 0) setTimeout(dropOver, farewellMs);
  };

  const showWaiting = () => {
    for (const session of waiting)
      rows = putSession(rows, own(session), { isNew: true, place: "first" });
    rows = rows.slice(0, mostRows);
    waiting = [];
  };

  const dropOver = () => {
    if (!isHeld) rows = rows.filter((row) => !isOver(row, Date.now()));
  };

  const hear = (batch: SessionsBatch) => {
    if (batch.reset) return void fetchPage({ background: true });
    sinceSnapshot.push(batch);
    apply(batch);
  };

  return {
    get status() {
      return status;
    },
    get rows() {
      return rows;
    },
    get waiting() {
      return waiting.length;
    },
    get next() {
      return next;
    },
    get total() {
      // A list that is here whole counts itself; the server's count may still hold what just ended.
      const isWhole = filter?.cursor === "" && next === null && rows.length < mostRows;
      return isWhole ? rows.filter(({ end }) => !end).length + waiting.length : total;
    },
    get listed() {
      return total;
    },
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    show(wanted) {
      filter = wanted;
      return fetchPage({ background: false });
    },
    refresh: () => fetchPage({ background: true }),
    hold: () => (isHeld = true),
    release() {
      isHeld = false;
      showWaiting();
      dropOver();
    },
    showWaiting,
    open: () =>
      live.follow({
        topic: "sessions",
        refresh: () => void fetchPage({ background: true }),
        events: { sessions: hear },
      }),
  };
};
