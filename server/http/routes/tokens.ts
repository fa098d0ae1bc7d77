/** Access and refresh tokens. */
import {
  tokenRoutes,
  type Introspection,
  type TokenReply,
  type TokenRequest,
} from "../../../shared/contract/tokens.ts";
import { DomainError } from "../../../shared/errors.ts";
import type { AccountId, SessionId } from "../../../shared/ids.ts";
import type { Held } from "../../domain/door.ts";
import type { Credential } from "../../domain/families.ts";
import { showEnd } from "../../domain/session.ts";
import { nameOf } from "../../domain/sessions.ts";
import type { Asker } from "../bind.ts";
import type { RouteParts } from "./parts.ts";

type Body<G extends string> = Extract<TokenRequest, { grant_type: G }>;

export function bindTokens(parts: RouteParts) {
  const { bind, router, accounts, sessions, signIn, ends, tokens, families } = parts;

  router.post(
    tokenRoutes.issue.path,
    bind(tokenRoutes.issue, ({ body, ...asker }) => {
      switch (body.grant_type) {
        case "session":
          return ofSession(body, asker);
        case "password":
          return byPassword(body, asker);
        case "refresh_token":
          return byRefreshToken(body);
      }
    }),
  );

  router.post(
    tokenRoutes.introspect.path,
    bind(tokenRoutes.introspect, ({ body }) => introspect(body.token)),
  );

  router.post(
    tokenRoutes.revoke.path,
    bind(tokenRoutes.revoke, async ({ body }) => {
      await revoke(body.token);
      return {};
    }),
  );

  router.get("/.well-known/jwks.json", (ctx) => {
    ctx.set("Cache-Control", "public, max-age=60");
    ctx.body = tokens.published();
  });

  async function ofSession({ audience }: Body<"session">, { checked }: Omit<Asker, "body">) {
    if (checked.state === "ended")
      throw new DomainError("session_ended", { end: showEnd(checked.end) });
    if (checked.state === "stale") throw new DomainError("stale_token");
    if (checked.state !== "held" || checked.held.account === null)
      throw new DomainError("not_signed_in");
    return reply(checked.held, audience, null);
  }

  async function byPassword(body: Body<"password">, { visitor }: Omit<Asker, "body">) {
    const { username, password, deviceId, deviceName, audience } = body;
    const app = { ...visitor, device: deviceId ?? null };
    const how = { method: "token", deviceName } as const;
    const { held } = await signIn.signIn({ username, password }, app, null, how);
    return reply(held, audience, await families.start(held));
  }

  async function byRefreshToken({ refresh_token, audience }: Body<"refresh_token">) {
    const spent = await families.spend(refresh_token, "refresh");
    if (spent.state === "theft")
      throw new DomainError("session_ended", { end: showEnd(spent.end) });
    if (spent.state !== "renewed") throw new DomainError("not_signed_in");
    return reply(spent.held, audience, spent);
  }

  async function reply(
    held: Held,
    audience: string | undefined,
    refresh: Credential | null,
  ): Promise<TokenReply> {
    const issued = await tokens.issue(held, audience, refresh?.number);
    return {
      ...issued,
      ...(refresh && { refresh_token: refresh.credential }),
      session: await sessions.showOwn(held),
    };
  }

  async function introspect(token: string): Promise<Introspection> {
    const access = await tokens.inspect(token);
    if (access?.checked.state === "held") {
      const { held } = access.checked;
      return describe(held, { aud: access.audience, token_type: "Bearer" }, held.grant.expiresAt);
    }
    const held = access ? null : await families.holderOf(token);
    if (held === null) return { active: false };
    const until = held.row.rememberedUntil ?? held.row.expiresAt;
    return describe(held, { token_type: "refresh_token" }, until);
  }

  const describe = (
    { row, account }: Held,
    kind: Pick<Introspection, "token_type" | "aud">,
    expiresAt: number,
  ): Introspection =>
    account === null
      ? { active: false }
      : {
          active: true,
          ...kind,
          sub: account.id,
          username: account.username,
          sid: row.id,
          scope: account.permissions.join(" "),
          client_id: "rollcall",
          exp: Math.floor(expiresAt / 1000),
        };

  /** Also one that asks to be renewed: its session is alive, and its holder wants it ended. */
  async function revoke(token: string): Promise<void> {
    const access = await tokens.inspect(token);
    if (access && (access.checked.state === "held" || access.checked.state === "stale"))
      return endOwn(access.session, access.account);
    const held = access ? null : await families.holderOf(token);
    if (held?.account) return endOwn(held.row.id, held.account.id);
  }

  async function endOwn(session: SessionId, account: AccountId): Promise<void> {
    const by = nameOf(await accounts.get(account));
    await ends.endOne(session, account, { reason: "signed_out", by });
  }
}
