/** Between Redis' short field names (scripts/prelude.lua lists them) and the domain's rows. */
import { permissions, type Permission } from "../../shared/contract/accounts.ts";
import type { EndReason, Session } from "../../shared/contract/sessions.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { EndFacts } from "../domain/admission.ts";
import type { FamilyId } from "../domain/families.ts";
import type { AccountRow, EndedRow, SessionRow } from "../domain/session.ts";
import { defaultDeviceName } from "../domain/device.ts";
import type { Reply } from "./connect.ts";

const kinds = { a: "account", g: "guest", t: "token" } as const;
const methods = { p: "password", r: "remembered", t: "token", g: "guest" } as const;
const deviceTypes = {
  d: "desktop",
  p: "phone",
  t: "tablet",
  c: "terminal",
  b: "bot",
  u: "unknown",
} as const;

const letterOf = <T extends Record<string, string>>(table: T, word: string): string =>
  Object.keys(table).find((letter) => table[letter] === word) ?? "";

export const encode = {
  kind: (kind: SessionRow["kind"]) => letterOf(kinds, kind),
  method: (method: Session["method"]) => letterOf(methods, method),
  deviceType: (type: string) => letterOf(deviceTypes, type),
  permissions: (list: readonly Permission[]) => list.join(" "),
};

export const decodePermissions = (text: string | undefined): Permission[] =>
  (text ?? "")
    .split(" ")
    .filter((word): word is Permission => (permissions as readonly string[]).includes(word));

const toMap = (flat: Reply): Map<string, string> => {
  const list = flat as string[];
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < list.length; at += 2) fields.set(list[at], list[at + 1]);
  return fields;
};

/** The row of a session or tombstone, and how it ended if it did. */
export function decodeSession(id: SessionId, flat: Reply): SessionRow & { end?: EndFacts } {
  const fields = toMap(flat);
  const number = (name: string): number => Number(fields.get(name) ?? 0);
  const browser = fields.get("b");
  const system = fields.get("o");
  const described = {
    ...(browser !== undefined && { browser }),
    ...(system !== undefined && { os: system }),
  };
  const reason = fields.get("z") as EndReason | undefined;
  const named = fields.get("n");
  return {
    id,
    kind: kinds[fields.get("k") as keyof typeof kinds] ?? "account",
    accountId: (fields.get("a") as AccountId | undefined) ?? null,
    tokenVersion: number("v"),
    accountGeneration: number("g"),
    globalGeneration: number("G"),
    createdAt: number("c"),
    lastSeenAt: number("s"),
    authenticatedAt: number("t"),
    idleFor: number("i"),
    expiresAt: number("e"),
    method: methods[fields.get("m") as keyof typeof methods] ?? "password",
    ip: fields.get("p") ?? "",
    location: fields.get("l") ?? null,
    deviceHash: fields.get("d") ?? "",
    device: {
      name: named ?? defaultDeviceName(described),
      type: deviceTypes[fields.get("y") as keyof typeof deviceTypes] ?? "unknown",
      ...described,
    },
    rememberedUntil: fields.has("q") ? number("q") : null,
    family: (fields.get("f") as FamilyId | undefined) ?? null,
    isUnfamiliar: fields.has("N"),
    mergesInto: (fields.get("M") as AccountId | undefined) ?? null,
    keptVersion: number("w"),
    ...(reason && { end: decodeEnd(reason, fields) }),
  };
}

function decodeEnd(reason: EndReason, fields: Map<string, string>): EndFacts {
  const by = fields.get("zb");
  const message = fields.get("zm");
  return {
    reason,
    at: Number(fields.get("zt")),
    ...(by && { by: { id: by as AccountId, username: fields.get("zu") ?? "" } }),
    ...(message !== undefined && { message }),
  };
}

export const isEnded = (row: SessionRow & { end?: EndFacts }): row is EndedRow =>
  row.end !== undefined;

export const accountFields = ["u", "n", "c", "y", "p", "x", "t", "g", "v", "m"] as const;

/** An account from the values of `accountFields`, or null when there is none. */
export function decodeAccount(id: AccountId, values: Reply): AccountRow | null {
  const [username, name, country, city, permissionText, ...rest] = values as (string | null)[];
  const [disabled, created, generation, version, changed] = rest;
  if (!username) return null;
  return {
    id,
    username,
    ...(name && { name }),
    ...(country && { country }),
    ...(city && { city }),
    permissions: decodePermissions(permissionText ?? ""),
    disabled: disabled === "1",
    createdAt: Number(created),
    generation: Number(generation),
    permissionVersion: Number(version),
    changedAt: Number(changed ?? 0),
  };
}
