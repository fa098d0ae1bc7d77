/** The built client: hashed files for ever, everything else is its page. */
import { existsSync } from "node:fs";
import type { Context, Middleware, Next } from "koa";
import sirv from "sirv";

export function serveClient(folder: string): Middleware {
  const serve = existsSync(folder)
    ? sirv(folder, {
        single: true,
        etag: true,
        // The build has laid the compressed files beside the plain ones.
        brotli: true,
        gzip: true,
        setHeaders: (res, path) => {
          const immutable = path.startsWith("/assets/");
          res.setHeader(
            "Cache-Control",
            immutable ? "public, max-age=31536000, immutable" : "no-cache",
          );
        },
      })
    : null;

  return async function serveClient(ctx: Context, next: Next) {
    const readable = ctx.method === "GET" || ctx.method === "HEAD";
    if (serve === null || !readable || ctx.path.startsWith("/api/")) return void (await next());
    await new Promise<void>((resolve) => {
      ctx.status = 200;
      ctx.respond = false;
      ctx.res.once("close", resolve);
      serve(ctx.req, ctx.res, () => {
        ctx.respond = true;
        ctx.status = 404;
        resolve();
      });
    });
    if (ctx.respond) await next();
  };
}
