/** An app as it stands behind a gateway: it knows nothing of Rollcall and says what it was sent. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it reached the app; names in lower case, a header sent twice with both values. */
export interface Arrived {
  method: string;
  url: string;
  headers: Record<string, string>;
}

export interface App {
  /** host:port */
  address: string;
  arrived: Arrived[];
  stop(): Promise<void>;
}

export async function startApp(): Promise<App> {
  const arrived: Arrived[] = [];
  const server = createServer((request, response) => {
    const seen = readRequest(request);
    arrived.push(seen);
    // What a 401 of the app's own says must reach the browser as it is.
    const status = seen.url === "/own-401" ? 401 : 200;
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(seen));
  });
  server.on("upgrade", (request, socket) => {
    arrived.push(readRequest(request));
    socket.on("error", () => {});
    socket.end(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readRequest({ method = "", url = "", rawHeaders }: IncomingMessage): Arrived {
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    const value = rawHeaders[at + 1] ?? "";
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return { method, url, headers };
}
