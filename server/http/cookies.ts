/**
 * The cookies we set, and the only code that sets them. A session cookie is sent by the request that opened or
 * rotated the session and by no other, so an old answer never overwrites a newer cookie.
 */
import type { Context } from "koa";
import {
  cookieNames,
  expireCookie,
  parseDeviceToken,
  readCookie,
  serializeCookie,
} from "../domain/credentials.ts";
import type { Credential } from "../domain/families.ts";
import type { Opened } from "../domain/sessions.ts";

export interface CookieOptions {
  secure: boolean;
  cookieDomain: string | null;
  /** How long a browser keeps a guest's cookie, in milliseconds; how long it may idle is the row's to say. */
  guestMaximum: number;
  redisNow(): number;
}

export type Cookies = ReturnType<typeof createCookies>;

const deviceLifetime = 400 * 24 * 60 * 60 * 1000;

export function createCookies({ secure, cookieDomain, guestMaximum, redisNow }: CookieOptions) {
  const names = cookieNames({ secure, cookieDomain });
  const scope = { secure, domain: secure ? cookieDomain : null };
  const set = (ctx: Context, header: string) => ctx.append("Set-Cookie", header);

  return {
    names,
    readSession: (ctx: Context) => readCookie(ctx.req.headers.cookie, names.session),
    readRemember: (ctx: Context) => readCookie(ctx.req.headers.cookie, names.remember),
    readDevice: (ctx: Context) =>
      parseDeviceToken(readCookie(ctx.req.headers.cookie, names.device)),

    /** After a session was opened. */
    open(ctx: Context, { held, device }: Opened): void {
      // An account's cookie goes when the browser does; a guest's stays for the next visit.
      const persistent = held.row.kind === "guest" ? { maxAge: guestMaximum } : {};
      set(ctx, serializeCookie(names.session, held.token, { ...scope, ...persistent }));
      set(ctx, serializeCookie(names.device, device, { ...scope, maxAge: deviceLifetime }));
    },

    /** After the session got a new secret. */
    rotate(ctx: Context, token: string): void {
      set(ctx, serializeCookie(names.session, token, scope));
    },

    /** The next member of the browser's family. */
    remember(ctx: Context, { credential, expiresAt }: Credential): void {
      const maxAge = Math.max(0, expiresAt - redisNow());
      set(ctx, serializeCookie(names.remember, credential, { ...scope, maxAge }));
    },

    /** What could re-open the session is spent, stolen or no longer wanted. */
    forget(ctx: Context): void {
      set(ctx, expireCookie(names.remember, scope));
    },

    /** After sign-out. The device cookie stays: the same browser is the same device next time. */
    clear(ctx: Context): void {
      set(ctx, expireCookie(names.session, scope));
      set(ctx, expireCookie(names.remember, scope));
    },
  };
}
