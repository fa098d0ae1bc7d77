/** Access and refresh tokens, for apps that keep no cookies, and for pages that call other services. */
import { z } from "zod";
import { route } from "../route.ts";
import { Session } from "./sessions.ts";

const audience = z.string().min(1).max(200).optional();

export const TokenReply = z
  .object({
    access_token: z.string(),
    token_type: z.literal("Bearer"),
    expires_in: z.number().int(),
    refresh_token: z.string().optional(),
    session: Session,
  })
  .meta({ id: "TokenReply" });
export type TokenReply = z.infer<typeof TokenReply>;

/** RFC 7662; `active: false` says nothing else. */
export const Introspection = z
  .object({
    active: z.boolean(),
    token_type: z.enum(["Bearer", "refresh_token"]).optional(),
    aud: z.string().optional(),
    sub: z.string().optional(),
    username: z.string().optional(),
    sid: z.string().optional(),
    scope: z.string().optional(),
    client_id: z.string().optional(),
    exp: z.number().int().optional(),
  })
  .meta({ id: "Introspection" });
export type Introspection = z.infer<typeof Introspection>;

const token = z.object({
  token: z.string().min(1).max(4096),
  token_type_hint: z.string().max(40).optional(),
});

export const TokenRequest = z.discriminatedUnion("grant_type", [
  z.object({ grant_type: z.literal("session"), audience }),
  z.object({
    grant_type: z.literal("password"),
    username: z.string().min(1).max(200),
    password: z.string().min(1).max(1024),
    /** A random text the app keeps: the same device is one row, however often it signs in. */
    deviceId: z.string().min(16).max(200).optional(),
    deviceName: z.string().max(200).optional(),
    audience,
  }),
  z.object({
    grant_type: z.literal("refresh_token"),
    refresh_token: z.string().min(1).max(200),
    audience,
  }),
]);
export type TokenRequest = z.infer<typeof TokenRequest>;

export const tokenRoutes = {
  issue: route({
    method: "POST",
    path: "/api/tokens",
    summary: "An access token: of this session, by password (opens a session), or by refresh token",
    needs: "nobody",
    form: true,
    body: TokenRequest,
    reply: TokenReply,
    status: 200,
    errors: [
      "not_signed_in",
      "session_ended",
      "stale_token",
      "invalid_credentials",
      "account_disabled",
      "too_many_attempts",
    ],
  }),
  introspect: route({
    method: "POST",
    path: "/api/tokens/introspect",
    summary: "Whether a token is good now (RFC 7662)",
    needs: "account",
    form: true,
    body: token,
    reply: Introspection,
    status: 200,
  }),
  revoke: route({
    method: "POST",
    path: "/api/tokens/revoke",
    summary: "End the session of an access or refresh token (RFC 7009)",
    needs: "nobody",
    form: true,
    body: token,
    reply: z.object({}),
    status: 200,
    errors: ["not_confirmed"],
  }),
};
