/**
 * Public identifiers. They name things, they never open doors: a session's id may be shown, copied and
 * logged, its token may not. The first three characters of an account's and of a session's id are its
 * routing part: everything of one account lives in one Redis hash slot, and the id alone leads there.
 * Alphabet: Crockford's base 32 in lower case (no i, l, o, u), so that ids survive being read aloud.
 */
import { z } from "zod";

export const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
export const routeLength = 3;

const idOf = (length: number) => new RegExp(`^[0-9a-hjkmnp-tv-z]{${length}}$`);

export const SessionId = z.string().regex(idOf(20), "is not a session id").brand<"SessionId">();
export type SessionId = z.infer<typeof SessionId>;

export const AccountId = z.string().regex(idOf(16), "is not an account id").brand<"AccountId">();
export type AccountId = z.infer<typeof AccountId>;

/** What can be reserved. */
export const ResourceId = z.string().regex(idOf(16), "is not a resource id").brand<"ResourceId">();
export type ResourceId = z.infer<typeof ResourceId>;

export const ReservationId = z
  .string()
  .regex(idOf(20), "is not a reservation id")
  .brand<"ReservationId">();
export type ReservationId = z.infer<typeof ReservationId>;
