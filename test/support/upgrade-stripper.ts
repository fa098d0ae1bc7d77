/**
 * A reverse proxy as it is when nobody thought of websockets: everything passes but `Upgrade`, which is answered
 * 400 until somebody mends the proxy.
 */
import { createServer, request, type IncomingMessage } from "node:http";
import { createConnection, type AddressInfo, type Socket } from "node:net";

export interface UpgradeStripper {
  address: string;
  /** From now on upgrades pass too. */
  mend(): void;
  /** How many upgrades were refused. */
  refused(): number;
  close(): void;
}

export async function openUpgradeStripper(target: string): Promise<UpgradeStripper> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isMended = false;
  let refused = 0;

  const server = createServer((asked, answer) => {
    const { method, url, headers } = asked;
    const passedOn = request({ hostname, port, method, path: url, headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.rawHeaders);
      reply.pipe(answer);
    });
    passedOn.on("error", () => answer.destroy());
    asked.pipe(passedOn);
  });

  server.on("upgrade", (asked: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    if (!isMended) {
      refused++;
      return void socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    }
    const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
    for (let i = 0; i < asked.rawHeaders.length; i += 2)
      lines.push(`${asked.rawHeaders[i]}: ${asked.rawHeaders[i + 1]}`);
    const node = createConnection(Number(port), hostname);
    node.on("error", () => socket.destroy());
    node.on("close", () => socket.destroy());
    socket.on("close", () => node.destroy());
    node.write(`${lines.join("\r\n")}\r\n\r\n`);
    node.write(head);
    node.pipe(socket).pipe(node);
  });

  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mend: () => (isMended = true),
    refused: () => refused,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
