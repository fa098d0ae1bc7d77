/**
 * A browser of the crowd: a cookie jar, an address somewhere in the world, a device that says what it is, and open
 * pages. It speaks the contract, and takes every answer as it comes.
 */
import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, ServerToClientEvents } from "../../shared/live.ts";
import type { ReplyOf, Request, Route } from "../../shared/route.ts";

export interface Answer<R extends Route> {
  status: number;
  /** Of an answer that was no refusal. */
  reply: ReplyOf<R> | null;
  /** Of a refusal. */
  code: string | null;
}

export type Browser = ReturnType<typeof createBrowser>;

const patience = 10_000;

export function createBrowser(server: string, device: { userAgent: string; ip: string }) {
  const cookies = new Map<string, string>();
  const pages: Socket<ServerToClientEvents, ClientToServerEvents>[] = [];
  const identity = { "user-agent": device.userAgent, "x-forwarded-for": device.ip };

  const cookieHeader = (): string =>
    [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");

  function keepCookies(headers: Headers): void {
    for (const header of headers.getSetCookie()) {
      const [pair = "", ...attributes] = header.split("; ");
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      if (attributes.includes("Max-Age=0")) cookies.delete(name);
      else cookies.set(name, value);
    }
  }

  return {
    async ask<R extends Route>(route: R, request: Request<R>): Promise<Answer<R>> {
      const body = request.body === undefined ? null : JSON.stringify(request.body);
      const response = await fetch(server + pathOf(route, request), {
        method: route.method,
        signal: AbortSignal.timeout(patience),
        headers: {
          ...identity,
          "sec-fetch-site": "same-origin",
          ...(cookies.size > 0 && { cookie: cookieHeader() }),
          ...(body !== null && { "content-type": "application/json" }),
        },
        ...(body !== null && { body }),
      });
      keepCookies(response.headers);
      const text = await response.text();
      const json = /json/.test(response.headers.get("content-type") ?? "")
        ? (JSON.parse(text) as { code?: string })
        : null;
      return response.ok
        ? { status: response.status, reply: json as ReplyOf<R> | null, code: null }
        : { status: response.status, reply: null, code: json?.code ?? "unknown" };
    },

    openPage(): void {
      const page: (typeof pages)[number] = io(server, {
        transports: ["websocket"],
        forceNew: true,
        extraHeaders: { ...identity, origin: server, cookie: cookieHeader() },
      });
      pages.push(page);
    },

    closePage: (): void => void pages.pop()?.disconnect(),
    closePages(): void {
      for (const page of pages.splice(0)) page.disconnect();
    },
    countPages: (): number => pages.length,
    /** As after clearing the history, or for somebody who never keeps anything. */
    forget: (): void => cookies.clear(),
  };
}

function pathOf(route: Route, { params = {}, query = {} }: { params?: unknown; query?: unknown }) {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent((params as Record<string, string>)[name] ?? ""),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query as Record<string, string | number>))
    search.set(name, String(value));
  return search.size > 0 ? `${path}?${search.toString()}` : path;
}
