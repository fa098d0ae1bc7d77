/** Bodies of lines, read and written as they come, so that neither side ever holds a whole file. */
import { Readable } from "node:stream";
import type { Context } from "koa";
import { DomainError } from "../../shared/errors.ts";
import type { Route } from "../../shared/route.ts";
import { isEncoded } from "./body.ts";

/** What a file may weigh as a whole; and one line of it, before anybody has looked at it. */
const mostBytes = 128 * 1024 * 1024;
const longestLine = 64 * 1024;

export const noLines: AsyncIterable<string> = (async function* () {})();

const isUtf8 = (ctx: Context): boolean => /^(utf-?8)?$/i.test(ctx.request.charset);

/**
 * The lines of a text/plain body in UTF-8, without their ends; the next is read when it is asked for.
 * Throws `unsupported_media_type`, `too_large`, or `invalid_request` naming the line that is not UTF-8.
 */
export async function* readLines(ctx: Context): AsyncGenerator<string> {
  if (!ctx.is("text/plain") || !isUtf8(ctx) || isEncoded(ctx))
    throw new DomainError("unsupported_media_type");
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 1;
  let rest: Buffer = Buffer.alloc(0);
  const decode = (line: Buffer): string => {
    try {
      return decoder.decode(line.at(-1) === 0x0d ? line.subarray(0, -1) : line);
    } catch {
      throw new DomainError("invalid_request", {
        errors: [{ path: `line ${number}`, message: "is not UTF-8" }],
      });
    }
  };
  for await (const chunk of readChunks(ctx)) {
    const read = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = read.indexOf(0x0a); end >= 0; end = read.indexOf(0x0a, from)) {
      yield decode(read.subarray(from, end));
      number++;
      from = end + 1;
    }
    rest = read.subarray(from);
    if (rest.length > longestLine) throw new DomainError("too_large");
  }
  if (rest.length > 0) yield decode(rest);
}

/**
 * The body as it comes. When nobody wants the rest it passes unread: an answer sent while the client still
 * writes arrives, where a closed connection would lose it.
 */
async function* readChunks({ req }: Context): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw new DomainError("too_large");
      yield chunk;
    }
  } catch (error) {
    if (error instanceof DomainError || !req.destroyed) throw error;
    throw new DomainError("invalid_request", {
      errors: [{ path: "body", message: "was cut off before its end" }],
    });
  } finally {
    req.resume();
  }
}

/**
 * Answer with one JSON object a line; each passes the contract on its way out, like every reply. What fails
 * before the first is a problem like any other; afterwards the answer breaks off, and its receiver can tell.
 */
export async function writeLines(
  ctx: Context,
  route: Route,
  items: AsyncIterable<unknown>,
): Promise<void> {
  const unread = items[Symbol.asyncIterator]();
  let item = await unread.next();
  async function* format(): AsyncGenerator<string> {
    try {
      for (; !item.done; item = await unread.next())
        yield `${JSON.stringify(route.reply?.parse(item.value))}\n`;
    } finally {
      await unread.return?.();
    }
  }
  ctx.type = "application/x-ndjson";
  ctx.body = Readable.from(format());
}
