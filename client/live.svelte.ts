/**
 * One socket per tab, as runes. It promises to keep trying while a session may live, and to stop when it
 * is known to be over: socket.io-client gives up after a refused handshake or a server's disconnect, so
 * those come back here with a jittered back-off. Delivery is at-most-once; whoever follows events is told
 * to fetch its snapshot again on every connect, after the server has confirmed the watch.
 */
import { io } from "socket.io-client";
import type { Socket } from "socket.io-client";
import type { End } from "../shared/contract/sessions.ts";
import type { ClientToServerEvents, Refusal, ServerToClientEvents, Topic } from "../shared/live.ts";

export type LiveState = "connected" | "reconnecting" | "offline";

export interface LiveHandlers {
  /** The server ended this tab's session and will cut the socket. */
  onSignedOut(end: End): void;
  /** The handshake was refused for good: the session has ended, or there is none. */
  onRefused(refusal: Refusal): void;
}

export interface Following {
  events?: Partial<ServerToClientEvents>;
  topic?: Topic;
  /** Fetch the snapshot: called at once and after every connect. */
  refresh?: () => void;
}

export interface Live {
  readonly state: LiveState;
  /** When the connection was lost, in milliseconds; null while connected or not wanted. */
  readonly downSince: number | null;
  start(): void;
  stop(): void;
  /** A reply opened a session: shake hands again as whoever this browser now is. */
  restart(): void;
  retryNow(): void;
  follow(following: Following): () => void;
}

const longestBackOffMs = 10_000;
const acknowledgementMs = 5_000;
const activeEveryMs = 60_000;

export const createLive = (handlers: LiveHandlers): Live => {
  const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io({
    transports: ["websocket"],
    autoConnect: false,
    reconnectionDelay: 400,
    reconnectionDelayMax: longestBackOffMs,
    timeout: 10_000,
  });
  let wanted = false;
  let isConnected = $state(false);
  let isOnline = $state(navigator.onLine);
  let downSince = $state<number | null>(null);
  let refusals = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const start = () => {
    if (wanted) return;
    wanted = true;
    downSince = Date.now();
    socket.connect();
  };

  const stop = () => {
    wanted = false;
    downSince = null;
    clearTimeout(retry);
    socket.disconnect();
    isConnected = false;
  };

  const retryNow = () => {
    if (!wanted || isConnected) return;
    clearTimeout(retry);
    // Leaves the client's own waiting loop, so that the next attempt starts now.
    socket.disconnect().connect();
  };

  const retryLater = () => {
    if (!wanted) return;
    const wait = Math.min(longestBackOffMs, 400 * 2 ** refusals++) * (0.5 + Math.random());
    clearTimeout(retry);
    retry = setTimeout(retryNow, wait);
  };

  socket.on("connect", () => {
    refusals = 0;
    isConnected = true;
    downSince = null;
  });
  socket.on("disconnect", (reason) => {
    isConnected = false;
    if (!wanted) return;
    downSince ??= Date.now();
    if (reason === "io server disconnect") retryLater();
  });
  socket.on("connect_error", (error: Error & { data?: Refusal }) => {
    if (socket.active) return;
    const refusal = error.data;
    if (refusal?.code === "session_ended" || refusal?.code === "not_signed_in") {
      stop();
      handlers.onRefused(refusal);
    } else retryLater();
  });
  socket.on("signed-out", (end) => {
    stop();
    handlers.onSignedOut(end);
  });

  addEventListener("online", () => {
    isOnline = true;
    retryNow();
  });
  addEventListener("offline", () => (isOnline = false));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") retryNow();
  });
  reportActivity(() => {
    if (isConnected) socket.emit("active", () => undefined);
    return isConnected;
  });

  return {
    get state() {
      return isConnected ? "connected" : isOnline ? "reconnecting" : "offline";
    },
    get downSince() {
      return downSince;
    },
    start,
    stop,
    restart() {
      stop();
      start();
    },
    retryNow,
    follow: (following) => follow(socket, following),
  };
};

/** Attaches the events, watches the topic on every connect, and refreshes once the watch is confirmed. */
const follow = (
  socket: Socket<ServerToClientEvents, ClientToServerEvents>,
  { events = {}, topic, refresh }: Following,
): (() => void) => {
  const begin = () => {
    if (!topic) return refresh?.();
    // Refreshed with or without a confirmation: a page that cannot watch still shows what is.
    socket.timeout(acknowledgementMs).emit("watch", { topic }, () => refresh?.());
  };
  // Socket.IO types each listener by its event, which a loop over the pairs cannot express.
  const pairs = Object.entries(events) as [keyof ServerToClientEvents, never][];
  for (const [event, listener] of pairs) socket.on(event, listener);
  socket.on("connect", begin);
  if (socket.connected) begin();
  else refresh?.();

  return () => {
    for (const [event, listener] of pairs) socket.off(event, listener);
    socket.off("connect", begin);
    if (topic && socket.connected) socket.emit("unwatch", { topic }, () => undefined);
  };
};

/** Tells of real input, at most once a minute. */
const reportActivity = (report: () => boolean): void => {
  let reportedAt = -Infinity;
  const onInput = () => {
    if (performance.now() - reportedAt < activeEveryMs) return;
    if (report()) reportedAt = performance.now();
  };
  for (const type of ["pointerdown", "keydown", "wheel", "touchstart"])
    addEventListener(type, onInput, { passive: true, capture: true });
};
