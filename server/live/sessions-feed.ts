/**
 * What watchers of all sessions are sent: changes gathered into at most two batches a second, and a plain
 * "fetch again" when more happened than anybody could read.
 */
import type { Server } from "socket.io";
import type { Session } from "../../shared/contract/sessions.ts";
import type { SessionId } from "../../shared/ids.ts";
import type { SessionEnded } from "../../shared/live.ts";
import { watchRoom } from "./rooms.ts";

export interface SessionsFeedOptions {
  io: Server;
  total(): Promise<number>;
}

export type SessionsFeed = ReturnType<typeof createSessionsFeed>;

const every = 500;
const mostListed = 200;

export function createSessionsFeed({ io, total }: SessionsFeedOptions) {
  let opened = new Map<SessionId, Session>();
  let changed = new Map<SessionId, Session>();
  let ended = new Map<SessionId, SessionEnded>();
  let reset = false;
  let timer: NodeJS.Timeout | undefined;
  let sentAt = -Infinity;

  const hasWatchers = (): boolean =>
    (io.sockets.adapter.rooms.get(watchRoom("sessions"))?.size ?? 0) > 0;

  function schedule(): void {
    if (timer !== undefined) return;
    const wait = Math.max(0, sentAt + every - performance.now());
    timer = setTimeout(() => void send(), wait);
  }

  async function send(): Promise<void> {
    sentAt = performance.now();
    const many = opened.size + changed.size + ended.size > mostListed;
    const batch = {
      opened: many ? [] : [...opened.values()],
      changed: many ? [] : [...changed.values()],
      ended: many ? [] : [...ended.values()],
      ...((reset || many) && { reset: true }),
    };
    clear();
    timer = undefined;
    if (!hasWatchers()) return;
    try {
      io.to(watchRoom("sessions")).emit("sessions", { ...batch, total: await total() });
    } catch {
      // Redis is away: whoever watches fetches a snapshot when it is back.
      reset = true;
    }
  }

  function clear(): void {
    opened = new Map();
    changed = new Map();
    ended = new Map();
    reset = false;
  }

  return {
    opened(session: Session): void {
      opened.set(session.id, session);
      schedule();
    },
    changed(session: Session): void {
      if (ended.has(session.id)) return;
      if (opened.has(session.id)) opened.set(session.id, session);
      else changed.set(session.id, session);
      schedule();
    },
    ended(end: SessionEnded): void {
      opened.delete(end.id);
      changed.delete(end.id);
      ended.set(end.id, end);
      schedule();
    },
    reset(): void {
      clear();
      reset = true;
      schedule();
    },
    stop: (): void => clearTimeout(timer),
  };
}
