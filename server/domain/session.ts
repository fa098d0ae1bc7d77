/**
 * What a session is: its row, and how it is shown. The row's security facts are written only by the scripts in
 * server/redis/scripts; nothing here or in koa-session writes them.
 */
import type { Account } from "../../shared/contract/accounts.ts";
import type { Device, EndedSession, Session, SessionKind } from "../../shared/contract/sessions.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { EndFacts, Grant } from "./admission.ts";
import { toInstant } from "./clock.ts";
import type { FamilyId } from "./families.ts";

/** A session as Redis keeps it. Times are Redis time in milliseconds. */
export interface SessionRow {
  id: SessionId;
  kind: SessionKind;
  accountId: AccountId | null;
  tokenVersion: number;
  accountGeneration: number;
  globalGeneration: number;
  createdAt: number;
  lastSeenAt: number;
  authenticatedAt: number;
  /** Milliseconds without activity after which it ends. */
  idleFor: number;
  expiresAt: number;
  method: Session["method"];
  ip: string;
  location: string | null;
  /** Hash of the device cookie: equal on the same browser, tells nothing else. */
  deviceHash: string;
  device: Device;
  /** Until when a family may re-open it; null: it has none. */
  rememberedUntil: number | null;
  /** Which family that is. */
  family: FamilyId | null;
  /** A device this account had not used before, and has not said that it knows. */
  isUnfamiliar: boolean;
  /** A guest's: the account that its bin is being merged into. */
  mergesInto: AccountId | null;
  /** Version of what koa-session keeps on the row. */
  keptVersion: number;
}

export interface EndedRow extends SessionRow {
  end: EndFacts;
}

/** An account as a check needs it, read in the same script as the row. */
export interface AccountRow extends Omit<Account, "createdAt"> {
  createdAt: number;
  generation: number;
  permissionVersion: number;
  /** When its permissions, country or city last changed; 0: never. */
  changedAt: number;
}

/** `usedAt`: later activity that is not in the row yet. */
export const idleExpiresAt = (row: SessionRow, usedAt = row.lastSeenAt): number =>
  Math.min(Math.max(row.lastSeenAt, usedAt) + row.idleFor, row.expiresAt);

/** When it is over for good: a device that is remembered sleeps beyond its idle time. */
export const endsAt = (row: SessionRow): number =>
  Math.max(idleExpiresAt(row), row.rememberedUntil ?? 0);

/** A remembered session is exactly one that is not fresh: nobody typed a password to open it. */
export const isFresh = (row: SessionRow, redisNow: number, stepUpWindow: number): boolean =>
  row.kind !== "guest" &&
  row.method !== "remembered" &&
  redisNow - row.authenticatedAt < stepUpWindow;

/** The grant of a row that a script found live at `foundAt`. */
export const grantOf = (
  row: SessionRow,
  account: AccountRow | null,
  foundAt: number,
  grantLife: number,
): Grant => ({
  sessionId: row.id,
  tokenVersion: row.tokenVersion,
  accountId: row.accountId,
  accountGeneration: row.accountGeneration,
  globalGeneration: row.globalGeneration,
  permissionVersion: account?.permissionVersion ?? 0,
  authenticatedAt: row.authenticatedAt,
  expiresAt: foundAt + grantLife,
});

export const showAccount = (row: AccountRow): Account => ({
  id: row.id,
  username: row.username,
  ...(row.name !== undefined && { name: row.name }),
  ...(row.country !== undefined && { country: row.country }),
  ...(row.city !== undefined && { city: row.city }),
  permissions: row.permissions,
  disabled: row.disabled,
  createdAt: toInstant(row.createdAt),
});

export interface Showing {
  redisNow: number;
  stepUpWindow: number;
  account: { id: AccountId; username: string } | null;
  current?: SessionId | undefined;
  /** Open pages of this session over all nodes. */
  sockets: number;
}

export const showSession = (row: SessionRow, showing: Showing): Session => ({
  id: row.id,
  ...(showing.account && {
    account: { id: showing.account.id, username: showing.account.username },
  }),
  kind: row.kind,
  current: row.id === showing.current,
  online: showing.sockets > 0,
  sockets: showing.sockets,
  remembered: row.rememberedUntil !== null,
  ...(row.rememberedUntil !== null && { rememberedUntil: toInstant(row.rememberedUntil) }),
  ...(row.isUnfamiliar && { unfamiliar: true }),
  createdAt: toInstant(row.createdAt),
  lastSeenAt: toInstant(row.lastSeenAt),
  authenticatedAt: toInstant(row.authenticatedAt),
  fresh: isFresh(row, showing.redisNow, showing.stepUpWindow),
  expiresAt: toInstant(row.expiresAt),
  idleExpiresAt: toInstant(idleExpiresAt(row)),
  method: row.method,
  ip: row.ip,
  ...(row.location !== null && { location: row.location }),
  device: row.device,
});

export const showEnd = (end: EndFacts) => ({
  reason: end.reason,
  at: toInstant(end.at),
  ...(end.by && { by: end.by }),
  ...(end.message !== undefined && { message: end.message }),
});

export const showEndedSession = (row: EndedRow, showing: Showing): EndedSession => {
  const { at, ...facts } = showEnd(row.end);
  return { ...showSession(row, { ...showing, sockets: 0 }), fresh: false, endedAt: at, ...facts };
};
