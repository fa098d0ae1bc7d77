/**
 * Every way a request can be refused, by its stable code. Domain code throws these codes; only the HTTP
 * edge knows their statuses (server/http/problem.ts), only the client knows their sentences.
 */
import { z } from "zod";

export const errorCodes = [
  "invalid_request",
  "not_signed_in",
  "session_ended",
  "stale_token",
  "invalid_credentials",
  "forbidden",
  "reauthentication_required",
  "cross_site",
  "setup_closed",
  "wrong_setup_token",
  "signups_closed",
  "account_disabled",
  "not_found",
  "session_not_found",
  "method_not_allowed",
  "username_taken",
  "last_manager",
  "not_entitled",
  "out_of_stock",
  "limit_reached",
  "task_not_done",
  "other_device_needed",
  "reservation_expired",
  "already_claimed",
  "idempotency_key_reused",
  "bin_full",
  "units_being_added",
  "too_large",
  "unsupported_media_type",
  "weak_password",
  "too_many_attempts",
  "internal_error",
  "unavailable",
  "not_confirmed",
] as const;

export const ErrorCode = z.enum(errorCodes);
export type ErrorCode = z.infer<typeof ErrorCode>;

/** One thing wrong with a request: where (dotted path into body, query or params) and what. */
export const Fault = z.object({ path: z.string(), message: z.string() });
export type Fault = z.infer<typeof Fault>;

/** What an error may tell beside its code. Everything here reaches the client. */
export interface ErrorDetails {
  /** One sentence for a person. */
  message?: string;
  /** For `invalid_request`: each field that is wrong. */
  errors?: Fault[];
  /** For `too_many_attempts`, `unavailable`, `not_confirmed`. */
  retryAfterSeconds?: number;
  /** For `session_ended`: reason, by, at, message of the end. */
  end?: {
    reason: string;
    at: string;
    by?: { id: string; username: string } | undefined;
    message?: string | undefined;
  };
}

export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? code);
    this.name = "DomainError";
    this.code = code;
    this.details = details;
  }
}
