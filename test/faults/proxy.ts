/**
 * The link between one node and Redis, and everything that can happen to a link. A connection that was
 * swallowed once stays dead after the link has healed, as behind a firewall that forgot it: nobody is told.
 */
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";

export type LinkFault =
  | { kind: "none" }
  /** Nothing arrives anywhere, and no connection is refused or reset. */
  | { kind: "black-hole" }
  /** What the node sends arrives; no answer comes back. */
  | { kind: "half-open" }
  /** Every piece takes this long each way. */
  | { kind: "delay"; milliseconds: number }
  /** Each piece is held up for this long with this chance. */
  | { kind: "stall"; milliseconds: number; chance: number }
  | { kind: "throttle"; bytesPerSecond: number };

export interface Link {
  url: string;
  setFault(fault: LinkFault): void;
  /** Reset every connection now. */
  reset(): void;
  /** How many connections were ever opened. */
  opened(): number;
  close(): void;
}

/** `socketPath`: where Redis is now; asked for each connection, because it may move. */
export async function openLink(socketPath: () => string): Promise<Link> {
  let fault: LinkFault = { kind: "none" };
  let opened = 0;
  const pairs = new Set<readonly [Socket, Socket]>();

  const server = createServer((node) => {
    opened++;
    const redis = createConnection(socketPath());
    const pair = [node, redis] as const;
    pairs.add(pair);
    const swallowed = { value: fault.kind === "black-hole" };
    carry(node, redis, swallowed, () => false);
    carry(redis, node, swallowed, () => fault.kind === "half-open");
    for (const end of pair) {
      end.on("error", () => {});
      end.on("close", () => {
        pairs.delete(pair);
        // The far end of a swallowed connection is not told either, but nothing needs it any more.
        for (const other of pair) other.destroy();
      });
    }
  });

  function carry(
    from: Socket,
    to: Socket,
    swallowed: { value: boolean },
    isLost: () => boolean,
  ): void {
    let freeAt = 0;
    const queue: { piece: Buffer; at: number }[] = [];

    /** One timer for the head of the queue, because two might fire the wrong way round. */
    function drain(): void {
      for (let next = queue[0]; next !== undefined; next = queue[0]) {
        const wait = next.at - performance.now();
        if (wait > 0) return void setTimeout(drain, wait);
        queue.shift();
        if (!swallowed.value) to.write(next.piece);
      }
    }

    from.on("data", (piece) => {
      if (fault.kind === "black-hole") swallowed.value = true;
      if (swallowed.value || isLost()) return;
      freeAt = Math.max(freeAt, performance.now() + waitOf(piece.length));
      queue.push({ piece, at: freeAt });
      if (queue.length === 1) drain();
    });
  }

  function waitOf(bytes: number): number {
    switch (fault.kind) {
      case "delay":
        return fault.milliseconds;
      case "stall":
        return Math.random() < fault.chance ? fault.milliseconds : 0;
      case "throttle":
        return (bytes / fault.bytesPerSecond) * 1000;
      default:
        return 0;
    }
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setFault(next) {
      fault = next;
    },
    reset() {
      for (const [node, redis] of pairs) {
        node.resetAndDestroy();
        redis.destroy();
      }
    },
    opened: () => opened,
    close() {
      server.close();
      for (const pair of pairs) for (const end of pair) end.destroy();
    },
  };
}
