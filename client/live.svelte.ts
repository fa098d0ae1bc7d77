/**
 * One socket per tab, as runes. It promises to keep trying while a session may live, and to stop when it
 * is known to be over: socket.io-client gives up after a refused handshake or a server's disconnect, so
 * those come back here with a jittered back-off. Delivery is at-most-once; whoever follows events is told
 * to fetch its snapshot again on every connect, after the server has confirmed the watch. Where no websocket
 * comes through though the server answers, snapshots are fetched again every so often (detour.ts).
 */
import { io } from "socket.io-client";
import type { Socket } from "socket.io-client";
import type { End } from "../shared/contract/sessions.ts";
import type { ClientToServerEvents, Refusal, ServerToClientEvents } from "../shared/live.ts";
import { createDetour } from "./detour.ts";
import { createFollowings } from "./followings.ts";
import type { Following } from "./followings.ts";

/** `blocked`: the server answers, but something on the way lets no websocket through. */
export type LiveState = "connected" | "reconnecting" | "blocked" | "offline";

export interface LiveHandlers {
  /** The server ended this tab's session and will cut the socket. */
  onSignedOut(end: End): void;
  /** The handshake was refused for good: the session has ended, or there is none. */
  onRefused(refusal: Refusal): void;
  /** Whether the server answers a plain request. */
  askServer(): Promise<boolean>;
  /** Tells the server by a plain request that somebody is here. */
  reportUse(): void;
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
const activeEveryMs = 60_000;

export const createLive = (
  handlers: LiveHandlers,
  { refreshEveryMs = 15_000 }: { refreshEveryMs?: number } = {},
): Live => {
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
  const followings = createFollowings(socket);

  let isBlocked = $state(false);
  const detour = createDetour({
    askServer: () => handlers.askServer(),
    isLookedAt: () => document.visibilityState === "visible",
    refresh: () => followings.refresh(),
    onTaken: (isTaken) => (isBlocked = isTaken),
    everyMs: refreshEveryMs,
  });

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
    detour.leave();
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
    detour.leave();
  });
  socket.on("disconnect", (reason) => {
    isConnected = false;
    if (!wanted) return;
    downSince ??= Date.now();
    if (reason === "io server disconnect") retryLater();
  });
  socket.on("connect_error", (error: Error & { data?: Refusal }) => {
    if (socket.active) return void detour.noteFailure();
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
    if (document.visibilityState !== "visible") return;
    retryNow();
    detour.comeBack();
  });
  reportActivity(() => {
    if (isConnected) socket.emit("active", () => undefined);
    else if (isBlocked) handlers.reportUse();
    return isConnected || isBlocked;
  });

  return {
    get state() {
      if (isConnected) return "connected";
      if (!isOnline) return "offline";
      return isBlocked ? "blocked" : "reconnecting";
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
    follow: followings.follow,
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
