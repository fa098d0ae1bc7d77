/**
 * The one way to the server: `call(route, request)`, typed by the contract. It promises that a session is
 * given up only when the server says so: a lost network or a failing server throws and changes nothing.
 * A superseded token is tried once more with the cookie this browser now has; a request that needs a
 * fresh session asks for the password in place and is then repeated as it was.
 */
import { errorCodes } from "../shared/errors.ts";
import type { ErrorCode, Fault } from "../shared/errors.ts";
import type { End } from "../shared/contract/sessions.ts";
import type { ReplyOf, Request, Route } from "../shared/route.ts";
import type { Told } from "./state/server-time.ts";
import { sendLines } from "./upload.ts";
import type { Upload } from "./upload.ts";

/** `unreachable`: no answer came at all. */
export type FailureCode = ErrorCode | "unreachable";

export class ApiError extends Error {
  readonly code: FailureCode;
  readonly faults: readonly Fault[];
  readonly retryAfterSeconds: number | undefined;
  readonly end: End | undefined;

  constructor(code: FailureCode, problem: Problem = {}, retryAfterSeconds?: number) {
    super(problem.detail ?? code);
    this.name = "ApiError";
    this.code = code;
    this.faults = problem.errors ?? [];
    this.retryAfterSeconds = retryAfterSeconds;
    this.end = endOf(problem);
  }
}

export interface CallOptions {
  /** Asked by the page itself, not by a person: does not count as activity. */
  background?: boolean;
  /** On routes that take one: say the same again to ask what became of an earlier attempt. */
  idempotencyKey?: string;
  /** On routes that take lines: what is sent. */
  upload?: Upload;
}

type Arguments<R extends Route> = undefined extends Request<R>["params"]
  ? [request?: Request<R>, options?: CallOptions]
  : [request: Request<R>, options?: CallOptions];

export type Call = <R extends Route>(route: R, ...rest: Arguments<R>) => Promise<ReplyOf<R>>;

export interface CallHooks {
  /** This browser's session has ended. */
  onSessionEnded(end: End | undefined): void;
  /** This browser has no session that may do this. */
  onNotSignedIn(): void;
  /** Asks for the password; false when the person declines. */
  reauthenticate(): Promise<boolean>;
  /** The server said what time it is. */
  onServerTime(told: Told): void;
}

/** Longer than the server's own deadlines, so that its answer comes first whenever there is one. */
const deadlineMs = 20_000;

export const createCall = (hooks: CallHooks): Call => {
  const attempt = async (
    route: Route,
    request: Sent,
    options: CallOptions,
    repeated: ReadonlySet<ErrorCode>,
  ): Promise<unknown> => {
    const askedAt = Date.now();
    const response = await send(route, request, options);
    const serverAt = Date.parse(response.headers.get("Date") ?? "");
    if (serverAt) hooks.onServerTime({ serverAt, askedAt, answeredAt: Date.now() });
    if (response.ok) return response.status === 204 ? undefined : await readJson(response);

    const error = await readError(response);
    const repeat = (code: ErrorCode) =>
      attempt(route, request, options, new Set([...repeated, code]));
    if (error.code === "stale_token" && !repeated.has("stale_token")) return repeat("stale_token");
    if (error.code === "session_ended") hooks.onSessionEnded(error.end);
    if (error.code === "not_signed_in") hooks.onNotSignedIn();
    if (
      error.code === "reauthentication_required" &&
      !repeated.has("reauthentication_required") &&
      (await hooks.reauthenticate())
    )
      return repeat("reauthentication_required");
    throw error;
  };

  return (async (route: Route, request: Sent = {}, options: CallOptions = {}) => {
    // One key for all attempts of this call.
    const idempotencyKey = options.idempotencyKey ?? newIdempotencyKey();
    return attempt(route, request, { ...options, idempotencyKey }, new Set());
  }) as Call;
};

/** crypto.randomUUID is only there on https and on this computer. */
export const newIdempotencyKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

/** A request as it travels; its parts are typed at the call by the route. */
interface Sent {
  params?: unknown;
  query?: unknown;
  body?: unknown;
}

interface Problem {
  code?: string;
  detail?: string;
  errors?: Fault[];
  reason?: End["reason"];
  at?: string;
  by?: End["by"];
  message?: string;
}

const send = async (route: Route, request: Sent, options: CallOptions): Promise<Response> => {
  const headers = new Headers({ Accept: "application/json" });
  if (request.body !== undefined) headers.set("Content-Type", "application/json");
  if (route.idempotent && options.idempotencyKey)
    headers.set("Idempotency-Key", options.idempotencyKey);
  if (options.background) headers.set("Rollcall-Background", "1");
  const address = addressOf(route, request);
  try {
    if (options.upload) return await sendLines(address, route.method, headers, options.upload);
    return await fetch(address, {
      method: route.method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(deadlineMs),
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    });
  } catch {
    throw new ApiError("unreachable");
  }
};

/** Where a request goes; as a link, for what is downloaded. */
export const addressOf = (route: Route, request: Sent): string => {
  const params = (request.params ?? {}) as Record<string, unknown>;
  const path = route.path.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(String(params[name])),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {}))
    if (value !== undefined && value !== "") query.set(name, String(value));
  return query.size > 0 ? `${path}?${query}` : path;
};

const readJson = async (response: Response): Promise<unknown> => {
  try {
    return await response.json();
  } catch {
    throw new ApiError("unreachable");
  }
};

const readError = async (response: Response): Promise<ApiError> => {
  const retryAfter = Number(response.headers.get("Retry-After"));
  const seconds = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined;
  const problem = (await response.json().catch(() => ({}))) as Problem;
  const code = errorCodes.find((known) => known === problem.code);
  // A proxy's own error page has no code of ours: the server was not reached, or did not mean it.
  if (!code) return new ApiError(response.status >= 502 ? "unreachable" : "internal_error");
  return new ApiError(code, problem, seconds);
};

const endOf = ({ reason, at, by, message }: Problem): End | undefined =>
  reason && at ? { reason, at, ...(by && { by }), ...(message && { message }) } : undefined;
