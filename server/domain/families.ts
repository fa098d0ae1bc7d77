/**
 * Remember-me and refresh tokens, one mechanism: a family of one-time credentials per device. Each is spent for
 * its successor; successor and session secret are derived, not random, so that two tabs that spend the same
 * one at once receive the same successor and the same session, and a lost reply loses nothing. A member that
 * nobody honest can still hold means theft: the family and its session end. (protocol.md P10)
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { idAlphabet, type AccountId, type SessionId } from "../../shared/ids.ts";
import type { ActivityLog } from "./activity.ts";
import type { EndFacts } from "./admission.ts";
import { hashSecret, type Door, type Held } from "./door.ts";
import type { Ends } from "./ends.ts";
import type { Ledger } from "./ledger.ts";
import { newFamilyId } from "./sessions.ts";

export type FamilyId = string & { readonly family: unique symbol };

export interface FamilyStore {
  start(
    session: SessionId,
    family: { id: FamilyId; lifetime: number },
  ): Promise<{ expiresAt: number } | null>;
  find(id: FamilyId): Promise<{ session: SessionId; head: number } | null>;
  redeem(
    id: FamilyId,
    spent: {
      number: number;
      /** Of the session issued with the successor; null keeps the session's own. */
      secretHash: string | null;
      idleFor: number;
      lifetime: number;
      recovering: boolean;
    },
  ): Promise<Redeemed>;
}

export type Redeemed =
  | { state: "unknown" }
  /** A newer secret than the one this would give is on its way to its owner. */
  | { state: "stale" }
  | { state: "theft"; session: SessionId; account: { id: AccountId; username: string } }
  /** `same`: somebody was quicker, with the same member. */
  | { state: "next" | "same"; session: SessionId; version: number; expiresAt: number };

/** One member of a family, as its owner holds it. */
export interface Credential {
  credential: string;
  /** Redis time in milliseconds. */
  expiresAt: number;
  /** Which member of its family it is. */
  number: number;
}

/** The successor of what was spent, and the session issued with it. */
export interface Renewed extends Credential {
  state: "renewed";
  held: Held;
}

export interface FamiliesOptions {
  store: FamilyStore;
  ledger: Ledger;
  ends: Ends;
  door: Door;
  activity: ActivityLog;
  /** 32 bytes that all nodes share and Redis does not know. */
  key: Buffer;
  lifetimes: { idle: number; lifetime: number; rememberLifetime: number };
}

export type Families = ReturnType<typeof createFamilies>;

/** `remember` re-opens a browser's session with a new secret; `refresh` renews an app's access tokens. */
export type FamilyKind = "remember" | "refresh";

interface Member {
  kind: FamilyKind;
  family: FamilyId;
  number: number;
}

const credentialPattern = new RegExp(
  `^([${idAlphabet}]{20})\\.([1-9][0-9]{0,8})\\.([A-Za-z0-9_-]{43})$`,
);

const unknown = { state: "unknown" } as const;
const stale = { state: "stale" } as const;

export function createFamilies(options: FamiliesOptions) {
  const { store, ledger, ends, door, activity, lifetimes } = options;

  const derive = (text: string): string =>
    createHmac("sha256", options.key).update(text).digest("base64url");
  // What each is for is part of what is signed: no slot takes the credential of another.
  const validatorOf = ({ kind, family, number }: Member): string =>
    derive(`${kind}|${family}|${number}`);
  const credentialOf = (member: Member): string =>
    `${member.family}.${member.number}.${validatorOf(member)}`;
  const secretOf = ({ family, number }: Member): string => derive(`session|${family}|${number}`);

  /** A member of ours, whether or not it is still good; null for anything else. */
  function read(credential: string, kind: FamilyKind): Member | null {
    const [, family = "", number = "", validator = ""] = credentialPattern.exec(credential) ?? [];
    if (family === "") return null;
    const member = { kind, family: family as FamilyId, number: Number(number) };
    const expected = validatorOf(member);
    return timingSafeEqual(Buffer.from(validator), Buffer.from(expected)) ? member : null;
  }

  /** A predecessor of what is in use was presented: whoever holds the family, it is not only its owner. */
  async function stop({
    session,
    account,
  }: Extract<Redeemed, { state: "theft" }>): Promise<EndFacts> {
    await ends.endOne(session, null, { reason: "theft" });
    void activity.record({ type: "theft.detected", sessionId: session, account });
    return { reason: "theft", at: Math.floor(ledger.redisNow()) };
  }

  return {
    /**
     * Spend a credential for its successor and the session issued with it. `recovering`: it comes with a
     * superseded secret of its session, so a reply was lost or is still on its way.
     */
    async spend(
      credential: string,
      kind: FamilyKind,
      recovering = false,
    ): Promise<
      Renewed | { state: "unknown" } | { state: "stale" } | { state: "theft"; end: EndFacts }
    > {
      const member = read(credential, kind);
      if (member === null) return unknown;
      await ledger.assertLease();
      const next = { ...member, number: member.number + 1 };
      const secret = kind === "remember" ? secretOf(next) : null;
      const redeemed = await store.redeem(member.family, {
        number: member.number,
        secretHash: secret && hashSecret(secret),
        idleFor: kind === "remember" ? lifetimes.idle : lifetimes.rememberLifetime,
        lifetime: kind === "remember" ? lifetimes.lifetime : lifetimes.rememberLifetime,
        recovering,
      });
      if (redeemed.state === "unknown") return unknown;
      if (redeemed.state === "stale") return stale;
      if (redeemed.state === "theft") return { state: "theft", end: await stop(redeemed) };
      const { session, version, expiresAt } = redeemed;
      // Told again by whoever comes second: the first may not have lived to tell.
      if (secret) await ledger.append({ kind: "rotated", session, version }, null);
      // Read by its id: reading by the secret would say that the owner has received it.
      const checked = await door.readById(session, secret ? `${session}.${secret}` : "");
      if (checked.state !== "held") return unknown;
      const { held } = checked;
      return {
        state: "renewed",
        held,
        credential: credentialOf(next),
        expiresAt,
        number: next.number,
      };
    },

    /** The live session that this refresh token may still renew; spends nothing. */
    async holderOf(credential: string): Promise<Held | null> {
      const member = read(credential, "refresh");
      const found = member && (await store.find(member.family));
      if (!member || !found || member.number < found.head - 1) return null;
      const checked = await door.readById(found.session, "");
      return checked.state === "held" && checked.held.row.family === member.family
        ? checked.held
        : null;
    },

    /** Begin a family for a session that was just opened or proved; answers its first member. */
    async start(held: Held): Promise<Credential | null> {
      const { row } = held;
      const family = newFamilyId(row.id);
      const lifetime = lifetimes.rememberLifetime;
      const started = await store.start(row.id, { id: family, lifetime });
      if (started === null) return null;
      // The row in hand was read before, and is the one that this node keeps.
      Object.assign(row, { family, rememberedUntil: started.expiresAt });
      held.reply = null;
      const kind = row.kind === "token" ? "refresh" : "remember";
      const credential = credentialOf({ kind, family, number: 1 });
      return { credential, expiresAt: started.expiresAt, number: 1 };
    },
  };
}
