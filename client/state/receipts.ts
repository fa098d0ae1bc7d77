/** Ending several sessions at once, chosen one by one: one answer for all of them. */
import { adminSessionRoutes } from "../../shared/contract/session-routes.ts";
import type { Receipt } from "../../shared/contract/sessions.ts";
import type { SessionId } from "../../shared/ids.ts";
import { ApiError } from "../api.ts";
import type { Call } from "../api.ts";

/**
 * One after the other, so that the password is asked for once. A failure stops here; those that ended before it
 * stay ended, and ending them again with the rest does no harm.
 */
export const endSessions = async (
  call: Call,
  ids: readonly SessionId[],
  message: { message?: string },
): Promise<Receipt> => {
  const receipts: Receipt[] = [];
  for (const id of ids) {
    const receipt = await call(adminSessionRoutes.end, { params: { id }, query: message }).catch(
      nothingIfGone,
    );
    if (receipt) receipts.push(receipt);
  }
  return combineReceipts(receipts);
};

const nothingIfGone = (error: unknown): null => {
  if (error instanceof ApiError && error.code === "session_not_found") return null;
  throw error;
};

/** What holds of all of them: confirmed by those nodes only that confirmed each. */
export const combineReceipts = (receipts: readonly Receipt[]): Receipt => {
  const told = receipts.filter(({ ended }) => ended > 0);
  const missing = [...new Set(told.flatMap(({ confirmed }) => confirmed.missing ?? []))];
  const sum = (read: (receipt: Receipt) => number) =>
    told.reduce((total, receipt) => total + read(receipt), 0);
  return {
    ended: sum(({ ended }) => ended),
    confirmed: {
      nodes: told.length > 0 ? Math.min(...told.map(({ confirmed }) => confirmed.nodes)) : 0,
      of: Math.max(0, ...told.map(({ confirmed }) => confirmed.of)),
      ...(missing.length > 0 && { missing }),
    },
    sockets: sum(({ sockets }) => sockets),
    tookMs: sum(({ tookMs }) => tookMs),
  };
};
