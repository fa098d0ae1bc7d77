/**
 * What happened, newest first, as a window of at most `mostRows` rows onto a log that is longer. What
 * happens now joins at the top, unless the list is held (paused, read, or scrolled down): then it waits and
 * is counted. Reading back moves the window: the newest rows leave it, and coming back to them is a fetch.
 * The rows shown never have a gap between them.
 */
import type { Event } from "../../shared/contract/activity.ts";
import type { CallOptions } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { everything, isWanted } from "./event-filter.ts";
import type { EventFilter } from "./event-filter.ts";

export interface EventRow {
  event: Event;
  /** Came while the page was open. */
  isNew: boolean;
}

export interface Activity {
  readonly status: "loading" | "ready";
  readonly rows: readonly EventRow[];
  /** How many wait to be shown. */
  readonly waiting: number;
  /** How many came since the page is open, shown or not. */
  readonly arrived: number;
  /** Whether the newest events are among the rows, or wait to join them. */
  readonly isAtNewest: boolean;
  readonly hasOlder: boolean;
  readonly isReadingOlder: boolean;
  readonly failure: unknown;
  readonly olderFailure: unknown;
  readonly asOf: number;
  show(filter: EventFilter): Promise<void>;
  refresh(): Promise<void>;
  showOlder(): Promise<void>;
  showNewest(): void;
  hold(): void;
  release(): void;
  open(): () => void;
}

interface ActivityParts {
  /** A page of events before the cursor; an empty one is the beginning. */
  read: (
    filter: EventFilter,
    cursor: string,
    options: CallOptions,
  ) => Promise<{ events: Event[]; next: string | null }>;
  live: Live;
  /** Whether everybody's events are pushed here; else they are fetched on every connect. */
  isFollowing: boolean;
}

/** Rows beyond this leave the window at its other end. */
export const mostRows = 200;

export const createActivity = ({ read, live, isFollowing }: ActivityParts): Activity => {
  let status = $state<Activity["status"]>("loading");
  let rows = $state.raw<readonly EventRow[]>([]);
  let waitingCount = $state(0);
  let arrived = $state(0);
  let isAtNewest = $state(true);
  let next = $state<string | null>(null);
  let isReadingOlder = $state(false);
  let failure = $state.raw<unknown>(null);
  let olderFailure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let filter = everything;
  /** The filter the rows were read with; null when they are to be read anew. */
  let shown: EventFilter | null = null;
  /** Newest first, and no more of them than the window takes: older ones would not be shown. */
  let waiting: readonly Event[] = [];
  let isHeld = false;
  let snapshots = 0;
  /** What was heard while a snapshot travels. */
  let heard: Event[] | null = null;

  const isKnown = ({ id }: Event) =>
    rows.some(({ event }) => event.id === id) || waiting.some((event) => event.id === id);

  const readNewest = async (options: CallOptions) => {
    const snapshot = ++snapshots;
    const asked = filter;
    heard = [];
    try {
      const page = await read(asked, "", options);
      if (snapshot !== snapshots) return;
      if (shown === asked) join(page);
      else replace(page);
      shown = asked;
      arrive(heard);
      heard = null;
      [status, failure, asOf] = ["ready", null, Date.now()];
    } catch (error) {
      if (snapshot === snapshots) [failure, heard] = [error, null];
    }
  };

  const replace = (page: { events: Event[]; next: string | null }) => {
    rows = page.events.map((event) => ({ event, isNew: false }));
    next = page.next;
    [waiting, waitingCount, isAtNewest, olderFailure] = [[], 0, true, null];
  };

  /** A later snapshot of the same list: what is new in it joins, if nothing is missing in between. */
  const join = (page: { events: Event[]; next: string | null }) => {
    if (!isAtNewest) return;
    if (page.events.length === 0 || page.events.some(isKnown))
      return arrive([...page.events].reverse());
    if (!isHeld || rows.length === 0) return replace(page);
    // More happened than one page tells: the rows being read stay, and the newest take a fetch.
    isAtNewest = false;
    waiting = [];
    waitingCount += page.events.length;
  };

  /** Oldest first, as the server sends them. */
  const arrive = (events: readonly Event[]) => {
    const fresh = events.filter((event) => isWanted(event, filter) && !isKnown(event));
    if (fresh.length === 0) return;
    waiting = [...fresh.reverse(), ...waiting].slice(0, mostRows);
    waitingCount += fresh.length;
    arrived += fresh.length;
    if (!isHeld) showWaiting();
  };

  const showWaiting = () => {
    if (!isAtNewest || waiting.length === 0) return;
    rows = [...waiting.map((event) => ({ event, isNew: true })), ...rows];
    [waiting, waitingCount] = [[], 0];
    if (rows.length <= mostRows) return;
    rows = rows.slice(0, mostRows);
    next = rows.at(-1)?.event.id ?? next;
  };

  const showOlder = async () => {
    const [asked, cursor] = [shown, next];
    if (!asked || cursor === null || isReadingOlder) return;
    [isReadingOlder, olderFailure] = [true, null];
    try {
      const page = await read(asked, cursor, {});
      // Another filter was chosen, or the window moved on: this page no longer follows its last row.
      if (asked !== shown || cursor !== next) return;
      rows = [...rows, ...page.events.map((event) => ({ event, isNew: false }))];
      next = page.next;
      if (rows.length > mostRows) [rows, isAtNewest] = [rows.slice(-mostRows), false];
    } catch (error) {
      olderFailure = error;
    } finally {
      isReadingOlder = false;
    }
  };

  const hear = (events: Event[]) => {
    heard?.push(...events);
    // Rows of another filter are about to be replaced.
    if (shown === filter) arrive(events);
  };

  return {
    get status() {
      return status;
    },
    get rows() {
      return rows;
    },
    get waiting() {
      return waitingCount;
    },
    get arrived() {
      return arrived;
    },
    get isAtNewest() {
      return isAtNewest;
    },
    get hasOlder() {
      return next !== null;
    },
    get isReadingOlder() {
      return isReadingOlder;
    },
    get failure() {
      return failure;
    },
    get olderFailure() {
      return olderFailure;
    },
    get asOf() {
      return asOf;
    },
    show(wanted) {
      filter = wanted;
      return readNewest({});
    },
    refresh: () => readNewest({ background: true }),
    showOlder,
    showNewest() {
      if (isAtNewest) return showWaiting();
      shown = null;
      void readNewest({});
    },
    hold: () => (isHeld = true),
    release() {
      isHeld = false;
      showWaiting();
    },
    open: () =>
      live.follow({
        ...(isFollowing && { topic: "activity", events: { activity: hear } }),
        refresh: () => void readNewest({ background: true }),
      }),
  };
};
