/** Access and refresh tokens. */
import {
  tokenRoutes,
  type Introspection,
  type TokenReply,
  type TokenRequest,
} from "../../../shared/contract/tokens.ts";
import { DomainError } from "../../../shared/errors.ts";
import type { Held } from "../../domain/door.ts";
import type { Credential } from "../../domain/families.ts";
import { showEnd } from "../../domain/session.ts";
import type { Asker } from "../bind.ts";
import type { RouteParts } from "./parts.ts";

type Body<G extends string> = Extract<TokenRequest, { grant_type: G }>;

export function bindTokens({ bind, router, sessions, signIn, ends, tokens, families }: RouteParts) {
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
      const held = await holderOf(body.token);
      if (held) {
        const by = held.account
          ? { id: held.account.id, username: held.account.username }
          : undefined;
        await ends.endOne(held.row.id, held.row.accountId, { reason: "signed_out", by });
      }
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
    if (spent.state === "unknown") throw new DomainError("not_signed_in");
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
    const access = await tokens.check(token);
    const held = access.state === "held" ? access.held : await families.holderOf(token);
    if (held === null || held.account === null) return { active: false };
    return {
      active: true,
      token_type: access.state === "held" ? "Bearer" : "refresh_token",
      sub: held.account.id,
      username: held.account.username,
      sid: held.row.id,
      scope: held.account.permissions.join(" "),
      client_id: "rollcall",
      exp: Math.floor(
        (access.state === "held"
          ? held.grant.expiresAt
          : (held.row.rememberedUntil ?? held.row.expiresAt)) / 1000,
      ),
    };
  }

  async function holderOf(token: string): Promise<Held | null> {
    const access = await tokens.check(token);
    return access.state === "held" ? access.held : families.holderOf(token);
  }
}
