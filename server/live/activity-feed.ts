/** What watchers of activity are sent: events as they happen, in at most two batches a second. */
import type { Server } from "socket.io";
import type { Event } from "../../shared/contract/activity.ts";
import { watchRoom } from "./rooms.ts";

const every = 500;
/** More in one batch than anybody reads: the newest of them, the rest is in the list. */
const mostSent = 200;

export function createActivityFeed(io: Server) {
  let gathered: Event[] = [];
  let timer: NodeJS.Timeout | undefined;
  let sentAt = -Infinity;

  function send(): void {
    sentAt = performance.now();
    timer = undefined;
    const batch = gathered.slice(-mostSent);
    gathered = [];
    io.to(watchRoom("activity")).emit("activity", batch);
  }

  return {
    happened(event: Event): void {
      gathered.push(event);
      timer ??= setTimeout(send, Math.max(0, sentAt + every - performance.now()));
    },
    stop: (): void => clearTimeout(timer),
  };
}
