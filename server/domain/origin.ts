/**
 * Whether a request that changes something comes from our own pages. `Origin` is compared with what is
 * configured, never with what the request says of itself (Koa's `ctx.origin` echoes the header). Without
 * PUBLIC_URL, a first try on a LAN must work: then our own origin is `http://<Host>`, as long as Host is
 * loopback or an IP literal, which no other site can make a browser send (DNS rebinding needs a name).
 */
import { isIP } from "node:net";

export interface OriginRule {
  publicUrl: string | null;
}

export function isOwnOrigin(
  origin: string | undefined,
  host: string | undefined,
  { publicUrl }: OriginRule,
): boolean {
  if (origin === undefined) return false;
  if (publicUrl !== null) return origin === new URL(publicUrl).origin;
  return host !== undefined && isLiteralHost(host) && origin === `http://${host}`;
}

/** The CSRF rule of DESIGN section 10, for unsafe methods. */
export function mayChangeThings(
  headers: {
    origin?: string | undefined;
    host?: string | undefined;
    secFetchSite?: string | undefined;
  },
  rule: OriginRule,
): boolean {
  const { origin, host, secFetchSite } = headers;
  if (secFetchSite === "same-origin" || secFetchSite === "none") return true;
  if (origin !== undefined) return isOwnOrigin(origin, host, rule);
  // Neither header: not a browser, so there is no cookie it was tricked into sending.
  return secFetchSite === undefined;
}

function isLiteralHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || isIP(name) !== 0;
}
