/**
 * The gateway: answers a reverse proxy's question "may this request pass?" (nginx auth_request, Traefik and Caddy
 * forward auth) from the same door and the same `admit` as everything else. It is the hottest path there is, so
 * it is answered in the http listener, before Koa, and synchronously for a session this node already holds.
 * Everything it decides stays in this module; it never spends a remember cookie and sets none.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { readBearer, readCookie } from "../domain/credentials.ts";
import type { Checked, Door, Held } from "../domain/door.ts";
import { DomainError, type ErrorCode } from "../../shared/errors.ts";
import type { LastSeen } from "../domain/last-seen.ts";
import type { Tokens } from "../domain/tokens.ts";
import { problemOf, statusOf } from "./problem.ts";

export interface GatewayOptions {
  door: Door;
  tokens: Tokens;
  lastSeen: LastSeen;
  sessionCookie: string;
  /** Where people sign in. */
  home: string;
  /** Hosts that people may be sent back to, with or without port, in lower case. */
  hosts: readonly string[];
  /** Whether X-Forwarded-* of this peer are believed. */
  trusts(peer: string | undefined): boolean;
  redisNow(): number;
  count(result: "allowed" | "refused" | "forbidden" | "unavailable"): void;
}

export type Gateway = ReturnType<typeof createGateway>;

type Refusal = Extract<
  ErrorCode,
  "not_signed_in" | "session_ended" | "stale_token" | "forbidden" | "unavailable"
>;

const verifyPath = "/verify";
const returnPath = "/return";
/** Milliseconds of life an assertion has left at least when an app receives it. */
const assertionRest = 10_000;
const noStore = { "Cache-Control": "no-store" } as const;

export function createGateway(options: GatewayOptions) {
  const { door, tokens, sessionCookie } = options;
  const answers = new WeakMap<Held, { headers: OutgoingHttpHeaders; until: number }>();

  /** True when the request was one for the gateway; it has been, or will be, answered. */
  return function answer(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url ?? "";
    if (isAt(url, verifyPath)) {
      verify(request, response, url);
      return true;
    }
    if (isAt(url, returnPath)) {
      sendBack(response, url);
      return true;
    }
    return false;
  };

  function verify(request: IncomingMessage, response: ServerResponse, url: string): void {
    const query =
      url.length > verifyPath.length ? new URLSearchParams(url.slice(verifyPath.length)) : null;
    const permission = query?.get("permission") ?? null;
    const refuse = (code: Refusal) => {
      if (query?.get("redirect") === "1" && code !== "forbidden" && code !== "unavailable")
        sendToSignIn(request, response);
      else sendRefusal(response, code);
    };
    const held = recognise(request);
    if (held !== undefined) return decide(response, held, permission, refuse);
    void check(request).then((checked) => {
      if (typeof checked === "string") refuse(checked);
      else decide(response, checked, permission, refuse);
    });
  }

  /** A cookie wins over Authorization, which belongs to the app unless it carries a token of ours. */
  function recognise(request: IncomingMessage): Held | undefined {
    const { headers } = request;
    const token = readCookie(headers.cookie, sessionCookie);
    if (token !== null) return door.recognise(token);
    const bearer = readBearer(headers.authorization);
    return bearer === null ? undefined : tokens.recognise(bearer);
  }

  async function check(request: IncomingMessage): Promise<Held | Refusal> {
    const { headers } = request;
    try {
      const token = readCookie(headers.cookie, sessionCookie);
      const bearer = readBearer(headers.authorization);
      let checked: Checked = { state: "nobody" };
      if (token !== null) checked = await door.check(token);
      else if (bearer !== null) checked = await tokens.check(bearer);
      return heldOrRefusal(checked);
    } catch (error) {
      if (error instanceof DomainError) return "unavailable";
      throw error;
    }
  }

  function decide(
    response: ServerResponse,
    held: Held,
    permission: string | null,
    refuse: (code: Refusal) => void,
  ): void {
    if (held.account === null) return refuse("not_signed_in");
    options.lastSeen.note(held);
    if (permission !== null && !(held.permissions as ReadonlySet<string>).has(permission))
      return refuse("forbidden");
    options.count("allowed");
    const ready = answers.get(held);
    if (ready !== undefined && options.redisNow() < ready.until)
      return send(response, ready.headers);
    void prepare(held).then(
      (headers) => send(response, headers),
      () => sendRefusal(response, "unavailable"),
    );
  }

  /** Who it is, as the app behind the proxy is told; signed anew before the assertion grows old. */
  async function prepare(held: Held): Promise<OutgoingHttpHeaders> {
    const { account, row } = held;
    const { text, expiresAt } = await tokens.assert(held);
    const headers = {
      ...noStore,
      "Remote-User": headerText(account?.username ?? ""),
      "Remote-Name": headerText(account?.name ?? account?.username ?? ""),
      "Remote-Groups": account?.permissions.join(",") ?? "",
      "X-Rollcall-Session": row.id,
      "X-Rollcall-Assertion": text,
      "Content-Length": "0",
    };
    answers.set(held, { headers, until: expiresAt - assertionRest });
    return headers;
  }

  function sendRefusal(response: ServerResponse, code: Refusal): void {
    options.count(code === "forbidden" || code === "unavailable" ? code : "refused");
    const body = JSON.stringify(problemOf(code, {}));
    response.writeHead(statusOf[code], {
      ...noStore,
      "Content-Type": "application/problem+json",
      "Content-Length": Buffer.byteLength(body),
      ...(code === "unavailable" && { "Retry-After": "1" }),
      ...(statusOf[code] === 401 && { "X-Rollcall-Sign-In": `${options.home}/sign-in` }),
    });
    response.end(body);
  }

  /** For proxies that pass a redirect on to the browser (Traefik, Caddy). */
  function sendToSignIn(request: IncomingMessage, response: ServerResponse): void {
    options.count("refused");
    const wanted = originalUrl(request);
    const query = wanted === null ? "" : `?return=${encodeURIComponent(wanted)}`;
    redirect(response, `${options.home}/sign-in${query}`);
  }

  /** What the browser asked the proxy for, if the proxy is one of ours and the host one of the apps'. */
  function originalUrl(request: IncomingMessage): string | null {
    if (!options.trusts(request.socket.remoteAddress)) return null;
    const { headers } = request;
    const proto = headers["x-forwarded-proto"];
    const host = headers["x-forwarded-host"];
    const uri = headers["x-forwarded-uri"];
    if (typeof proto !== "string" || typeof host !== "string" || typeof uri !== "string")
      return null;
    return allowedReturn(`${proto}://${host}${uri}`);
  }

  /** After signing in, back to the app: only to hosts that are listed, everything else goes home. */
  function sendBack(response: ServerResponse, url: string): void {
    const wanted = new URLSearchParams(url.slice(returnPath.length)).get("to") ?? "";
    redirect(response, allowedReturn(wanted) ?? `${options.home}/`);
  }

  function allowedReturn(wanted: string): string | null {
    // Only what every browser reads in one way: an absolute http(s) address without tricks before its path.
    if (wanted.length > 2048 || !/^https?:\/\/[a-z0-9.:[\]-]+(?:[/?#]|$)/i.test(wanted))
      return null;
    // eslint-disable-next-line no-control-regex -- control characters and backslashes are what is refused
    if (/[\u0000-\u0020\\\u007f]/.test(wanted)) return null;
    try {
      const url = new URL(wanted);
      const isListed = options.hosts.includes(url.host) || options.hosts.includes(url.hostname);
      const isHttps = url.protocol === "https:" || !options.home.startsWith("https:");
      return isListed && isHttps && url.username === "" && url.password === "" ? url.href : null;
    } catch {
      return null;
    }
  }
}

const isAt = (url: string, path: string): boolean =>
  url.startsWith(path) && (url.length === path.length || url[path.length] === "?");

function heldOrRefusal(checked: Checked): Held | Refusal {
  switch (checked.state) {
    case "held":
      return checked.held;
    case "nobody":
      return "not_signed_in";
    case "ended":
      return "session_ended";
    case "stale":
      return "stale_token";
  }
}

function send(response: ServerResponse, headers: OutgoingHttpHeaders): void {
  response.writeHead(200, headers);
  response.end();
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { ...noStore, Location: location, "Content-Length": "0" });
  response.end();
}

/** Names may hold any letter, headers only ASCII: what is beyond is percent-encoded UTF-8. */
const headerText = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text);
