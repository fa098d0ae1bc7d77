/**
 * Who follows what on this tab's socket. Delivery is at-most-once, so each follower is told to fetch its snapshot
 * again on every connect, after the server has confirmed the watch. A topic that several follow is watched until
 * the last of them leaves.
 */
import type { Socket } from "socket.io-client";
import type { ClientToServerEvents, ServerToClientEvents, Topic } from "../shared/live.ts";

export interface Following {
  events?: Partial<ServerToClientEvents>;
  topic?: Topic;
  /** Fetch the snapshot: called at once, after every connect, and every so often while `blocked`. */
  refresh?: () => void;
}

export interface Followings {
  follow(following: Following): () => void;
  /** Every follower fetches its snapshot, connected or not. */
  refresh(): void;
}

const acknowledgementMs = 5_000;

export const createFollowings = (
  socket: Socket<ServerToClientEvents, ClientToServerEvents>,
): Followings => {
  const watched = new Map<Topic, number>();
  const current = new Set<Following>();

  const watch = (topic: Topic, refresh: () => void) => {
    // Refreshed with or without a confirmation: a page that cannot watch still shows what is.
    socket.timeout(acknowledgementMs).emit("watch", { topic }, refresh);
  };

  const unwatch = (topic: Topic) => {
    const others = (watched.get(topic) ?? 1) - 1;
    watched.set(topic, others);
    if (others === 0 && socket.connected) socket.emit("unwatch", { topic }, () => undefined);
  };

  return {
    follow(following) {
      // One of its own, so that what two pages share is not stopped by the first that leaves.
      const own = { ...following };
      const { events = {}, topic } = own;
      const refresh = () => own.refresh?.();
      const begin = () => (topic ? watch(topic, refresh) : refresh());
      // Socket.IO types each listener by its event, which a loop over the pairs cannot express.
      const pairs = Object.entries(events) as [keyof ServerToClientEvents, never][];
      for (const [event, listener] of pairs) socket.on(event, listener);
      socket.on("connect", begin);
      current.add(own);
      if (topic) watched.set(topic, (watched.get(topic) ?? 0) + 1);
      if (socket.connected) begin();
      else refresh();

      return () => {
        for (const [event, listener] of pairs) socket.off(event, listener);
        socket.off("connect", begin);
        current.delete(own);
        if (topic) unwatch(topic);
      };
    },
    refresh() {
      for (const { refresh } of current) refresh?.();
    },
  };
};
