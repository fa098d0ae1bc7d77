/** Accounts: who someone is and what they may do. Setup, registration, administration. */
import { z } from "zod";
import { AccountId } from "../ids.ts";
import { route } from "../route.ts";
import { Bin, Merged } from "./bin.ts";
import { Reservation } from "./reservations.ts";
import { EndedSession, Receipt, Session } from "./sessions.ts";
import { City, Country, line } from "./texts.ts";

export const permissions = [
  "sessions:read",
  "sessions:end",
  "accounts:read",
  "accounts:manage",
  "activity:read",
  "catalogue:manage",
  "desk:reserve",
] as const;

export const Permission = z.enum(permissions);
export type Permission = z.infer<typeof Permission>;

export const Username = z
  .string()
  .trim()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,63}$/u,
    "takes 1 to 64 letters, digits or . _ @ + -, starting with a letter or digit",
  );

/** Taken as typed: never trimmed, never cut. How strong it must be is the domain's to judge. */
const Password = z.string().min(1).max(1024);
export const Message = line(200);

export const Account = z
  .object({
    id: AccountId,
    username: z.string(),
    name: z.string().optional(),
    country: z.string().optional(),
    city: z.string().optional(),
    permissions: z.array(Permission),
    disabled: z.boolean(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: "Account" });
export type Account = z.infer<typeof Account>;

/** `merged`: what this visit's bin changed in the account's. */
export const SignedIn = z
  .object({ account: Account, session: Session, merged: Merged.optional() })
  .meta({ id: "SignedIn" });
export type SignedIn = z.infer<typeof SignedIn>;
const AccountReceipt = z
  .object({ account: Account, receipt: Receipt })
  .meta({ id: "AccountReceipt" });

const params = z.object({ id: AccountId });
/** Empty text in an edit means: remove it. */
const removable = <T extends z.ZodType>(schema: T) => z.union([z.literal(""), schema]);

const NewAccount = z.object({
  username: Username,
  password: Password,
  name: line(80).optional(),
  country: Country.optional(),
  city: City.optional(),
});

export const accountRoutes = {
  setup: route({
    method: "POST",
    path: "/api/setup",
    summary: "Create the first admin with the one-time setup token",
    needs: "nobody",
    body: z.object({
      token: z.string().min(1).max(200),
      username: Username,
      password: Password,
      name: line(80).optional(),
    }),
    reply: SignedIn,
    status: 201,
    errors: ["setup_closed", "wrong_setup_token", "weak_password", "username_taken"],
  }),
  register: route({
    method: "POST",
    path: "/api/accounts",
    summary: "Create an account and sign it in",
    needs: "nobody",
    body: NewAccount,
    reply: SignedIn,
    status: 201,
    errors: ["username_taken", "weak_password", "signups_closed", "too_many_attempts"],
  }),
  list: route({
    method: "GET",
    path: "/api/admin/accounts",
    summary: "List accounts by username",
    needs: "accounts:read",
    query: z.object({
      q: z.string().trim().max(64).optional(),
      cursor: z.string().max(200).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    reply: z.object({
      accounts: z.array(Account),
      next: z.string().nullable(),
      total: z.number().int(),
    }),
    status: 200,
  }),
  show: route({
    method: "GET",
    path: "/api/admin/accounts/:id",
    summary: "One account",
    needs: "accounts:read",
    params,
    reply: z.object({ account: Account }),
    status: 200,
  }),
  sessions: route({
    method: "GET",
    path: "/api/admin/accounts/:id/sessions",
    summary: "The account's devices, signed in and recently ended",
    needs: "sessions:read",
    params,
    reply: z.object({ sessions: z.array(Session), ended: z.array(EndedSession) }),
    status: 200,
  }),
  desk: route({
    method: "GET",
    path: "/api/admin/accounts/:id/desk",
    summary: "What the account has in its bin, and its reservations",
    needs: "accounts:read",
    params,
    reply: z.object({ bin: Bin, reservations: z.array(Reservation) }),
    status: 200,
  }),
  create: route({
    method: "POST",
    path: "/api/admin/accounts",
    summary: "Create an account for somebody",
    needs: "accounts:manage",
    fresh: true,
    body: NewAccount.extend({ permissions: z.array(Permission).optional() }),
    reply: z.object({ account: Account }),
    status: 201,
    errors: ["username_taken", "weak_password"],
  }),
  edit: route({
    method: "PATCH",
    path: "/api/admin/accounts/:id",
    summary: "Change name, country or city; an empty text removes it",
    needs: "accounts:manage",
    fresh: true,
    params,
    body: z.object({
      name: removable(line(80)).optional(),
      country: removable(Country).optional(),
      city: removable(City).optional(),
    }),
    reply: z.object({ account: Account }),
    status: 200,
  }),
  resetPassword: route({
    method: "PUT",
    path: "/api/admin/accounts/:id/password",
    summary: "Set a new password; ends every session of the account",
    needs: "accounts:manage",
    fresh: true,
    params,
    body: z.object({ next: Password }),
    reply: AccountReceipt,
    status: 200,
    errors: ["weak_password", "not_confirmed"],
  }),
  setPermissions: route({
    method: "PUT",
    path: "/api/admin/accounts/:id/permissions",
    summary: "Replace the account's permissions, effective at once",
    needs: "accounts:manage",
    fresh: true,
    params,
    body: z.object({ permissions: z.array(Permission) }),
    reply: AccountReceipt,
    status: 200,
    errors: ["last_manager", "not_confirmed"],
  }),
  setStatus: route({
    method: "PUT",
    path: "/api/admin/accounts/:id/status",
    summary: "Disable (ends every session) or enable the account",
    needs: "accounts:manage",
    fresh: true,
    params,
    body: z.object({ disabled: z.boolean(), reason: Message.optional() }),
    reply: AccountReceipt,
    status: 200,
    errors: ["last_manager", "not_confirmed"],
  }),
};
