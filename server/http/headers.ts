/**
 * The headers every answer carries. They never change while the server runs, so koa-helmet is asked once and
 * its answer is repeated: on the hottest routes it would cost more than the check itself.
 */
import helmet from "koa-helmet";
import type { Context, Middleware, Next } from "koa";

export async function secureHeaders(secure: boolean): Promise<Middleware> {
  const headers = Object.entries(await askHelmet(secure));

  return function secureHeaders(ctx: Context, next: Next) {
    const { res } = ctx;
    for (const [name, value] of headers) res.setHeader(name, value);
    return next();
  };
}

async function askHelmet(secure: boolean): Promise<Record<string, string>> {
  const own = ["'self'"];
  const protect = helmet({
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
    crossOriginEmbedderPolicy: false,
    originAgentCluster: secure,
    referrerPolicy: { policy: "no-referrer" },
    xFrameOptions: { action: "deny" },
  });
  const collected: Record<string, string> = {};
  const res = {
    setHeader: (name: string, value: string) => void (collected[name] = value),
    removeHeader: () => {},
  };
  await protect({ req: {}, res, request: {}, response: {} } as never, () => Promise.resolve());
  return collected;
}
