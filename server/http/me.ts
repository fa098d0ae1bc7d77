/**
 * GET /api/me, the route every page asks and every check of a cookie resembles. For a session this node already
 * holds it is answered here, before the router: `admit`, then a reply that is serialised once per version of
 * the row. Anything else goes on to the route itself, which fills this in.
 */
import type { Context, Next } from "koa";
import { sessionRoutes } from "../../shared/contract/session-routes.ts";
import { toInstant } from "../domain/clock.ts";
import type { Door, Held, KeptReply } from "../domain/door.ts";
import type { LastSeen } from "../domain/last-seen.ts";
import { idleExpiresAt } from "../domain/session.ts";
import type { Cookies } from "./cookies.ts";

export interface AnswerMeOptions {
  door: Door;
  lastSeen: LastSeen;
  cookies: Cookies;
  redisNow(): number;
}

/** Goes before the router and its error answers: it never throws. Not async: a promise less on the hottest route. */
export function answerMe({ door, lastSeen, cookies, redisNow }: AnswerMeOptions) {
  return function answerMe(ctx: Context, next: Next): Promise<unknown> {
    const { req, res } = ctx;
    if (req.url !== sessionRoutes.me.path || req.method !== "GET") return next();
    const token = cookies.readSession(ctx);
    const held = token === null ? undefined : door.recognise(token);
    const reply = held?.reply;
    if (held === undefined || !reply || redisNow() >= reply.until) return next();
    if (req.headers["rollcall-background"] !== "1") lastSeen.note(held);
    res.setHeader("Cache-Control", "no-store");
    res.setHeader("Content-Type", "application/json; charset=utf-8");
    ctx.body = reply.isOutdated ? writeAgain(reply, held) : reply.text;
    return answered;
  };
}

const answered = Promise.resolve();

function writeAgain(reply: KeptReply, { row }: Held): string {
  const { session } = reply.me;
  if (session) {
    session.lastSeenAt = toInstant(row.lastSeenAt);
    session.idleExpiresAt = toInstant(idleExpiresAt(row));
  }
  reply.text = JSON.stringify(reply.me);
  reply.isOutdated = false;
  return reply.text;
}
