/** Open pages of sessions, and when the last of them was closed by the server. */
import { performance } from "node:perf_hooks";
import { io, type Socket } from "socket.io-client";

export interface Pages {
  /** Null while one is open. */
  lastClosedAt(): number | null;
  close(): void;
}

export async function openPages(address: string, tokens: readonly string[]): Promise<Pages> {
  const closedAt: number[] = [];
  const pages: Socket[] = tokens.map((token) =>
    io(address, {
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      extraHeaders: { origin: address, cookie: `rollcall=${token}` },
    }),
  );
  await Promise.all(
    pages.map(
      (page) =>
        new Promise<void>((resolve, reject) => {
          page.once("connect", resolve);
          page.once("connect_error", reject);
        }),
    ),
  );
  for (const page of pages) page.once("disconnect", () => closedAt.push(performance.now()));
  return {
    lastClosedAt: () => (closedAt.length < pages.length ? null : Math.max(...closedAt)),
    close() {
      for (const page of pages) page.disconnect();
    },
  };
}
