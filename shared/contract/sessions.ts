/** Sessions: one signed-in (or guest) presence of one device, and how it ends. */
import { z } from "zod";
import { AccountId, SessionId } from "../ids.ts";

/** Why a session ended. The client has a sentence for each. */
export const endReasons = [
  "signed_out",
  "revoked",
  "admin",
  "password_changed",
  "replaced",
  "limit",
  "expired_idle",
  "expired_lifetime",
  "account_disabled",
  "theft",
  "restored",
] as const;
export const EndReason = z.enum(endReasons);
export type EndReason = z.infer<typeof EndReason>;

export const AccountName = z.object({ id: AccountId, username: z.string() });
export type AccountName = z.infer<typeof AccountName>;

export const deviceTypes = ["desktop", "phone", "tablet", "terminal", "bot", "unknown"] as const;
export const DeviceType = z.enum(deviceTypes);

export const Device = z.object({
  name: z.string(),
  type: DeviceType,
  browser: z.string().optional(),
  os: z.string().optional(),
});
export type Device = z.infer<typeof Device>;

export const SessionKind = z.enum(["account", "guest", "token"]);
export type SessionKind = z.infer<typeof SessionKind>;

export const Session = z
  .object({
    id: SessionId,
    account: AccountName.optional(),
    kind: SessionKind,
    /** Whether this is the session that asked. Always false in what is pushed to sockets. */
    current: z.boolean(),
    online: z.boolean(),
    /** Open pages, over all nodes. */
    sockets: z.number().int(),
    /** A remember-me or refresh credential may re-open it; it stays listed when its session idles out. */
    remembered: z.boolean(),
    /** Until when, where it is remembered. */
    rememberedUntil: z.iso.datetime().optional(),
    /** A sign-in from a device the account had not used before: "was this you?" waits for an answer. */
    unfamiliar: z.boolean().optional(),
    createdAt: z.iso.datetime(),
    lastSeenAt: z.iso.datetime(),
    authenticatedAt: z.iso.datetime(),
    /** Authenticated with a password within STEP_UP_WINDOW. */
    fresh: z.boolean(),
    expiresAt: z.iso.datetime(),
    idleExpiresAt: z.iso.datetime(),
    method: z.enum(["password", "remembered", "token", "guest"]),
    ip: z.string(),
    /** "Local network", "This computer", or the place a GeoIP file names. Absent: unknown. */
    location: z.string().optional(),
    device: Device,
  })
  .meta({ id: "Session" });
export type Session = z.infer<typeof Session>;

/** How one session ended: what its own device is told. */
export const End = z.object({
  reason: EndReason,
  at: z.iso.datetime(),
  by: AccountName.optional(),
  message: z.string().optional(),
});
export type End = z.infer<typeof End>;

export const EndedSession = Session.extend({
  endedAt: z.iso.datetime(),
  reason: EndReason,
  by: AccountName.optional(),
  message: z.string().optional(),
}).meta({ id: "EndedSession" });
export type EndedSession = z.infer<typeof EndedSession>;

/** The answer to an end: what ended, which nodes have confirmed that they refuse it, what it cost. */
export const Receipt = z
  .object({
    ended: z.number().int(),
    confirmed: z.object({
      nodes: z.number().int(),
      of: z.number().int(),
      missing: z.array(z.string()).optional(),
    }),
    sockets: z.number().int(),
    tookMs: z.number(),
  })
  .meta({ id: "Receipt" });
export type Receipt = z.infer<typeof Receipt>;
