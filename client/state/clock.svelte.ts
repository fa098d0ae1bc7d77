/** The time, for relative times: one ticker for the whole page, running only while something shows it. */
import { createSubscriber } from "svelte/reactivity";

export interface Clock {
  readonly now: number;
}

export const createClock = (everyMs = 10_000): Clock => {
  const subscribe = createSubscriber((update) => {
    const ticker = setInterval(update, everyMs);
    return () => clearInterval(ticker);
  });
  return {
    get now() {
      subscribe();
      return Date.now();
    },
  };
};
