/** Whether the process runs, whether it may decide, and its numbers. */
import { timingSafeEqual } from "node:crypto";
import type Router from "@koa/router";
import { readBearer } from "../domain/credentials.ts";

export interface HealthParts {
  /** What keeps this node from deciding, in words; empty when it is ready. */
  unready(): string[];
  metricsToken: string | null;
  renderMetrics(): Promise<{ contentType: string; body: string }>;
  /** Whether the request comes from this machine itself. */
  isLocal(address: string | undefined): boolean;
}

export function bindHealth(router: Router, parts: HealthParts): void {
  router.get("/healthz", (ctx) => {
    ctx.body = { status: "ok" };
  });

  router.get("/readyz", (ctx) => {
    const reasons = parts.unready();
    ctx.status = reasons.length === 0 ? 200 : 503;
    if (reasons.length > 0) ctx.set("Retry-After", "1");
    ctx.body = { status: reasons.length === 0 ? "ready" : "not ready", reasons };
  });

  /** With METRICS_TOKEN by that token; without one only from this machine. */
  router.get("/metrics", async (ctx) => {
    const { metricsToken } = parts;
    const given = readBearer(ctx.req.headers.authorization);
    const allowed =
      metricsToken === null
        ? parts.isLocal(ctx.req.socket.remoteAddress) && !ctx.req.headers["x-forwarded-for"]
        : given !== null && isSame(given, metricsToken);
    if (!allowed) return;
    const { contentType, body } = await parts.renderMetrics();
    ctx.type = contentType;
    ctx.body = body;
  });
}

const isSame = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
