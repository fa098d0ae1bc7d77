/**
 * What is left to do after everyone was signed out. They are refused at once; their rows leave the lists a little
 * later, and a page can show how far that is. It is over when all are gone, or when nothing leaves any more: who
 * signs in meanwhile makes the list longer again.
 */
import type { Receipt } from "../../shared/contract/sessions.ts";

export interface Clearing {
  /** The answer to the last time everyone was ended; null before. */
  readonly receipt: Receipt | null;
  readonly cleared: number;
  readonly isUnderWay: boolean;
  begin(receipt: Receipt, listed: number): void;
  dismiss(): void;
  stop(): void;
}

interface ClearingParts {
  /** How many sessions are listed now. */
  listed: () => number;
  /** Ask again how many those are. */
  refresh: () => Promise<void>;
}

const everyMs = 1_000;
const stalledMs = 15_000;

export const createClearing = ({ listed, refresh }: ClearingParts): Clearing => {
  let receipt = $state.raw<Receipt | null>(null);
  let cleared = $state(0);
  let isUnderWay = $state(false);
  let before = 0;
  let movedAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const look = async () => {
    await refresh();
    if (!receipt || !isUnderWay) return;
    const now = Math.min(receipt.ended, Math.max(cleared, before - listed()));
    if (now > cleared) [cleared, movedAt] = [now, Date.now()];
    isUnderWay = cleared < receipt.ended && Date.now() - movedAt < stalledMs;
    if (isUnderWay) timer = setTimeout(() => void look(), everyMs);
  };

  const stop = () => {
    isUnderWay = false;
    clearTimeout(timer);
  };

  return {
    get receipt() {
      return receipt;
    },
    get cleared() {
      return cleared;
    },
    get isUnderWay() {
      return isUnderWay;
    },
    begin(told, listedBefore) {
      stop();
      [receipt, cleared, before, movedAt] = [told, 0, listedBefore, Date.now()];
      isUnderWay = true;
      void look();
    },
    dismiss() {
      stop();
      receipt = null;
    },
    stop,
  };
};
