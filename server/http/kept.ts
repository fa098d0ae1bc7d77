/**
 * koa-session, on our own store. It keeps what a request wants to remember on the session (a preference, a
 * return address) and nothing else: opening, rotating and ending are domain calls, and security facts are fields
 * that only scripts write. This file is the only reader of `ctx.session`. Its traps, each with a test:
 * `commit()` always calls `store.set`, so `set` only ever updates a live row over the version it read and
 * never creates; it would run also when a handler throws, so it is called here; `externalKey.set` runs on every
 * save, so it does nothing; `maxAge` lies above every lifetime, because ours rule; cookies are opaque, so nothing
 * is signed.
 */
import type Koa from "koa";
import session from "koa-session";
import type { Context, Middleware } from "koa";
import { DomainError } from "../../shared/errors.ts";
import type { SessionId } from "../../shared/ids.ts";
import type { Held } from "../domain/door.ts";
import type { SessionStore } from "../domain/sessions.ts";

/** What handlers may keep on a session. */
export interface Kept {
  preferences?: { theme: "system" | "light" | "dark" };
}

const tenYears = 10 * 365 * 24 * 60 * 60 * 1000;

export function createKept(app: Koa, store: Pick<SessionStore, "kept" | "keep">) {
  const heldOf = (ctx: Context): Held | null => (ctx.state as { held?: Held | null }).held ?? null;
  const versions = new WeakMap<Context, number>();

  const middleware = session(
    {
      key: "rollcall",
      signed: false,
      maxAge: tenYears,
      rolling: false,
      renew: false,
      // By itself it would also keep what a handler did before it threw, and hide that error behind its own.
      autoCommit: false,
      externalKey: { get: (ctx: Context) => heldOf(ctx)?.row.id as string, set: () => {} },
      store: {
        async get(id: string, _maxAge: unknown, { ctx }: { ctx: Context }) {
          const kept = await store.kept(id as SessionId);
          if (kept === null) return undefined;
          versions.set(ctx, kept.version);
          return JSON.parse(kept.value) as object;
        },
        async set(id: string, value: object, _maxAge: unknown, { ctx }: { ctx: Context }) {
          const version = versions.get(ctx);
          const written =
            version === undefined
              ? 0
              : await store.keep(id as SessionId, version, JSON.stringify(value));
          // Ended meanwhile, or another tab was quicker: nothing was written, and the answer says so.
          if (written === 0) throw new DomainError("unavailable", { retryAfterSeconds: 1 });
        },
        async destroy() {
          // Sessions end by domain calls; koa-session forgetting one ends nothing.
        },
      },
    } as object,
    app,
  ) as Middleware;

  return {
    /** Run `work` with what the session keeps; changes are written when it returns. */
    async use<T>(ctx: Context, work: (kept: Kept) => Promise<T> | T): Promise<T> {
      if (heldOf(ctx) === null) return work({});
      let answer!: T;
      await middleware(ctx, async () => {
        const opened = ctx as unknown as { session: (Kept & { manuallyCommit(): unknown }) | null };
        answer = await work(opened.session ?? {});
        // Null when a handler threw it away: koa-session would then send a cookie of its own.
        await opened.session?.manuallyCommit();
      });
      return answer;
    },
  };
}

export type KeptSessions = ReturnType<typeof createKept>;
