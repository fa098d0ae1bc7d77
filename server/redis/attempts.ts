/** Attempts counted in Redis by rate-limiter-flexible, so that all nodes count together. */
import { RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { DomainError } from "../../shared/errors.ts";
import { attemptKinds, type AttemptKind, type Attempts } from "../domain/attempts.ts";
import type { Connection } from "./connect.ts";

export function createAttempts(connection: Connection): Attempts {
  const limiters = new Map<AttemptKind, RateLimiterRedis>();
  let client: unknown;

  /** The connection replaces its client after a deadline, so limiters are made for the present one. */
  function limiter(kind: AttemptKind): RateLimiterRedis {
    if (client !== connection.client()) {
      client = connection.client();
      limiters.clear();
    }
    let found = limiters.get(kind);
    if (found === undefined) {
      const { points, seconds } = attemptKinds[kind];
      found = new RateLimiterRedis({
        storeClient: client,
        useRedisPackage: true,
        keyPrefix: `attempts:${kind}`,
        points,
        duration: seconds,
      });
      limiters.set(kind, found);
    }
    return found;
  }

  return {
    async spend(kind, key) {
      try {
        await within(limiter(kind).consume(key));
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw unavailable();
        const retryAfterSeconds = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
        throw new DomainError("too_many_attempts", { retryAfterSeconds });
      }
    },

    async giveBack(kind, key) {
      await within(limiter(kind).reward(key)).catch(() => {});
    },
  };
}

const unavailable = () => new DomainError("unavailable", { retryAfterSeconds: 1 });

/** The library speaks to node-redis itself, so our deadline is put around it here. */
function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable()), 1000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
