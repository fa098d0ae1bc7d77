/**
 * Between a contract route and its handler: who asks, may they, is what they sent right, and only what the
 * contract names goes out. A handler translates one request into one domain call and nothing more.
 */
import type { Context, Middleware } from "koa";
import type { z } from "zod";
import { DomainError } from "../../shared/errors.ts";
import type { Parsed, ReplyOf, Route } from "../../shared/route.ts";
import type { Checked, Door, Held } from "../domain/door.ts";
import { showEnd, type AccountRow } from "../domain/session.ts";
import type { Opened, Visitor } from "../domain/sessions.ts";
import type { Cookies } from "./cookies.ts";
import type { Kept, KeptSessions } from "./kept.ts";
import type { ReadBody } from "./body.ts";
import { noLines, readLines, writeLines } from "./lines.ts";
import type { Identify } from "./identify.ts";

/** What every handler receives beside its parsed input. */
export interface Asker {
  ctx: Context;
  visitor: Visitor;
  checked: Checked;
  /** The caller's session; null for a stranger (or one whose session has ended, on open routes). */
  held: Held | null;
  /** What koa-session keeps, on routes that say so. */
  kept: Kept;
  /** On routes that say so, and when the caller gave one. */
  idempotencyKey: string | null;
  /** The body's lines as they come, on routes that say so. */
  lines: AsyncIterable<string>;
  /** For what takes long before it has its effect, or goes on having it: whoever was cut meanwhile is refused. */
  assertStillMay(): Promise<void>;
}

/** Where the route needs an account, there is one. */
export type Caller<R extends Route> = R["needs"] extends "nobody"
  ? Asker
  : Asker & { held: Held; account: AccountRow; by: { id: AccountRow["id"]; username: string } };

type Answer<R extends Route> = R["streams"] extends true
  ? AsyncIterable<ReplyOf<R>>
  : Promise<ReplyOf<R>> | ReplyOf<R>;

export type Handler<R extends Route> = (asked: Parsed<R> & Caller<R>) => Answer<R>;

export interface BindOptions {
  door: Door;
  identify: Identify;
  cookies: Cookies;
  kept: KeptSessions;
  readBody: ReadBody;
  assertFresh(held: Held): void;
  visitorOf(ctx: Context): Visitor;
  openGuest(visitor: Visitor): Promise<Opened>;
}

export type Bind = ReturnType<typeof createBind>;

export function createBind(options: BindOptions) {
  const { door, cookies, kept } = options;

  /** A session that ended is told so where one is needed, and is none where it is not. */
  function assertMay(route: Route, checked: Checked): void {
    // The browser has a newer cookie by now, which a guest's would overwrite: ask again with that one.
    if ((route.keeps || route.opensGuest) && checked.state === "stale")
      throw new DomainError("stale_token");
    if (route.needs === "nobody") return;
    if (checked.state === "ended") {
      const end = showEnd(checked.end);
      throw new DomainError("session_ended", { end });
    }
    if (checked.state === "stale") throw new DomainError("stale_token");
    if (checked.state === "nobody" || checked.held.account === null)
      throw new DomainError("not_signed_in");
    const { held } = checked;
    if (route.needs !== "account" && !held.permissions.has(route.needs))
      throw new DomainError("forbidden", { message: `This takes the permission ${route.needs}.` });
    if (route.fresh) options.assertFresh(held);
  }

  async function parseAll<R extends Route>(route: R, ctx: Context): Promise<Parsed<R>> {
    const body = route.body && (await options.readBody(ctx, kindOfBody(route)));
    return {
      params: parse(route.params, (ctx as Context & { params: unknown }).params, "params"),
      query: parse(route.query, ctx.query, "query"),
      body: parse(route.body, body, ""),
    } as Parsed<R>;
  }

  /** Reading the body may have taken long; whoever was cut meanwhile does nothing any more. */
  async function assertStillMay(route: Route, held: Held): Promise<void> {
    if (!door.mayStill(held)) assertMay(route, await door.readById(held.row.id, held.token));
  }

  return function bind<R extends Route>(route: R, handler: Handler<R>): Middleware {
    return async function handle(ctx: Context): Promise<void> {
      const checked = await options.identify(ctx);
      assertMay(route, checked);
      const parsed = await parseAll(route, ctx);
      const visitor = options.visitorOf(ctx);
      let held = checked.state === "held" ? checked.held : null;
      const stillMay = async () => (held ? assertStillMay(route, held) : undefined);
      if (route.method !== "GET") await stillMay();
      if (route.opensGuest && held === null) held = await enterAsGuest(ctx, checked, visitor);
      (ctx.state as { held: Held | null }).held = held;
      const account = held?.account ?? null;
      const by = account && { id: account.id, username: account.username };
      const idempotencyKey = route.idempotent ? readIdempotencyKey(ctx) : null;
      const lines = route.lines ? readLines(ctx) : noLines;
      const asker = { ...parsed, ctx, visitor, checked, held, account, by, idempotencyKey, lines };
      const answer = async (keptNow: Kept) =>
        handler({ ...asker, assertStillMay: stillMay, kept: keptNow } as never);
      const reply = await (route.keeps ? kept.use(ctx, answer) : answer({}));
      ctx.status = route.status;
      if (route.streams) await writeLines(ctx, route, reply as AsyncIterable<unknown>);
      else ctx.body = route.reply === null ? null : route.reply.parse(reply);
    };
  };

  async function enterAsGuest(ctx: Context, checked: Checked, visitor: Visitor): Promise<Held> {
    if (door.hasSignedIn(cookies.readSession(ctx), checked)) throw new DomainError("stale_token");
    const opened = await options.openGuest(visitor);
    cookies.open(ctx, opened);
    return opened.held;
  }
}

const longestKey = 255;

function readIdempotencyKey(ctx: Context): string | null {
  const key = ctx.get("idempotency-key");
  if (key === "") return null;
  // Visible ASCII, quoted or not: a structured field's string (RFC 8941), as the draft has it, or bare.
  if (key.length > longestKey || !/^[\x21-\x7e]+$/.test(key) || key === '""')
    throw new DomainError("invalid_request", {
      errors: [{ path: "idempotency-key", message: "takes 1 to 255 visible ASCII characters" }],
    });
  return key.replace(/^"(.*)"$/, "$1");
}

const kindOfBody = (route: Route) => ({
  optional: route.bodyOptional ?? false,
  form: route.form ?? false,
});

function parse(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    path: [...(where ? [where] : []), ...path.map(String)].join(".") || "body",
    message,
  }));
  throw new DomainError("invalid_request", { errors });
}
