/**
 * What a route is: one object that the server binds, the client calls, the tests walk and the OpenAPI
 * document is generated from. `needs` says who may use it, so that no handler checks it by hand.
 */
import type { z } from "zod";
import type { Permission } from "./contract/accounts.ts";
import type { ErrorCode } from "./errors.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Route {
  method: Method;
  path: string;
  summary: string;
  /** `nobody`: open to all; `account`: any signed-in account; else the permission it takes. */
  needs: "nobody" | "account" | Permission;
  /** Sensitive: takes a session authenticated within STEP_UP_WINDOW, else 403 `reauthentication_required`. */
  fresh?: boolean;
  /** The handler uses what koa-session keeps on the session. */
  keeps?: boolean;
  /** Opens a guest session for a visitor who has none. */
  opensGuest?: boolean;
  /**
   * Takes an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a repeat with the same key is
   * answered as the first was, and happens once.
   */
  idempotent?: boolean;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** The body may also come as a form (RFC 6749 and its kin). */
  form?: boolean;
  /** A body may be left out entirely (DELETE with an optional message). */
  bodyOptional?: boolean;
  /** The body is a text of lines, read as it comes. */
  lines?: boolean;
  /** The reply comes as it is read, one `reply` a line (application/x-ndjson). */
  streams?: boolean;
  reply: z.ZodType | null;
  status: number;
  /** Codes beyond those common to all routes. */
  errors?: readonly ErrorCode[];
}

export const route = <const R extends Route>(definition: R): R => definition;

type OutputOf<T> = T extends z.ZodType ? z.output<T> : undefined;
type InputOf<T> = T extends z.ZodType ? z.input<T> : undefined;

/** What a handler receives, parsed. */
export interface Parsed<R extends Route> {
  params: OutputOf<R["params"]>;
  query: OutputOf<R["query"]>;
  body: OutputOf<R["body"]>;
}

/** What a caller sends. */
export type Request<R extends Route> = (R["params"] extends z.ZodType
  ? { params: InputOf<R["params"]> }
  : { params?: undefined }) &
  (R["query"] extends z.ZodType ? { query?: InputOf<R["query"]> } : { query?: undefined }) &
  (R["body"] extends z.ZodType ? { body?: InputOf<R["body"]> } : { body?: undefined });

export type ReplyOf<R extends Route> = R["reply"] extends z.ZodType
  ? z.output<R["reply"]>
  : undefined;
