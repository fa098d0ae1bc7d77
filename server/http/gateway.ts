/**
 * The gateway: answers a reverse proxy's question "may this request pass?" (nginx auth_request, Traefik and Caddy
 * forward auth) from the same door and the same `admit` as everything else. It is the hottest path there is, so
 * it is answered in the http listener, before Koa, and synchronously for a session this node already holds.
 * Everything it decides stays in this module; it never spends a remember cookie and sets none. Whatever it
 * cannot decide it refuses: a proxy takes every 2xx for a yes.
 */
import type {
  IncomingMessage,
  OutgoingHttpHeader,
  OutgoingHttpHeaders,
  ServerResponse,
} from "node:http";
import { readBearer, readCookie } from "../domain/credentials.ts";
import type { Checked, Door, Held } from "../domain/door.ts";
import type { LastSeen } from "../domain/last-seen.ts";
import { showEnd } from "../domain/session.ts";
import type { Tokens } from "../domain/tokens.ts";
import { DomainError } from "../../shared/errors.ts";
import { problemOf, statusOf } from "./problem.ts";

export interface GatewayOptions {
  door: Pick<Door, "recognise" | "check" | "mayStill">;
  tokens: Pick<Tokens, "recognise" | "check" | "assert">;
  lastSeen: Pick<LastSeen, "note">;
  sessionCookie: string;
  /** Where people sign in: PUBLIC_URL. */
  home: string;
  /** Hosts that people may be sent back to, in lower case; without a port: any port of that host. */
  hosts: readonly string[];
  /** Whether X-Forwarded-* of this peer are believed. */
  trusts(peer: string | undefined): boolean;
  count(result: "allowed" | "refused" | "forbidden" | "unavailable"): void;
  log: { error(event: string, fields: Record<string, unknown>): void };
}

const verifyPath = "/verify";
const returnPath = "/return";
const longestReturn = 2048;
const noStore = { "Cache-Control": "no-store" } as const;
const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

export function createGateway(options: GatewayOptions) {
  const { door, tokens, lastSeen, sessionCookie, home } = options;
  const hosts = new Set(options.hosts);
  const answers = new WeakMap<Held, OutgoingHttpHeader[]>();

  /** True when the request was one for the gateway; it has been, or will be, answered. */
  return function answer(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url ?? "";
    if (isAt(url, verifyPath)) verify(request, response, url);
    else if (isAt(url, returnPath)) sendBack(response, url);
    // A proxy with a typo in its address must not take the client's page, a 200, for a yes.
    else if (url.startsWith(`${verifyPath}/`)) sendProblem(response, new DomainError("not_found"));
    else return false;
    return true;
  };

  function verify(request: IncomingMessage, response: ServerResponse, url: string): void {
    // Proxies ask without the body, and some announce it all the same: what follows is not its rest.
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    if (length !== undefined || encoding !== undefined) response.shouldKeepAlive = false;
    const query =
      url.length > verifyPath.length ? new URLSearchParams(url.slice(verifyPath.length)) : null;
    const held = recognise(request);
    const ready = held && answers.get(held);
    if (ready && judge(held, query) === null) {
      allow(response, ready);
      return;
    }
    void decide(request, query).then((decided) => {
      if (decided instanceof DomainError) refuse(request, response, query, decided);
      else allow(response, decided);
    });
  }

  /** A cookie wins over Authorization, which belongs to the app unless it carries a token of ours. */
  function recognise({ headers }: IncomingMessage): Held | undefined {
    const token = readCookie(headers.cookie, sessionCookie);
    if (token !== null) return door.recognise(token);
    const bearer = readBearer(headers.authorization);
    return bearer === null ? undefined : tokens.recognise(bearer);
  }

  function check({ headers }: IncomingMessage): Checked | Promise<Checked> {
    const token = readCookie(headers.cookie, sessionCookie);
    if (token !== null) return door.check(token);
    const bearer = readBearer(headers.authorization);
    return bearer === null ? { state: "nobody" } : tokens.check(bearer);
  }

  /** Headers for the app, or why not. Never rejects. */
  async function decide(
    request: IncomingMessage,
    query: URLSearchParams | null,
  ): Promise<OutgoingHttpHeader[] | DomainError> {
    try {
      const checked = await check(request);
      if (checked.state !== "held") return refusalOf(checked);
      const refusal = judge(checked.held, query);
      if (refusal !== null) return refusal;
      const headers = await prepare(checked.held);
      // What was cut while its assertion was being signed is asked for again.
      return door.mayStill(checked.held) ? headers : await decide(request, query);
    } catch (error) {
      if (error instanceof DomainError) return error;
      options.log.error("verify failed", { error });
      return new DomainError("unavailable", { retryAfterSeconds: 1 });
    }
  }

  /** Asking is activity of the person who is signed in, also where they may not go. */
  function judge(held: Held, query: URLSearchParams | null): DomainError | null {
    if (held.account === null) return new DomainError("not_signed_in");
    lastSeen.note(held);
    const permissions: ReadonlySet<string> = held.permissions;
    const needed = query === null ? [] : query.getAll("permission");
    return needed.every((permission) => permissions.has(permission))
      ? null
      : new DomainError("forbidden");
  }

  /** Who it is, as the app behind the proxy is told; signed once for as long as the grant lives. */
  async function prepare(held: Held): Promise<OutgoingHttpHeader[]> {
    const { account, row } = held;
    const assertion = await tokens.assert(held);
    // Name, value, name, value: what Node writes fastest.
    const headers = Object.entries({
      ...noStore,
      "Remote-User": headerText(account?.username ?? ""),
      "Remote-Name": headerText(account?.name ?? account?.username ?? ""),
      "Remote-Groups": account?.permissions.join(",") ?? "",
      "X-Rollcall-Session": row.id,
      "X-Rollcall-Assertion": assertion,
      "Content-Length": "0",
    }).flat();
    answers.set(held, headers);
    return headers;
  }

  function allow(response: ServerResponse, headers: OutgoingHttpHeader[]): void {
    options.count("allowed");
    response.writeHead(200, headers);
    response.end();
  }

  function refuse(
    request: IncomingMessage,
    response: ServerResponse,
    query: URLSearchParams | null,
    error: DomainError,
  ): void {
    if (statusOf[error.code] !== 401) {
      options.count(error.code === "forbidden" ? "forbidden" : "unavailable");
      sendProblem(response, error);
      return;
    }
    options.count("refused");
    const address = signInAddress(request);
    // Traefik and Caddy pass a redirect on to the browser; nginx makes one of the header.
    if (query?.get("redirect") === "1") redirect(response, address);
    else sendProblem(response, error, { "X-Rollcall-Sign-In": address });
  }

  function signInAddress(request: IncomingMessage): string {
    const wanted = originalUrl(request);
    const query = wanted === null ? "" : `?return=${encodeURIComponent(wanted)}`;
    return `${home}/sign-in${query}`;
  }

  /** What the browser asked the proxy for, if the proxy is one of ours and the host one of the apps'. */
  function originalUrl({ headers, socket }: IncomingMessage): string | null {
    if (!options.trusts(socket.remoteAddress)) return null;
    const proto = headers["x-forwarded-proto"];
    const host = headers["x-forwarded-host"];
    const uri = headers["x-forwarded-uri"];
    if (typeof proto !== "string" || typeof host !== "string" || typeof uri !== "string")
      return null;
    return uri.startsWith("/") ? allowedReturn(`${proto}://${host}${uri}`) : null;
  }

  /** After signing in, back to the app: only to hosts that are listed, everything else goes home. */
  function sendBack(response: ServerResponse, url: string): void {
    const wanted = new URLSearchParams(url.slice(returnPath.length)).get("to") ?? "";
    redirect(response, allowedReturn(wanted) ?? `${home}/`);
  }

  /** Only what every browser reads in one way: an absolute address of printable ASCII, no tricks in its host. */
  function allowedReturn(wanted: string): string | null {
    if (wanted.length > longestReturn || /[^\x21-\x5b\x5d-\x7e]/.test(wanted)) return null;
    if (!/^https?:\/\/[a-z0-9.:[\]-]+(?:[/?#]|$)/i.test(wanted) || !URL.canParse(wanted))
      return null;
    const url = new URL(wanted);
    const port = url.port || defaultPorts[url.protocol];
    const isListed = hosts.has(url.hostname) || hosts.has(`${url.hostname}:${port}`);
    // From https nobody is sent to where everybody can read along.
    const isSafe = url.protocol === "https:" || !home.startsWith("https:");
    return isListed && isSafe ? url.href : null;
  }
}

const isAt = (url: string, path: string): boolean =>
  url.startsWith(path) && (url.length === path.length || url[path.length] === "?");

function refusalOf(checked: Exclude<Checked, { state: "held" }>): DomainError {
  switch (checked.state) {
    case "nobody":
      return new DomainError("not_signed_in");
    case "ended":
      return new DomainError("session_ended", { end: showEnd(checked.end) });
    case "stale":
      return new DomainError("stale_token");
  }
}

function sendProblem(
  response: ServerResponse,
  { code, details }: DomainError,
  headers: OutgoingHttpHeaders = {},
): void {
  const body = JSON.stringify(problemOf(code, details));
  response.writeHead(statusOf[code], {
    ...noStore,
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "X-Content-Type-Options": "nosniff",
    ...(code === "unavailable" && { "Retry-After": details.retryAfterSeconds ?? 1 }),
    ...headers,
  });
  response.end(body);
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { ...noStore, Location: location, "Content-Length": "0" });
  response.end();
}

/** Headers hold ASCII: a name with anything else is percent-encoded UTF-8, and so is one with a percent sign. */
const headerText = (text: string): string =>
  // The buffer repairs halves of characters, which cannot be encoded.
  /^[\x20-\x24\x26-\x7e]*$/.test(text) ? text : encodeURIComponent(Buffer.from(text).toString());
