/** Reading a JSON body: bounded, nothing but JSON, and a clear answer otherwise. */
import { bodyParser } from "@koa/bodyparser";
import type { Context } from "koa";
import { DomainError } from "../../shared/errors.ts";

export type ReadBody = (ctx: Context, optional: boolean) => Promise<unknown>;

const longest = "64kb";

export function createBodyReader(): ReadBody {
  const read = bodyParser({
    enableTypes: ["json"],
    jsonLimit: longest,
    // An end may carry a message.
    parsedMethods: ["POST", "PUT", "PATCH", "DELETE"],
  });

  return async function readBody(ctx, optional) {
    const empty =
      ctx.req.headers["transfer-encoding"] === undefined &&
      (ctx.req.headers["content-length"] ?? "0") === "0";
    if (empty && optional) return {};
    if (!empty && !ctx.is("application/json")) throw new DomainError("unsupported_media_type");
    await read(ctx, () => Promise.resolve());
    return (ctx.request as { body?: unknown }).body;
  };
}
