/**
 * Who asks: the session cookie first, then a bearer token of ours, and for a browser without a live session its
 * remember cookie, which is spent for a new session and its own successor. Only here is it ever spent: a
 * gateway's sub-request or a socket's handshake could not hand the successor to the browser.
 */
import type { Context } from "koa";
import { readBearer } from "../domain/credentials.ts";
import type { Checked, Door } from "../domain/door.ts";
import type { Families } from "../domain/families.ts";
import type { LastSeen } from "../domain/last-seen.ts";
import type { Tokens } from "../domain/tokens.ts";
import type { Cookies } from "./cookies.ts";

export interface IdentifyOptions {
  door: Door;
  tokens: Tokens;
  families: Families;
  cookies: Cookies;
  lastSeen: LastSeen;
  /** A sleeping session was opened again. */
  onReopened(held: Extract<Checked, { state: "held" }>["held"]): void;
}

export type Identify = (ctx: Context) => Promise<Checked>;

const nobody: Checked = { state: "nobody" };

export function createIdentify(options: IdentifyOptions): Identify {
  const { door, tokens, families, cookies, lastSeen } = options;

  return async function identify(ctx) {
    const token = cookies.readSession(ctx);
    let checked = token === null ? await checkBearer(ctx) : await door.check(token);
    if (checked.state !== "held") checked = await checkRemembered(ctx, checked);
    if (checked.state === "held" && ctx.req.headers["rollcall-background"] !== "1")
      lastSeen.note(checked.held);
    return checked;
  };

  async function checkBearer(ctx: Context): Promise<Checked> {
    const bearer = readBearer(ctx.req.headers.authorization);
    return bearer === null ? nobody : tokens.check(bearer);
  }

  async function checkRemembered(ctx: Context, checked: Checked): Promise<Checked> {
    const credential = cookies.readRemember(ctx);
    if (credential === null) return checked;
    // A superseded session secret: the answer that brought its successor was lost, or is still on its way.
    const recovering = checked.state === "stale";
    const spent = await families.spend(credential, "remember", recovering);
    if (spent.state === "renewed") {
      cookies.rotate(ctx, spent.held.token);
      cookies.remember(ctx, spent);
      options.onReopened(spent.held);
      return { state: "held", held: spent.held };
    }
    // What can open nothing any more is left where it is: clearing it might clear what came after it.
    if (spent.state === "theft") return { state: "ended", end: spent.end };
    return spent.state === "stale" ? { state: "stale" } : checked;
  }
}
