/**
 * Reservations run out by themselves: every node looks when the next one is due, a second later at the latest, and
 * gives back what is. The script behind it hands each expired reservation to one node, so that its end is told
 * once. Without a lease a node leaves it to the others.
 */
import type { Ledger } from "./ledger.ts";
import type { Report } from "./report.ts";

export interface DeskClockOptions {
  /** Answers for how many milliseconds there will be nothing to do. */
  giveBackDue(): Promise<number>;
  ledger: Pick<Ledger, "holdsLease">;
  log: Report;
}

const longestSleep = 1000;

export function createDeskClock({ giveBackDue, ledger, log }: DeskClockOptions) {
  let stopped = false;
  let failed = false;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();

  async function look(): Promise<number> {
    if (!ledger.holdsLease()) return longestSleep;
    try {
      const rest = await giveBackDue();
      failed = false;
      return Math.min(longestSleep, rest);
    } catch (error) {
      if (!failed) log.warn("reservations that ran out wait to be given back", { error });
      failed = true;
      return longestSleep;
    }
  }

  async function tick(): Promise<void> {
    const sleep = await look();
    if (!stopped) timer = setTimeout(start, sleep);
  }

  const start = (): void => void (working = tick());

  return {
    start,
    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(timer);
      await working;
    },
  };
}
