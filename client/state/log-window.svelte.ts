/**
 * A log, newest first, as a window of at most `mostRows` rows onto what is longer. What happens now joins at
 * the top, unless the list is held (paused, read, or scrolled down): then it waits and is counted. Reading
 * back moves the window: the newest rows leave it, and coming back to them is a fetch. The rows shown never
 * have a gap between them. An entry that is known already and comes again has changed: it changes in place.
 */
import type { CallOptions } from "../api.ts";
import type { Following } from "../followings.ts";
import type { Live } from "../live.svelte.ts";

/** Its id ends in its place in the log: milliseconds and a count. */
export interface Logged {
  id: string;
}

export interface LogRow<Entry> {
  entry: Entry;
  /** Came while the page was open. */
  isNew: boolean;
}

export interface LogPage<Entry> {
  entries: readonly Entry[];
  next: string | null;
}

export interface LogWindow<Entry extends Logged, Filter> {
  readonly status: "loading" | "ready";
  readonly rows: readonly LogRow<Entry>[];
  /** How many wait to be shown. */
  readonly waiting: number;
  /** How many came since the page is open, shown or not. */
  readonly arrived: number;
  /** Whether the newest entries are among the rows, or wait to join them. */
  readonly isAtNewest: boolean;
  readonly hasOlder: boolean;
  readonly isReadingOlder: boolean;
  readonly failure: unknown;
  readonly olderFailure: unknown;
  readonly asOf: number;
  show(filter: Filter): Promise<void>;
  refresh(): Promise<void>;
  showOlder(): Promise<void>;
  showNewest(): void;
  hold(): void;
  release(): void;
  /** What this page itself has just changed. */
  put(entry: Entry): void;
  open(): () => void;
}

/** What a page says of its log where it ends. */
export interface LogWords {
  /** When the list is empty and there is nothing older. */
  nothing: string;
  /** When it is empty so far. */
  nothingYet: string;
  older: string;
}

export interface LogWindowParts<Entry extends Logged, Filter> {
  /** A page of entries before the cursor; an empty one is the beginning. */
  read: (filter: Filter, cursor: string, options: CallOptions) => Promise<LogPage<Entry>>;
  isWanted: (entry: Entry, filter: Filter) => boolean;
  /** What is shown until a filter is chosen. */
  everything: Filter;
  live: Live;
  /** Where entries are pushed, oldest first; without it they are fetched on every connect. */
  listen?: (hear: (entries: readonly Entry[]) => void) => Following;
}

/** Rows beyond this leave the window at its other end. */
export const mostRows = 200;

export const createLogWindow = <Entry extends Logged, Filter>({
  read,
  isWanted,
  everything,
  live,
  listen,
}: LogWindowParts<Entry, Filter>): LogWindow<Entry, Filter> => {
  let status = $state<"loading" | "ready">("loading");
  let rows = $state.raw<readonly LogRow<Entry>[]>([]);
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
  let shown: Filter | null = null;
  /** Newest first, and no more of them than the window takes: older ones would not be shown. */
  let waiting: readonly Entry[] = [];
  let isHeld = false;
  let snapshots = 0;
  /** What was heard while a snapshot travels. */
  let heard: Entry[] | null = null;

  const isKnown = ({ id }: Entry) =>
    rows.some(({ entry }) => entry.id === id) || waiting.some((entry) => entry.id === id);

  /** Entries before the window's last row are for reading on. */
  const isInReach = (entry: Entry) => {
    const last = rows.at(-1)?.entry;
    return next === null || last === undefined || isNewer(entry, last);
  };

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
      heard.forEach(change);
      arrive(heard);
      heard = null;
      [status, failure, asOf] = ["ready", null, Date.now()];
    } catch (error) {
      if (snapshot === snapshots) [failure, heard] = [error, null];
    }
  };

  const replace = (page: LogPage<Entry>) => {
    rows = page.entries.map((entry) => ({ entry, isNew: false }));
    next = page.next;
    [waiting, waitingCount, isAtNewest, olderFailure] = [[], 0, true, null];
  };

  /** A later snapshot of the same list: what is new in it joins, if nothing is missing in between. */
  const join = (page: LogPage<Entry>) => {
    page.entries.forEach(change);
    if (!isAtNewest) return;
    if (page.entries.length === 0 || page.entries.some(isKnown))
      return arrive([...page.entries].reverse());
    if (!isHeld || rows.length === 0) return replace(page);
    // More happened than one page tells: the rows being read stay, and the newest take a fetch.
    isAtNewest = false;
    waiting = [];
    waitingCount += page.entries.length;
  };

  /** Oldest first, as the server sends them. */
  const arrive = (entries: readonly Entry[]) => {
    const fresh = entries.filter(
      (entry) => isWanted(entry, filter) && !isKnown(entry) && isInReach(entry),
    );
    if (fresh.length === 0) return;
    waiting = [...fresh.reverse(), ...waiting].slice(0, mostRows);
    waitingCount += fresh.length;
    arrived += fresh.length;
    if (!isHeld) showWaiting();
  };

  const change = (changed: Entry) => {
    if (!isKnown(changed)) return;
    const current = (entry: Entry) => (entry.id === changed.id ? changed : entry);
    rows = rows.map((row) => ({ ...row, entry: current(row.entry) }));
    waiting = waiting.map(current);
  };

  const showWaiting = () => {
    if (!isAtNewest || waiting.length === 0) return;
    rows = [...waiting.map((entry) => ({ entry, isNew: true })), ...rows].sort((one, other) =>
      isNewer(one.entry, other.entry) ? -1 : 1,
    );
    [waiting, waitingCount] = [[], 0];
    if (rows.length <= mostRows) return;
    rows = rows.slice(0, mostRows);
    next = rows.at(-1)?.entry.id ?? next;
  };

  const showOlder = async () => {
    const [asked, cursor] = [shown, next];
    if (!asked || cursor === null || isReadingOlder) return;
    [isReadingOlder, olderFailure] = [true, null];
    try {
      const page = await read(asked, cursor, {});
      // Another filter was chosen, or the window moved on: this page no longer follows its last row.
      if (asked !== shown || cursor !== next) return;
      rows = [...rows, ...page.entries.map((entry) => ({ entry, isNew: false }))];
      next = page.next;
      if (rows.length > mostRows) [rows, isAtNewest] = [rows.slice(-mostRows), false];
    } catch (error) {
      olderFailure = error;
    } finally {
      isReadingOlder = false;
    }
  };

  const hear = (entries: readonly Entry[]) => {
    heard?.push(...entries);
    entries.forEach(change);
    // Rows of another filter are about to be replaced.
    if (shown === filter) arrive(entries);
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
    put: (entry) => hear([entry]),
    open: () =>
      live.follow({
        ...listen?.(hear),
        refresh: () => void readNewest({ background: true }),
      }),
  };
};

const placeOf = ({ id }: Logged): readonly number[] => id.split("-").slice(-2).map(Number);

const isNewer = (one: Logged, other: Logged): boolean => {
  const [[at = 0, count = 0], [otherAt = 0, otherCount = 0]] = [placeOf(one), placeOf(other)];
  return at === otherAt ? count > otherCount : at > otherAt;
};
