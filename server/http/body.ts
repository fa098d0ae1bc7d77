/** Reading a JSON body: bounded, nothing but JSON, and a clear answer otherwise. */
import { bodyParser } from "@koa/bodyparser";
import type { Context } from "koa";
import { DomainError } from "../../shared/errors.ts";

export type ReadBody = (
  ctx: Context,
  kind: { optional: boolean; form: boolean },
) => Promise<unknown>;

const longest = "64kb";

export function createBodyReader(): ReadBody {
  const read = bodyParser({
    enableTypes: ["json", "form"],
    jsonLimit: longest,
    formLimit: longest,
    // An end may carry a message.
    parsedMethods: ["POST", "PUT", "PATCH", "DELETE"],
  });

  return async function readBody(ctx, { optional, form }) {
    const empty =
      ctx.req.headers["transfer-encoding"] === undefined &&
      (ctx.req.headers["content-length"] ?? "0") === "0";
    if (empty && optional) return {};
    // Not what a browser sends, and a way to hide how large it is.
    if (!empty && isEncoded(ctx)) throw new DomainError("unsupported_media_type");
    if (!empty && !ctx.is("application/json", ...(form ? ["urlencoded"] : [])))
      throw new DomainError("unsupported_media_type");
    await read(ctx, () => Promise.resolve());
    return (ctx.request as { body?: unknown }).body;
  };
}

export const isEncoded = ({ req }: Context): boolean =>
  (req.headers["content-encoding"] ?? "identity").toLowerCase() !== "identity";
