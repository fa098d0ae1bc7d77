/**
 * Access tokens: JWTs (RFC 9068, EdDSA) that any node verifies by itself, once per token, and that are refused at
 * once after a cut, because what they carry is a grant like any other. Their expiry derives from the Redis
 * time of the check that found the session live, never from the signer's clock (protocol.md P7).
 */
import { randomBytes } from "node:crypto";
import { decodeProtectedHeader, errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { LRUCache } from "lru-cache";
import { DomainError } from "../../shared/errors.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { EndFacts, Grant } from "./admission.ts";
import type { Checked, Door, Held } from "./door.ts";
import type { Ledger } from "./ledger.ts";
import { showEnd } from "./session.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** What our access tokens say beside the registered claims. */
interface Claims extends JWTPayload {
  sid: SessionId;
  auth_time: number;
  /** Generations of account and of everyone, version of the session's token. */
  gen: number;
  ggen: number;
  ver: number;
  pver: number;
  perms: string[];
  /** Which refresh token of its family it was issued with. */
  member?: number;
}

export interface TokensOptions {
  keys: SigningKeys;
  ledger: Ledger;
  door: Pick<Door, "readById">;
  issuer: string;
  /** How many verified tokens are remembered. */
  cacheSize: number;
}

export interface IssuedToken {
  access_token: string;
  token_type: "Bearer";
  /** Seconds. */
  expires_in: number;
}

/** An access token as introspection and revocation see it, for whichever audience it was issued. */
export interface InspectedToken {
  session: SessionId;
  account: AccountId;
  audience: string;
  checked: Checked;
}

export type Tokens = ReturnType<typeof createTokens>;

const type = "at+jwt";
const assertionType = "rollcall-assertion+jwt";
const algorithm = "EdDSA";
/** Seconds that an assertion handed out at the end of its grant is still good for. */
const assertionRest = 10;
const nobody: Checked = { state: "nobody" };
const stale: Checked = { state: "stale" };

export function createTokens(options: TokensOptions) {
  const { keys, ledger, issuer } = options;
  const verified = new LRUCache<string, Held>({ max: options.cacheSize });
  const verifying = new Map<string, Promise<Checked>>();

  /** What is signed lives a grant's life from the check: so it is checked now, not when it was cached. */
  async function renewed(held: Held): Promise<Held> {
    const checked = await options.door.readById(held.row.id, held.token);
    if (checked.state === "held") return checked.held;
    if (checked.state === "ended")
      throw new DomainError("session_ended", { end: showEnd(checked.end) });
    throw new DomainError(checked.state === "stale" ? "stale_token" : "not_signed_in");
  }

  function grantOfClaims(claims: Claims, expiresAt: number): Grant {
    return {
      sessionId: claims.sid,
      tokenVersion: claims.ver,
      accountId: claims.sub as AccountId,
      accountGeneration: claims.gen,
      globalGeneration: claims.ggen,
      permissionVersion: claims.pver,
      authenticatedAt: claims.auth_time * 1000,
      expiresAt,
    };
  }

  /**
   * The claims of a token of ours, "expired" when only time speaks against it, or null for anything else.
   * `audience` null: whichever.
   */
  async function verify(
    token: string,
    audience: string | null,
  ): Promise<Claims | "expired" | null> {
    try {
      const header = decodeProtectedHeader(token);
      // Keys come from our own list only; a token that brings its own, or asks for more, is not ours.
      if (header.alg !== algorithm || header.typ !== type || !header.kid) return null;
      if (Object.keys(header).length !== 3) return null;
      const key = await keys.find(header.kid);
      if (key === null) return null;
      const { payload } = await jwtVerify<Claims>(token, key, {
        algorithms: [algorithm],
        typ: type,
        issuer,
        ...(audience !== null && { audience }),
        currentDate: new Date(ledger.redisNow()),
        requiredClaims: ["sub", "sid", "exp", "gen", "ggen", "ver", "pver"],
      });
      return payload;
    } catch (error) {
      if (error instanceof DomainError) throw error;
      return error instanceof errors.JWTExpired ? "expired" : null;
    }
  }

  /** A bearer is never read again behind its holder's back: what is old says `stale_token`, and it renews. */
  function judge(held: Held): Checked {
    switch (ledger.admit(held.grant)) {
      case "admitted":
        return { state: "held", held };
      case "no_lease":
        throw new DomainError("unavailable", { retryAfterSeconds: 1 });
      case "stale_token":
      case "stale_permissions":
        return stale;
      case "ended":
      case "reread": {
        const end: EndFacts | null = ledger.endOf(held.grant);
        return end ? { state: "ended", end } : stale;
      }
    }
  }

  async function open(token: string, claims: Claims): Promise<Checked> {
    const grant = grantOfClaims(claims, (claims.exp ?? 0) * 1000);
    const found = await options.door.readById(claims.sid, token, claims.member);
    return found.state === "held" ? judge({ ...found.held, grant }) : found;
  }

  async function read(token: string): Promise<Checked> {
    const claims = await verify(token, issuer);
    if (claims === null) return nobody;
    // As any node answers that had verified it while it was good.
    if (claims === "expired") return stale;
    const checked = await open(token, claims);
    if (checked.state === "held") verified.set(token, checked.held);
    return checked;
  }

  return {
    /** An access token for a live session; `member`: the refresh token of its family that goes with it. */
    async issue(holder: Held, audience = issuer, member?: number): Promise<IssuedToken> {
      const { grant, account } = await renewed(holder);
      if (account === null) throw new DomainError("not_signed_in");
      const { kid, privateKey } = keys.current();
      const issuedAt = Math.floor(ledger.redisNow() / 1000);
      const expiresAt = Math.floor(grant.expiresAt / 1000);
      const claims = {
        sid: grant.sessionId,
        auth_time: Math.floor(grant.authenticatedAt / 1000),
        gen: grant.accountGeneration,
        ggen: grant.globalGeneration,
        ver: grant.tokenVersion,
        pver: grant.permissionVersion,
        perms: account.permissions,
        client_id: "rollcall",
        ...(member !== undefined && { member }),
      };
      const access_token = await new SignJWT(claims)
        .setProtectedHeader({ alg: algorithm, typ: type, kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(account.id)
        .setJti(randomBytes(12).toString("base64url"))
        .setIssuedAt(issuedAt)
        .setExpirationTime(expiresAt)
        .sign(privateKey);
      return { access_token, token_type: "Bearer", expires_in: expiresAt - issuedAt };
    },

    published: () => keys.published(),

    /** The session of a bearer token this node has verified before, without waiting. */
    recognise(token: string): Held | undefined {
      const held = verified.get(token);
      return held && ledger.admit(held.grant) === "admitted" ? held : undefined;
    },

    /** What a bearer token opens now; a text that is no access token of ours is nobody's. */
    check(token: string): Checked | Promise<Checked> {
      const held = verified.get(token);
      if (held !== undefined) return judge(held);
      const under = verifying.get(token);
      if (under !== undefined) return under;
      const answer = read(token).finally(() => verifying.delete(token));
      verifying.set(token, answer);
      return answer;
    },

    /** An access token for whichever audience, as long as it has not expired; null for anything else. */
    async inspect(token: string): Promise<InspectedToken | null> {
      const claims = await verify(token, null);
      if (claims === null || claims === "expired") return null;
      const { sid: session, sub, aud } = claims;
      const checked = await open(token, claims);
      return { session, account: sub as AccountId, audience: String(aud), checked };
    },

    /**
     * Who is asking, signed, for an app behind the gateway that trusts signatures rather than headers. It lives as
     * long as the grant it speaks of, and long enough after to be read.
     */
    async assert(held: Held): Promise<string> {
      const { kid, privateKey } = keys.current();
      const { account } = held;
      return new SignJWT({
        sid: held.row.id,
        preferred_username: account?.username,
        groups: account?.permissions,
      })
        .setProtectedHeader({ alg: algorithm, typ: assertionType, kid })
        .setIssuer(issuer)
        .setSubject(account?.id ?? held.row.id)
        .setIssuedAt(Math.floor(ledger.redisNow() / 1000))
        .setExpirationTime(Math.floor(held.grant.expiresAt / 1000) + assertionRest)
        .sign(privateKey);
    },
  };
}
