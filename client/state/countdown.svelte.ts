/** What is left of a time, by the second, for whatever shows it; by the page's clock, which follows the server's. */
import { createSubscriber } from "svelte/reactivity";
import type { Clock } from "./clock.svelte.ts";

export interface Countdown {
  /** Whole seconds; 0 once it has passed. */
  secondsUntil(at: string): number;
}

export const createCountdown = (clock: Clock): Countdown => {
  const subscribe = createSubscriber((update) => {
    const ticker = setInterval(update, 1_000);
    return () => clearInterval(ticker);
  });
  return {
    secondsUntil(at) {
      subscribe();
      return Math.max(0, Math.ceil((Date.parse(at) - clock.now) / 1_000));
    },
  };
};

/** Said aloud, and never more often; the fewest first, for a page that slept through both. */
const warnedMinutes = [1, 5];

/** The minutes to warn of when the time left went from one figure to the other. */
export const findWarning = (before: number, after: number): number | null =>
  warnedMinutes.find((minutes) => before > minutes * 60 && after <= minutes * 60 && after > 0) ??
  null;
