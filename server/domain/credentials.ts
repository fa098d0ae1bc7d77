/**
 * Reading a credential out of raw headers, and writing the cookies that carry one. Pure functions, shared
 * by HTTP, sockets and gateway, so that no door can read a header differently from another. Whatever a
 * client sends is input: length and alphabet are checked before anything is looked up, an ambiguous header
 * (the same cookie twice) counts as none, and nothing here throws on what was received.
 */
import type { SessionId } from "../../shared/ids.ts";

export interface SessionToken {
  id: SessionId;
  secret: string;
}

export interface CookieNames {
  session: string;
  remember: string;
  device: string;
}

interface CookieScope {
  /** Is the public address https? */
  secure: boolean;
  /** COOKIE_DOMAIN, for apps on sibling hosts. */
  domain: string | null;
}

const longestHeader = 16 * 1024;
const longestCookie = 512;
const longestBearer = 4096;

/** `<id>.<secret>`: 20 characters of Crockford's base 32, 43 of base64url (256 bits). */
const sessionTokenLength = 64;
const sessionTokenPattern = /^[0-9a-hjkmnp-tv-z]{20}\.[A-Za-z0-9_-]{43}$/;
/** 22 characters of base64url (128 bits). */
const deviceTokenPattern = /^[A-Za-z0-9_-]{22}$/;
const bearerPattern = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** The value of one cookie, undecoded, in a single pass: this runs for every request of the gateway. */
export function readCookie(header: string | undefined, name: string): string | null {
  if (header === undefined || header.length > longestHeader) return null;
  let value: string | null = null;
  for (let start = 0; start < header.length;) {
    const semicolon = header.indexOf(";", start);
    const end = semicolon === -1 ? header.length : semicolon;
    const nameStart = skipBlanks(header, start, end);
    const equals = nameStart + name.length;
    if (equals < end && header[equals] === "=" && header.startsWith(name, nameStart)) {
      if (value !== null) return null;
      value = header.slice(equals + 1, end).trim();
    }
    start = end + 1;
  }
  return value === null || value === "" || value.length > longestCookie ? null : value;
}

export function parseSessionToken(value: string | null): SessionToken | null {
  if (value?.length !== sessionTokenLength || !sessionTokenPattern.test(value)) return null;
  // The pattern above is that of SessionId; this is the one place where a header's text becomes one.
  return { id: value.slice(0, 20) as SessionId, secret: value.slice(21) };
}

export function parseDeviceToken(value: string | null): string | null {
  return value !== null && deviceTokenPattern.test(value) ? value : null;
}

/** The token of `Authorization: Bearer <token>`; null for other schemes, which belong to the apps. */
export function readBearer(authorization: string | undefined): string | null {
  if (authorization === undefined || authorization.length > longestBearer + 16) return null;
  const token = bearerPattern.exec(authorization)?.[1];
  return token === undefined || token.length > longestBearer ? null : token;
}

/**
 * `__Host-` makes browsers refuse a cookie of that name set by a sibling host or over http; with a Domain
 * only `__Secure-` is left, and without https neither is possible.
 */
export function cookieNames(options: {
  secure: boolean;
  cookieDomain: string | null;
}): CookieNames {
  const prefix = !options.secure ? "" : options.cookieDomain === null ? "__Host-" : "__Secure-";
  return {
    session: `${prefix}rollcall`,
    remember: `${prefix}rollcall-remember`,
    device: `${prefix}rollcall-device`,
  };
}

/** A Set-Cookie header. `maxAge` is in milliseconds; without it the cookie goes when the browser does. */
export function serializeCookie(
  name: string,
  value: string,
  { secure, domain, maxAge }: CookieScope & { maxAge?: number },
): string {
  if (!/^[\w-]+$/.test(name) || !/^[\w.~+/=-]*$/.test(value)) {
    throw new TypeError("a cookie's name or value holds a character that would end it");
  }
  const parts = [`${name}=${value}`, "Path=/"];
  if (domain !== null) parts.push(`Domain=${domain}`);
  if (maxAge !== undefined) parts.push(`Max-Age=${Math.max(0, Math.floor(maxAge / 1000))}`);
  if (secure) parts.push("Secure");
  parts.push("HttpOnly", "SameSite=Lax");
  return parts.join("; ");
}

/** A Set-Cookie header that removes the cookie; the scope must be the one it was set with. */
export function expireCookie(name: string, scope: CookieScope): string {
  const header = serializeCookie(name, "", { ...scope, maxAge: 0 });
  return `${header}; Expires=Thu, 01 Jan 1970 00:00:00 GMT`;
}

function skipBlanks(text: string, start: number, end: number): number {
  let position = start;
  while (position < end && (text[position] === " " || text[position] === "\t")) position += 1;
  return position;
}
