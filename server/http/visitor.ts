/** Who is at the other end: the facts of a request that become facts of a session. */
import type { Context } from "koa";
import { clientAddress, kindOfAddress, type Trust } from "../domain/address.ts";
import type { Visitor } from "../domain/sessions.ts";
import type { Cookies } from "./cookies.ts";

export interface VisitorOptions {
  trusted: Trust;
  cookies: Cookies;
  /** The place of a public address, when a GeoIP file is there. */
  placeOf(address: string): string | null;
}

const ownPlaces = {
  loopback: "This computer",
  private: "Local network",
} as const;

export function createVisitorReader({ trusted, cookies, placeOf }: VisitorOptions) {
  return function visitorOf(ctx: Context): Visitor {
    const ip = clientAddress({
      peer: ctx.req.socket.remoteAddress,
      forwardedFor: ctx.req.headers["x-forwarded-for"],
      trusted,
    });
    const kind = kindOfAddress(ip);
    return {
      ip,
      location: kind === "loopback" || kind === "private" ? ownPlaces[kind] : placeOf(ip),
      userAgent: ctx.req.headers["user-agent"],
      device: cookies.readDevice(ctx),
    };
  };
}
