/** What a socket may ask: to watch a topic it has the permission for, and to say that its person is there. */
import type { Server } from "socket.io";
import { clientEvents, topicPermission, type Answer, type Topic } from "../../shared/live.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { Door } from "../domain/door.ts";
import type { LastSeen } from "../domain/last-seen.ts";
import { isHeld } from "./admit.ts";
import type { HeldSocket, LiveSocket } from "./registry.ts";
import { watchRoom } from "./rooms.ts";

export interface WatchOptions {
  door: Door;
  lastSeen: LastSeen;
  /** Read the session of a socket again: its grant is old, or a cut that did not mean it went by. */
  readmit(socket: HeldSocket): Promise<void>;
}

/** Messages a page may send within `window`; more is not a person. */
const mostMessages = 60;
const window = 10_000;
const activeEvery = 60_000;

export function answerSockets(io: Server, { door, lastSeen, readmit }: WatchOptions): void {
  io.on("connection", (connected) => {
    const socket = connected as LiveSocket;
    let messages = 0;
    let windowEnds = 0;
    let activeAgain = 0;

    socket.use((_event, next) => {
      const now = performance.now();
      if (now > windowEnds) [messages, windowEnds] = [0, now + window];
      if (++messages > mostMessages) return void socket.disconnect(true);
      next();
    });

    socket.on("watch", async (ask, answer) => {
      const topic = parseTopic(ask);
      if (topic === null) return reply(answer, "invalid_request");
      await refresh(socket);
      const refusal = refusalOf(socket, topic);
      if (refusal === null) void socket.join(watchRoom(topic));
      reply(answer, refusal);
    });

    socket.on("unwatch", (ask, answer) => {
      const topic = parseTopic(ask);
      if (topic !== null) void socket.leave(watchRoom(topic));
      reply(answer, topic === null ? "invalid_request" : null);
    });

    socket.on("active", async (answer) => {
      await refresh(socket);
      if (isHeld(socket) && door.mayStill(socket.data.held) && performance.now() >= activeAgain) {
        activeAgain = performance.now() + activeEvery;
        lastSeen.note(socket.data.held);
      }
      reply(answer, isHeld(socket) ? null : "not_signed_in");
    });
  });

  async function refresh(socket: LiveSocket): Promise<void> {
    if (isHeld(socket) && !door.mayStill(socket.data.held)) await readmit(socket);
  }

  function refusalOf(socket: LiveSocket, topic: Topic): ErrorCode | null {
    if (!isHeld(socket)) return "not_signed_in";
    // Closed while its session was read again: a room would keep it for ever.
    if (!socket.connected || !door.mayStill(socket.data.held)) return "unavailable";
    return socket.data.held.permissions.has(topicPermission[topic]) ? null : "forbidden";
  }
}

function parseTopic(ask: unknown): Topic | null {
  const parsed = clientEvents.watch.safeParse(ask);
  return parsed.success ? parsed.data.topic : null;
}

/** A client may leave the acknowledgement out, or send something that is none. */
function reply(answer: unknown, refusal: ErrorCode | null): void {
  if (typeof answer !== "function") return;
  (answer as (answer: Answer) => void)(
    refusal === null ? { ok: true } : { ok: false, code: refusal },
  );
}
