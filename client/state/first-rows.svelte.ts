/** The first rows of a list that may be very long, and as many more each time that is asked for. */
import type { SessionRow } from "./session-rows.ts";

export interface FirstRows {
  readonly shown: readonly SessionRow[];
  readonly total: number;
  /** How many showMore adds; zero when all are shown. */
  readonly more: number;
  showMore(): void;
}

const step = 50;

export const createFirstRows = (read: () => readonly SessionRow[]): FirstRows => {
  let most = $state(step);
  // Those that just came are shown wherever they stand.
  const shown = $derived(read().filter(({ isNew }, at) => at < most || isNew));

  return {
    get shown() {
      return shown;
    },
    get total() {
      return read().length;
    },
    get more() {
      return Math.min(step, read().length - shown.length);
    },
    showMore: () => void (most += step),
  };
};
