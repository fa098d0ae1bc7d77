/** Signing in and out, one's own devices, and the admin's view over everybody's sessions. */
import { z } from "zod";
import { AccountId, SessionId } from "../ids.ts";
import { route } from "../route.ts";
import { Account, Message, Permission, SignedIn } from "./accounts.ts";
import { TokenReply } from "./tokens.ts";
import { End, EndedSession, Receipt, Session, SessionKind } from "./sessions.ts";

/** What this device prefers. Kept on its session, so a guest's choice survives the visit. */
export const Preferences = z
  .object({ theme: z.enum(["system", "light", "dark"]).default("system") })
  .meta({ id: "Preferences" });
export type Preferences = z.infer<typeof Preferences>;

export const Me = z
  .object({
    account: Account.nullable(),
    session: Session.nullable(),
    permissions: z.array(Permission),
    /** Why this browser's last session died. */
    ended: End.optional(),
    signups: z.enum(["open", "closed"]),
    /** No account exists yet: the setup link is waiting in the server's output. */
    setupNeeded: z.boolean(),
  })
  .meta({ id: "Me" });
export type Me = z.infer<typeof Me>;

const params = z.object({ id: SessionId });
/** A message to the person whose session ends: in the query, or in a body as `message` or `reason`. */
const messageQuery = z.object({ message: Message.optional() });
const messageBody = z.object({ message: Message.optional(), reason: Message.optional() });

export const sessionRoutes = {
  me: route({
    method: "GET",
    path: "/api/me",
    summary: "Who am I",
    needs: "nobody",
    reply: Me,
    status: 200,
    errors: ["stale_token"],
  }),
  signIn: route({
    method: "POST",
    path: "/api/sign-in",
    summary: "Sign in with a password",
    needs: "nobody",
    body: z.object({
      username: z.string().min(1).max(200),
      password: z.string().min(1).max(1024),
      remember: z.boolean().optional(),
    }),
    reply: SignedIn,
    status: 200,
    errors: ["invalid_credentials", "account_disabled", "too_many_attempts"],
  }),
  signOut: route({
    method: "POST",
    path: "/api/sign-out",
    summary: "End this session",
    needs: "nobody",
    reply: null,
    status: 204,
    errors: ["stale_token", "not_confirmed"],
  }),
  reauthenticate: route({
    method: "POST",
    path: "/api/reauthenticate",
    summary: "Prove the password again: the session becomes fresh, its token is rotated",
    needs: "account",
    body: z.object({ password: z.string().min(1).max(1024) }),
    reply: z.object({
      session: Session,
      /** For sessions of apps: what was issued before is stale now. */
      tokens: TokenReply.omit({ session: true }).optional(),
    }),
    status: 200,
    errors: ["invalid_credentials", "too_many_attempts"],
  }),
  changePassword: route({
    method: "PUT",
    path: "/api/password",
    summary: "A new password; ends all other sessions and remembered devices unless told not to",
    needs: "account",
    body: z.object({
      current: z.string().min(1).max(1024),
      next: z.string().min(1).max(1024),
      endOthers: z.boolean().default(true),
    }),
    reply: Receipt,
    status: 200,
    errors: ["invalid_credentials", "weak_password", "too_many_attempts", "not_confirmed"],
  }),
  list: route({
    method: "GET",
    path: "/api/sessions",
    summary: "The account's devices, signed in and recently ended",
    needs: "account",
    reply: z.object({ sessions: z.array(Session), ended: z.array(EndedSession) }),
    status: 200,
  }),
  rename: route({
    method: "PATCH",
    path: "/api/sessions/:id",
    summary: "Name a device, or say whether you know it",
    needs: "account",
    params,
    body: z.object({
      name: z.string().max(64_000).optional(),
      /** The answer to "was this you?": false ends it. */
      recognised: z.boolean().optional(),
    }),
    reply: Session,
    status: 200,
    errors: ["session_not_found"],
  }),
  end: route({
    method: "DELETE",
    path: "/api/sessions/:id",
    summary: "End one of one's own sessions",
    needs: "account",
    params,
    reply: Receipt,
    status: 200,
    errors: ["session_not_found", "not_confirmed"],
  }),
  endMany: route({
    method: "DELETE",
    path: "/api/sessions",
    summary: "End all other sessions of the account, or all of them",
    needs: "account",
    fresh: true,
    query: z.object({ scope: z.enum(["others", "all"]) }),
    reply: Receipt,
    status: 200,
    errors: ["not_confirmed"],
  }),
  preferences: route({
    method: "GET",
    path: "/api/preferences",
    summary: "What this device prefers",
    needs: "nobody",
    keeps: true,
    reply: Preferences,
    status: 200,
    errors: ["stale_token"],
  }),
  setPreferences: route({
    method: "PUT",
    path: "/api/preferences",
    summary: "Keep what this device prefers; opens a guest session for a visitor without one",
    needs: "nobody",
    keeps: true,
    opensGuest: true,
    body: z.object({ theme: z.enum(["system", "light", "dark"]) }),
    reply: Preferences,
    status: 200,
    errors: ["stale_token"],
  }),
};

export const adminSessionRoutes = {
  list: route({
    method: "GET",
    path: "/api/admin/sessions",
    summary: "All live sessions, newest first",
    needs: "sessions:read",
    query: z.object({
      /** A username's beginning, or an exact address. */
      q: z.string().trim().max(64).optional(),
      kind: SessionKind.optional(),
      online: z.enum(["true", "false"]).optional(),
      cursor: z.string().max(200).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    reply: z.object({
      sessions: z.array(Session),
      next: z.string().nullable(),
      total: z.number().int(),
    }),
    status: 200,
  }),
  end: route({
    method: "DELETE",
    path: "/api/admin/sessions/:id",
    summary: "End anybody's session, with an optional message to its person",
    needs: "sessions:end",
    fresh: true,
    params,
    query: messageQuery,
    body: messageBody,
    bodyOptional: true,
    reply: Receipt,
    status: 200,
    errors: ["session_not_found", "not_confirmed"],
  }),
  endAllOfAccount: route({
    method: "DELETE",
    path: "/api/admin/accounts/:id/sessions",
    summary: "End every session of one account (the caller's own session is kept)",
    needs: "sessions:end",
    fresh: true,
    params: z.object({ id: AccountId }),
    query: messageQuery,
    body: messageBody,
    bodyOptional: true,
    reply: Receipt,
    status: 200,
    errors: ["not_confirmed"],
  }),
  endEveryone: route({
    method: "DELETE",
    path: "/api/admin/sessions",
    summary: "End everyone's sessions, guests and tokens included; the caller is kept",
    needs: "sessions:end",
    fresh: true,
    query: messageQuery.extend({ scope: z.literal("all") }),
    body: messageBody,
    bodyOptional: true,
    reply: Receipt,
    status: 200,
    errors: ["not_confirmed"],
  }),
};
