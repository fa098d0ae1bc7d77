/** The http server's limits: slow and oversized clients are cut by it, before any of our code runs. */
import type { Server, ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";

export const limits: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
};

/** Resolves with the address people open, once it is listening. */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  server.maxHeadersCount = 100;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${bound.port}`;
}

/** Take no new connections, let running requests finish, then close what is left idle. */
export async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const drained = setTimeout(() => server.closeAllConnections(), 4000);
  await closed;
  clearTimeout(drained);
}
