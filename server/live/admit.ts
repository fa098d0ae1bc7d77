/**
 * Letting sockets in: Origin first, then the same cookie and the same `admit` as every other door. A socket is
 * registered, then admitted, then put into rooms; refusals carry a code the client can act on.
 */
import type { IncomingMessage } from "node:http";
import type { Server } from "socket.io";
import { DomainError } from "../../shared/errors.ts";
import type { Refusal } from "../../shared/live.ts";
import { readCookie } from "../domain/credentials.ts";
import type { Checked, Door } from "../domain/door.ts";
import { isOwnOrigin, type OriginRule } from "../domain/origin.ts";
import { showEnd } from "../domain/session.ts";
import type { HeldSocket, LiveSocket, Registry } from "./registry.ts";
import { accountRoom } from "./rooms.ts";

export interface AdmitOptions {
  door: Door;
  registry: Registry;
  sessionCookie: string;
}

/** More open pages of one session than a person has; beyond it something is wrong. */
const mostSocketsOfSession = 100;

/** For Socket.IO's `allowRequest`: browsers send Origin on every websocket handshake. */
export const checkOrigin =
  (rule: OriginRule) =>
  (request: IncomingMessage, answer: (refusal: string | null, allowed: boolean) => void): void => {
    const { origin, host } = request.headers;
    // No Origin: not a browser, so nobody's cookies were borrowed.
    const allowed = origin === undefined || isOwnOrigin(origin, host, rule);
    answer(allowed ? null : "cross_site", allowed);
  };

export function admitSockets(io: Server, options: AdmitOptions): void {
  const { door, registry, sessionCookie } = options;

  io.use((socket, next) => {
    const token = readCookie(socket.request.headers.cookie, sessionCookie);
    void checkToken(door, token).then((checked) => {
      const refusal = refusalOf(checked);
      (socket as LiveSocket).data.held = checked.state === "held" ? checked.held : null;
      if (refusal === null) next();
      else next(Object.assign(new Error(refusal.code), { data: refusal }));
    });
  });

  io.on("connection", (connected) => {
    const socket = connected as LiveSocket;
    if (!isHeld(socket)) return;
    // One synchronous stretch: a cut that is applied later finds the socket, one applied before refuses it.
    registry.add(socket);
    socket.on("disconnect", () => registry.remove(socket));
    const { held } = socket.data;
    const crowded = registry.count(held.row.id) > mostSocketsOfSession;
    if (crowded || !door.mayStill(held)) return void socket.disconnect(true);
    if (held.row.accountId) void socket.join(accountRoom(held.row.accountId));
  });
}

export const isHeld = (socket: LiveSocket): socket is HeldSocket => socket.data.held !== null;

async function checkToken(
  door: Door,
  token: string | null,
): Promise<Checked | { state: "unavailable" }> {
  try {
    return token === null ? { state: "nobody" } : await door.check(token);
  } catch (error) {
    if (error instanceof DomainError) return { state: "unavailable" };
    throw error;
  }
}

function refusalOf(checked: Checked | { state: "unavailable" }): Refusal | null {
  switch (checked.state) {
    case "held":
    case "nobody":
      return null;
    case "stale":
      return { code: "stale_token" };
    case "unavailable":
      return { code: "unavailable" };
    case "ended": {
      const end = showEnd(checked.end);
      return { code: "session_ended", reason: end.reason, end };
    }
  }
}
