/** The Koa application: what happens to a request, in order. */
import Router from "@koa/router";
import Koa from "koa";
import helmet from "koa-helmet";
import type { Context, Middleware, Next } from "koa";
import { randomBytes } from "node:crypto";
import { accountRoutes } from "../../shared/contract/accounts.ts";
import { adminSessionRoutes, sessionRoutes } from "../../shared/contract/session-routes.ts";
import { DomainError } from "../../shared/errors.ts";
import type { Route } from "../../shared/route.ts";
import { mayChangeThings, type OriginRule } from "../domain/origin.ts";
import type { Report } from "../domain/report.ts";
import type { SessionStore } from "../domain/sessions.ts";
import { createBind, type BindOptions } from "./bind.ts";
import { createBodyReader } from "./body.ts";
import { bindHealth, type HealthParts } from "./health.ts";
import { createKept } from "./kept.ts";
import { describeApi } from "./openapi.ts";
import { asDomainError, problemOf } from "./problem.ts";
import { bindAccounts } from "./routes/accounts.ts";
import { bindAdminSessions } from "./routes/admin-sessions.ts";
import type { RouteParts } from "./routes/parts.ts";
import { bindSessions } from "./routes/sessions.ts";
import { serveClient } from "./static.ts";

export interface AppOptions
  extends Omit<RouteParts, "router" | "bind">, Omit<BindOptions, "kept" | "readBody">, HealthParts {
  store: Pick<SessionStore, "kept" | "keep">;
  origins: OriginRule;
  secure: boolean;
  version: string;
  clientFolder: string;
  log: Report & { error(event: string, fields?: Record<string, unknown>): void };
  observe(facts: { route: string; method: string; status: number; seconds: number }): void;
}

/** Every route there is: bound here, walked by the tests, described by OpenAPI. */
export const allRoutes: readonly Route[] = [
  ...Object.values(sessionRoutes),
  ...Object.values(accountRoutes),
  ...Object.values(adminSessionRoutes),
];

export function createApp(options: AppOptions): Koa {
  const app = new Koa();
  app.on("error", () => {});
  const kept = createKept(app, options.store);
  const bind = createBind({ ...options, kept, readBody: createBodyReader() });
  const router = new Router();
  const parts: RouteParts = { ...options, router, bind };
  bindSessions(parts);
  bindAccounts(parts);
  bindAdminSessions(parts);
  bindHealth(router, options);
  const api = JSON.stringify(describeApi(allRoutes, options.version));
  router.get("/api/openapi.json", (ctx) => {
    ctx.type = "application/json";
    ctx.body = api;
  });

  app.use(nameRequest());
  app.use(observeRequest(options));
  app.use(answerErrors(options));
  app.use(secureHeaders(options.secure));
  app.use(refuseCrossSite(options.origins));
  app.use(router.routes());
  app.use(router.allowedMethods({ throw: true }));
  app.use(serveClient(options.clientFolder));
  return app;
}

/** A request id for the log and for whoever reports a problem; a short one from a proxy is taken over. */
function nameRequest(): Middleware {
  const node = randomBytes(6).toString("base64url");
  let count = 0;
  return async function nameRequest(ctx: Context, next: Next) {
    const given = ctx.req.headers["x-request-id"];
    const id =
      typeof given === "string" && /^[\w=-]{1,64}$/.test(given) ? given : `${node}-${++count}`;
    (ctx.state as { requestId: string }).requestId = id;
    ctx.res.setHeader("X-Request-Id", id);
    await next();
  };
}

function observeRequest({ observe }: AppOptions): Middleware {
  return async function observeRequest(ctx: Context, next: Next) {
    const startedAt = performance.now();
    await next();
    const matched = (ctx as Context & { routerPath?: string; _matchedRoute?: string })
      ._matchedRoute;
    observe({
      route: matched ?? "other",
      method: ctx.method,
      status: ctx.status,
      seconds: (performance.now() - startedAt) / 1000,
    });
  };
}

/** Codes become problems here and nowhere else; an unknown fault is logged and answered without details. */
function answerErrors({ log }: AppOptions): Middleware {
  return async function answerErrors(ctx: Context, next: Next) {
    const { requestId } = ctx.state as { requestId: string };
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined) throw new DomainError("not_found");
    } catch (thrown) {
      const known = asDomainError(thrown);
      if (known === null)
        log.error("request failed", {
          requestId,
          method: ctx.method,
          path: ctx.path,
          error: thrown,
        });
      const error = known ?? new DomainError("internal_error");
      const problem = problemOf(error.code, error.details, requestId);
      ctx.status = problem.status;
      ctx.type = "application/problem+json";
      ctx.set("Cache-Control", "no-store");
      const wait = error.details.retryAfterSeconds;
      if (wait !== undefined) ctx.set("Retry-After", String(wait));
      ctx.body = JSON.stringify(problem);
    }
  };
}

function secureHeaders(secure: boolean): Middleware {
  const own = ["'self'"];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: own,
        styleSrc: own,
        imgSrc: [...own, "data:"],
        fontSrc: own,
        connectSrc: own,
        manifestSrc: own,
        baseUri: ["'none'"],
        formAction: own,
        frameAncestors: ["'none'"],
        ...(secure && { upgradeInsecureRequests: [] }),
      },
    },
    strictTransportSecurity: secure ? { maxAge: 31_536_000, includeSubDomains: true } : false,
    xFrameOptions: { action: "deny" },
    crossOriginEmbedderPolicy: false,
    // Over plain http on a LAN browsers ignore these and complain in the console.
    crossOriginOpenerPolicy: true,
    originAgentCluster: secure,
    referrerPolicy: { policy: "no-referrer" },
  });
}

function refuseCrossSite(rule: OriginRule): Middleware {
  const safe = new Set(["GET", "HEAD", "OPTIONS"]);
  return async function refuseCrossSite(ctx: Context, next: Next) {
    const { headers } = ctx.req;
    const origin = { ...headers, secFetchSite: headers["sec-fetch-site"] };
    if (!safe.has(ctx.method) && !mayChangeThings(origin, rule))
      throw new DomainError("cross_site");
    if (ctx.path.startsWith("/api/")) ctx.set("Cache-Control", "no-store");
    await next();
  };
}
