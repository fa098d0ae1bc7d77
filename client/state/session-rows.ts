/**
 * Rows of a live list of sessions, as values: a session joins, changes in place, or ends and stays for a
 * moment to say why. Nothing here moves a row that is already shown.
 */
import type { Session } from "../../shared/contract/sessions.ts";
import type { SessionEnded } from "../../shared/live.ts";

export interface SessionRow {
  session: Session;
  /** Came while the page was open. */
  isNew: boolean;
  /** How it ended, while it is still shown among the living. */
  end: SessionEnded | null;
  /** When an ended row may leave, by this browser's clock. */
  leavesAt: number;
}

/** How long an ended row says why before it leaves. */
export const farewellMs = 4_000;

export const createRow = (session: Session, { isNew }: { isNew: boolean }): SessionRow => ({
  session,
  isNew,
  end: null,
  leavesAt: Infinity,
});

export const putSession = (
  rows: readonly SessionRow[],
  session: Session,
  { isNew, place }: { isNew: boolean; place: "first" | "last" },
): SessionRow[] => {
  if (rows.some((row) => row.session.id === session.id))
    return rows.map((row) => (row.session.id === session.id ? { ...row, session } : row));
  const row = createRow(session, { isNew });
  return place === "first" ? [row, ...rows] : [...rows, row];
};

export const endRow = (rows: readonly SessionRow[], end: SessionEnded, now: number): SessionRow[] =>
  rows.map((row) =>
    row.session.id === end.id && !row.end ? { ...row, end, leavesAt: now + farewellMs } : row,
  );

export const isOver = (row: SessionRow, now: number): boolean => row.leavesAt <= now;

/** What a new snapshot says, with the rows already shown in their places and the departing still there. */
export const mergeSnapshot = (
  rows: readonly SessionRow[],
  sessions: readonly Session[],
  { isFirst }: { isFirst: boolean },
): SessionRow[] => {
  const live = new Map(sessions.map((session) => [session.id, session]));
  const kept = rows.flatMap((row) => {
    const session = live.get(row.session.id);
    if (session) return [createRow(session, row)];
    return row.end ? [row] : [];
  });
  const shown = new Set(kept.map((row) => row.session.id));
  const added = sessions.filter(({ id }) => !shown.has(id));
  return [...kept, ...added.map((session) => createRow(session, { isNew: !isFirst }))];
};

/** Those of a merged list that were shown before, and those that join it. */
export const splitKnown = (
  rows: readonly SessionRow[],
  merged: readonly SessionRow[],
): [known: SessionRow[], joining: SessionRow[]] => {
  const known = new Set(rows.map(({ session }) => session.id));
  return [
    merged.filter(({ session }) => known.has(session.id)),
    merged.filter(({ session }) => !known.has(session.id)),
  ];
};

/** The current one first, then those online, then by what was last seen. */
export const byPresence = ({ session: a }: SessionRow, { session: b }: SessionRow): number =>
  Number(b.current) - Number(a.current) ||
  Number(b.online) - Number(a.online) ||
  compareTexts(b.lastSeenAt, a.lastSeenAt);

const compareTexts = (a: string, b: string): number => Number(a > b) - Number(a < b);

/** How many rows have to move for the list to be in order: all but the longest run that is so already. */
export const countMoves = (
  rows: readonly SessionRow[],
  compare: (a: SessionRow, b: SessionRow) => number,
): number => {
  /** The least last row of a run of each length. */
  const ends: SessionRow[] = [];
  for (const row of rows) {
    let [from, to] = [0, ends.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const end = ends[middle];
      if (end && compare(end, row) <= 0) from = middle + 1;
      else to = middle;
    }
    ends[from] = row;
  }
  return rows.length - ends.length;
};
