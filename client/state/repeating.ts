/**
 * Requests that must happen once, however often they have to be said: until an answer came, the same thing
 * is asked for again with the same key, and the server answers what it answered before. A server that fell
 * silent or failed has not answered: it may have happened, or not.
 */
import { ApiError, newIdempotencyKey } from "../api.ts";
import type { FailureCode } from "../api.ts";

export interface Repeating {
  ask<Reply>(what: string, ask: (idempotencyKey: string) => Promise<Reply>): Promise<Reply>;
  /** Whatever was asked for was somebody else's. */
  forget(): void;
}

const uncertain: readonly FailureCode[] = ["unreachable", "unavailable", "internal_error"];

export const createRepeating = (newKey = newIdempotencyKey): Repeating => {
  const keys = new Map<string, string>();
  return {
    async ask(what, ask) {
      const key = keys.get(what) ?? newKey();
      keys.set(what, key);
      try {
        const reply = await ask(key);
        keys.delete(what);
        return reply;
      } catch (error) {
        if (error instanceof ApiError && !uncertain.includes(error.code)) keys.delete(what);
        throw error;
      }
    },
    forget: () => keys.clear(),
  };
};
