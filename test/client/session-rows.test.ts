/** Rows of a live list: what joins, changes and ends, and that nothing shown moves. */
import { describe, expect, it } from "vitest";
import type { Session } from "../../shared/contract/sessions.ts";
import { AccountId, SessionId } from "../../shared/ids.ts";
import { isOnPage } from "../../client/state/session-filter.ts";
import type { SessionFilter } from "../../client/state/session-filter.ts";
import {
  byPresence,
  countMoves,
  createRow,
  endRow,
  farewellMs,
  isOver,
  mergeSnapshot,
  putSession,
} from "../../client/state/session-rows.ts";

const at = "2026-11-23T09:00:00.000Z";
const session = (last: string, changes: Partial<Session> = {}): Session => ({
  id: SessionId.parse("0".repeat(19) + last),
  account: { id: AccountId.parse("0".repeat(16)), username: "Ana" },
  kind: "account",
  current: false,
  online: true,
  sockets: 1,
  remembered: false,
  createdAt: at,
  lastSeenAt: at,
  authenticatedAt: at,
  fresh: true,
  expiresAt: at,
  idleExpiresAt: at,
  method: "password",
  ip: "203.0.113.7",
  device: { name: "Firefox on Windows", type: "desktop" },
  ...changes,
});
const [one, two, three] = [session("1"), session("2"), session("3")];
const rowsOf = (...sessions: Session[]) => sessions.map((s) => createRow(s, { isNew: false }));
const ids = (rows: { session: Session }[]) => rows.map((row) => row.session.id);

describe("rows of a live list", () => {
  it("changes a session where it stands", () => {
    const rows = putSession(
      rowsOf(one, two),
      { ...one, online: false },
      {
        isNew: true,
        place: "last",
      },
    );
    expect(ids(rows)).toEqual([one.id, two.id]);
    expect(rows[0]).toMatchObject({ isNew: false, session: { online: false } });
  });

  it("lets a new session join where it is told to", () => {
    const rows = rowsOf(one, two);
    const joined = { isNew: true } as const;
    expect(ids(putSession(rows, three, { ...joined, place: "first" }))[0]).toBe(three.id);
    expect(ids(putSession(rows, three, { ...joined, place: "last" }))[2]).toBe(three.id);
  });

  it("keeps an ended session in its place for a moment, with its reason", () => {
    const rows = endRow(rowsOf(one, two), { id: one.id, reason: "admin", at }, 1_000);
    expect(ids(rows)).toEqual([one.id, two.id]);
    expect(rows[0]?.end?.reason).toBe("admin");
    expect(rows.map((row) => isOver(row, 999 + farewellMs))).toEqual([false, false]);
    expect(rows.map((row) => isOver(row, 1_000 + farewellMs))).toEqual([true, false]);
  });

  it("takes a snapshot without moving what is shown, and keeps those that are saying goodbye", () => {
    const shown = endRow(rowsOf(one, two), { id: two.id, reason: "revoked", at }, 0);
    const rows = mergeSnapshot(shown, [three, { ...one, sockets: 4 }], { isFirst: false });
    expect(ids(rows)).toEqual([one.id, two.id, three.id]);
    expect(rows[0]).toMatchObject({ isNew: false, session: { sockets: 4 } });
    expect(rows[1]?.end?.reason).toBe("revoked");
    expect(rows[2]).toMatchObject({ isNew: true });
  });

  it("drops what a snapshot no longer knows", () => {
    expect(ids(mergeSnapshot(rowsOf(one, two), [two], { isFirst: false }))).toEqual([two.id]);
  });
});

describe("the order of one's devices", () => {
  const later = "2026-11-23T10:00:00.000Z";
  const current = session("4", { current: true, online: false });
  const offline = session("5", { online: false, lastSeenAt: later });

  it("is the current one, those online, and then by what was last seen", () => {
    const seenLater = session("6", { lastSeenAt: later });
    const rows = rowsOf(offline, one, seenLater, current).sort(byPresence);
    expect(ids(rows)).toEqual([current.id, seenLater.id, one.id, offline.id]);
  });

  it.each<[string, Session[], number]>([
    ["nothing when all is in order", [current, one, offline], 0],
    ["nothing when there is nothing", [], 0],
    ["one that went offline at the top", [session("7", { online: false }), one, two, three], 1],
    ["one that came online at the bottom", [offline, session("8", { online: false }), one], 1],
    ["three that moved", [offline, session("8", { online: false }), one, two, three, current], 3],
  ])("counts what has to move: %s", (_, sessions, moves) => {
    expect(countMoves(rowsOf(...sessions), byPresence)).toBe(moves);
  });
});

describe("whether a session that just opened belongs on the page", () => {
  const all: SessionFilter = { q: "", kind: "", online: "", cursor: "" };

  it.each<[string, Partial<SessionFilter>, boolean]>([
    ["everything on the first page", {}, true],
    ["nothing on a later page", { cursor: "abc" }, false],
    ["a username's beginning, in either case", { q: "AN" }, true],
    ["not a username's middle", { q: "na" }, false],
    ["an exact address", { q: "203.0.113.7" }, true],
    ["not an address's beginning", { q: "203.0" }, false],
    ["its kind", { kind: "account" }, true],
    ["not another kind", { kind: "guest" }, false],
    ["not those that are offline", { online: "false" }, false],
  ])("%s", (_, filter, expected) => {
    expect(isOnPage(one, { ...all, ...filter })).toBe(expected);
  });
});
