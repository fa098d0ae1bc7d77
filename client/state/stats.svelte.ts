/**
 * How much of everything happened within a window of time. What happens now is pushed into the windows of
 * minutes; the longer ones are fetched again every minute.
 */
import { statsRoutes } from "../../shared/contract/stats.ts";
import type { Stats, StatsWindow } from "../../shared/contract/stats.ts";
import type { Call, CallOptions } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { mergeNewest } from "./stats-buckets.ts";

export interface StatsOverTime {
  readonly status: "loading" | "ready";
  /** Null until it has been fetched once. */
  readonly shown: Stats | null;
  readonly failure: unknown;
  /** When what is shown was true, in milliseconds. */
  readonly asOf: number;
  show(window: StatsWindow): Promise<void>;
  refresh(): Promise<void>;
  open(): () => void;
}

interface StatsParts {
  call: Call;
  live: Live;
}

const againEveryMs = 60_000;
const pushedStep = 60;

export const createStats = ({ call, live }: StatsParts): StatsOverTime => {
  let shown = $state.raw<Stats | null>(null);
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let wanted: StatsWindow = "1h";
  let snapshots = 0;
  /** What was pushed while a snapshot travels: that is at least as new. */
  let heard: Stats | null = null;

  const put = (stats: Stats) => ([shown, failure, asOf] = [stats, null, Date.now()]);

  const read = async (options: CallOptions): Promise<void> => {
    const snapshot = ++snapshots;
    heard = null;
    try {
      const stats = await call(statsRoutes.show, { query: { window: wanted } }, options);
      if (snapshot === snapshots) put((heard && mergeNewest(stats, heard)) ?? stats);
    } catch (error) {
      if (snapshot === snapshots) failure = error;
    }
  };

  const refresh = () => read({ background: true });

  const hear = (pushed: Stats) => {
    heard = pushed;
    if (!shown) return;
    const merged = mergeNewest(shown, pushed);
    if (merged) put(merged);
    else void refresh();
  };

  return {
    get status() {
      return shown ? "ready" : "loading";
    },
    get shown() {
      return shown;
    },
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    show(window) {
      wanted = window;
      return read({});
    },
    refresh,
    open() {
      const again = setInterval(() => {
        if (shown?.step !== pushedStep) void refresh();
      }, againEveryMs);
      const close = live.follow({
        topic: "stats",
        events: { stats: hear },
        refresh: () => void refresh(),
      });
      return () => {
        clearInterval(again);
        close();
      };
    },
  };
};
