/** The Koa application: what happens to a request, in order. */
import Router from "@koa/router";
import Koa from "koa";
import type { Context, Middleware, Next } from "koa";
import { randomBytes } from "node:crypto";
import { accountRoutes } from "../../shared/contract/accounts.ts";
import { adminSessionRoutes, sessionRoutes } from "../../shared/contract/session-routes.ts";
import { activityRoutes } from "../../shared/contract/activity.ts";
import { binRoutes } from "../../shared/contract/bin.ts";
import { adminCatalogueRoutes, catalogueRoutes } from "../../shared/contract/catalogue.ts";
import { statsRoutes } from "../../shared/contract/stats.ts";
import { outcomeRoutes } from "../../shared/contract/outcomes.ts";
import { reservationRoutes } from "../../shared/contract/reservations.ts";
import { tokenRoutes } from "../../shared/contract/tokens.ts";
import { DomainError } from "../../shared/errors.ts";
import type { Route } from "../../shared/route.ts";
import { mayChangeThings, type OriginRule } from "../domain/origin.ts";
import type { Report } from "../domain/report.ts";
import type { SessionStore } from "../domain/sessions.ts";
import { createBind, type BindOptions } from "./bind.ts";
import { createBodyReader } from "./body.ts";
import { secureHeaders } from "./headers.ts";
import { answerMe } from "./me.ts";
import { bindHealth, type HealthParts } from "./health.ts";
import { createIdentify, type IdentifyOptions } from "./identify.ts";
import { createKept } from "./kept.ts";
import { describeApi } from "./openapi.ts";
import { asDomainError, problemOf } from "./problem.ts";
import { bindAccounts } from "./routes/accounts.ts";
import { bindAdminSessions } from "./routes/admin-sessions.ts";
import { bindActivity } from "./routes/activity.ts";
import { bindBin } from "./routes/bin.ts";
import { bindCatalogue } from "./routes/catalogue.ts";
import { bindStats } from "./routes/stats.ts";
import { bindOutcomes } from "./routes/outcomes.ts";
import { bindTokens } from "./routes/tokens.ts";
import type { RouteParts } from "./routes/parts.ts";
import { bindReservations } from "./routes/reservations.ts";
import { bindSessions } from "./routes/sessions.ts";
import { serveClient } from "./static.ts";

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

export interface AppOptions
  extends
    Omit<RouteParts, "router" | "bind">,
    Omit<BindOptions, "kept" | "readBody" | "identify">,
    Omit<IdentifyOptions, "onReopened">,
    HealthParts {
  store: Pick<SessionStore, "kept" | "keep">;
  origins: OriginRule;
  secure: boolean;
  version: string;
  clientFolder: string;
  log: Report & { error(event: string, fields?: Record<string, unknown>): void };
  redisNow(): number;
}

/** Every route there is: bound here, walked by the tests, described by OpenAPI. */
export const allRoutes: readonly Route[] = [
  ...Object.values(sessionRoutes),
  ...Object.values(accountRoutes),
  ...Object.values(adminSessionRoutes),
  ...Object.values(tokenRoutes),
  ...Object.values(activityRoutes),
  ...Object.values(statsRoutes),
  ...Object.values(binRoutes),
  ...Object.values(catalogueRoutes),
  ...Object.values(adminCatalogueRoutes),
  ...Object.values(reservationRoutes),
  ...Object.values(outcomeRoutes),
];

export async function createApp(options: AppOptions): Promise<Koa> {
  const app = new Koa();
  app.on("error", () => {});
  const kept = createKept(app, options.store);
  const identify = createIdentify({
    ...options,
    onReopened: ({ row, account }) =>
      void options.sessions.tellChanged(row, account).catch(() => {}),
  });
  const bind = createBind({ ...options, identify, kept, readBody: createBodyReader() });
  // One spelling each: what is checked by its path (no-store, the gateway) has no second one.
  const router = new Router({ strict: true, sensitive: true });
  const parts: RouteParts = { ...options, router, bind };
  bindSessions(parts);
  bindAccounts(parts);
  bindAdminSessions(parts);
  bindTokens(parts);
  bindActivity(parts);
  bindStats(parts);
  bindBin(parts);
  bindReservations(parts);
  bindCatalogue(parts);
  bindOutcomes(parts);
  bindHealth(router, options);
  const api = JSON.stringify(describeApi(allRoutes, options.version));
  router.get("/api/openapi.json", (ctx) => {
    ctx.type = "application/json";
    ctx.body = api;
  });

  app.use(nameRequest());
  app.use(await secureHeaders(options.secure));
  app.use(answerMe(options));
  app.use(answerErrors(options));
  app.use(refuseCrossSite(options.origins));
  app.use(router.routes());
  app.use(router.allowedMethods());
  app.use(serveClient(options.clientFolder));
  return app;
}

/** A request id for the log and for whoever reports a problem; a short one from a proxy is taken over. */
function nameRequest(): Middleware {
  const node = randomBytes(6).toString("base64url");
  let count = 0;
  return function nameRequest(ctx: Context, next: Next) {
    const given = ctx.req.headers["x-request-id"];
    const id =
      typeof given === "string" && /^[\w=-]{1,64}$/.test(given) ? given : `${node}-${++count}`;
    (ctx.state as { requestId: string }).requestId = id;
    ctx.res.setHeader("X-Request-Id", id);
    return next();
  };
}

/** Codes become problems here and nowhere else; an unknown fault is logged and answered without details. */
function answerErrors({ log }: AppOptions): Middleware {
  return async function answerErrors(ctx: Context, next: Next) {
    const { requestId } = ctx.state as { requestId: string };
    const startedAt = performance.now();
    try {
      await next();
      logChange(log, ctx, requestId, startedAt);
      if (ctx.status === 404 && ctx.body === undefined) throw new DomainError("not_found");
      // The router has said in Allow what would be.
      if (ctx.status === 405 || ctx.status === 501) throw new DomainError("method_not_allowed");
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
      logChange(log, ctx, requestId, startedAt);
    }
  };
}

/** What changes things leaves a line, and so does what could not be answered. */
function logChange(log: Report, ctx: Context, requestId: string, startedAt: number): void {
  if (safeMethods.has(ctx.method) && ctx.status < 500) return;
  const tookMs = Math.round((performance.now() - startedAt) * 10) / 10;
  const { method, path, status } = ctx;
  log.info("request", { requestId, method, path: path.slice(0, 200), status, tookMs });
}

function refuseCrossSite(rule: OriginRule): Middleware {
  return async function refuseCrossSite(ctx: Context, next: Next) {
    const { headers } = ctx.req;
    const origin = { ...headers, secFetchSite: headers["sec-fetch-site"] };
    if (!safeMethods.has(ctx.method) && !mayChangeThings(origin, rule))
      throw new DomainError("cross_site");
    if (ctx.path.startsWith("/api/")) ctx.set("Cache-Control", "no-store");
    await next();
  };
}
