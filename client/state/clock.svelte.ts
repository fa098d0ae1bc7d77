/**
 * The time, for relative times: one ticker for the whole page, running only while something shows it. It is the
 * server's time, so that "in 2 minutes" is right also where this computer's clock is days off.
 */
import { createSubscriber } from "svelte/reactivity";
import { correctAhead } from "./server-time.ts";
import type { Told } from "./server-time.ts";

export interface Clock {
  readonly now: number;
  /** The server said what time it is. */
  learn(told: Told): void;
}

export const createClock = (everyMs = 10_000): Clock => {
  let ahead = $state(0);
  const subscribe = createSubscriber((update) => {
    const ticker = setInterval(update, everyMs);
    return () => clearInterval(ticker);
  });
  return {
    get now() {
      subscribe();
      return Date.now() + ahead;
    },
    learn: (told) => (ahead = correctAhead(ahead, told)),
  };
};
