/**
 * What watchers of the charts are sent: the end of the last hour when it has changed, at most twice a second
 * while things happen and every few seconds otherwise. Nothing is read while nobody watches.
 */
import type { Server } from "socket.io";
import type { Stats } from "../../shared/contract/stats.ts";
import { watchRoom } from "./rooms.ts";

export interface StatsFeedOptions {
  io: Server;
  newest(): Promise<Stats>;
}

const every = 500;
/** Who is online and the time go on also when nothing happens. */
const quietEvery = 5000;

export function createStatsFeed({ io, newest }: StatsFeedOptions) {
  let timer: NodeJS.Timeout | undefined;
  let sentAt = -Infinity;
  let sent = "";

  const hasWatchers = (): boolean =>
    (io.sockets.adapter.rooms.get(watchRoom("stats"))?.size ?? 0) > 0;

  function happened(): void {
    if (!hasWatchers()) return;
    timer ??= setTimeout(() => void send(), Math.max(0, sentAt + every - performance.now()));
  }

  async function send(): Promise<void> {
    sentAt = performance.now();
    timer = undefined;
    try {
      const stats = await newest();
      const told = JSON.stringify(stats);
      if (told !== sent) io.to(watchRoom("stats")).emit("stats", stats);
      sent = told;
    } catch {
      // Redis is away: tried again soon, and whoever watches sees how old the charts are.
    }
  }

  const ticking = setInterval(happened, quietEvery);

  return {
    /** Something may have been counted. */
    happened,
    stop(): void {
      clearInterval(ticking);
      clearTimeout(timer);
    },
  };
}
