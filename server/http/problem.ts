/** The one place where an error code becomes an HTTP status and a problem+json body (RFC 9457). */
import { STATUS_CODES } from "node:http";
import { DomainError, type ErrorCode, type ErrorDetails } from "../../shared/errors.ts";

export const statusOf: Record<ErrorCode, number> = {
  invalid_request: 400,
  not_signed_in: 401,
  session_ended: 401,
  stale_token: 401,
  invalid_credentials: 401,
  forbidden: 403,
  reauthentication_required: 403,
  cross_site: 403,
  setup_closed: 403,
  wrong_setup_token: 403,
  signups_closed: 403,
  account_disabled: 403,
  not_entitled: 403,
  task_not_done: 403,
  other_device_needed: 403,
  not_found: 404,
  session_not_found: 404,
  method_not_allowed: 405,
  username_taken: 409,
  last_manager: 409,
  out_of_stock: 409,
  limit_reached: 409,
  reservation_expired: 409,
  already_claimed: 409,
  bin_full: 409,
  units_being_added: 409,
  too_large: 413,
  unsupported_media_type: 415,
  weak_password: 422,
  idempotency_key_reused: 422,
  too_many_attempts: 429,
  internal_error: 500,
  unavailable: 503,
  not_confirmed: 503,
};

export interface Problem {
  type: "about:blank";
  title: string;
  status: number;
  code: ErrorCode;
  detail?: string;
  errors?: ErrorDetails["errors"];
  reason?: string;
  by?: { id: string; username: string };
  at?: string;
  message?: string;
  requestId?: string;
}

export function problemOf(code: ErrorCode, details: ErrorDetails, requestId?: string): Problem {
  const status = statusOf[code];
  const { end, errors, message } = details;
  return {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    code,
    ...(message !== undefined && { detail: message }),
    ...(errors && { errors }),
    ...(end && {
      reason: end.reason,
      at: end.at,
      ...(end.by && { by: end.by }),
      ...(end.message !== undefined && { message: end.message }),
    }),
    ...(requestId !== undefined && { requestId }),
  };
}

/** Errors of the body parser and of Koa, in our codes; anything else is a fault of ours. */
export function asDomainError(error: unknown): DomainError | null {
  if (error instanceof DomainError) return error;
  if (!(error instanceof Error) || !("status" in error)) return null;
  switch (error.status) {
    case 400:
      return new DomainError("invalid_request", {
        errors: [{ path: "body", message: "is not valid JSON" }],
      });
    case 404:
      return new DomainError("not_found");
    case 405:
    case 501:
      return new DomainError("method_not_allowed");
    case 413:
      return new DomainError("too_large");
    case 415:
      return new DomainError("unsupported_media_type");
    default:
      return null;
  }
}
