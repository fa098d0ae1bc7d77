/**
 * One keep-alive HTTP connection for measuring: requests are bytes made beforehand, replies are read without
 * copying, one at a time (no pipelining). It understands what our targets answer, bodies of a stated length;
 * anything else, and a connection that closes, is an error, so that nothing goes unchecked.
 */
import { connect, type Socket } from "node:net";

export interface Reply {
  status: number;
  /** Status line and headers. Valid until the callback returns, as is the body. */
  head: Buffer;
  body: Buffer;
}

export interface HttpConnection {
  /** Send, and be called with the reply. One request at a time. */
  send(request: Buffer, onReply: (reply: Reply) => void): void;
  /** The same, with a reply that may be kept. */
  ask(request: Buffer): Promise<Reply>;
  close(): void;
}

const endOfHead = Buffer.from("\r\n\r\n");
const lengthPattern = /\r\ncontent-length: *(\d+)/i;
const nothing = Buffer.alloc(0);

export const requestBytes = (
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Buffer => {
  const lines = Object.entries({ Host: "127.0.0.1", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
};

export async function openHttpConnection(address: string): Promise<HttpConnection> {
  const { hostname, port } = new URL(address);
  let onReply: ((reply: Reply) => void) | null = null;
  let onFailure: ((error: Error) => void) | null = null;
  let pending = nothing;
  let closed = false;

  function fail(error: Error): void {
    if (closed) return;
    closed = true;
    if (onFailure) onFailure(error);
    else throw error;
  }

  function receive(count: number, chunk: Uint8Array): boolean {
    const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, count);
    const data = pending.length === 0 ? fresh : Buffer.concat([pending, fresh]);
    const reply = readReply(data);
    if (reply === null) {
      pending = Buffer.from(data);
      return true;
    }
    pending = nothing;
    const listener = onReply;
    onReply = null;
    if (listener === null) fail(new Error("a reply that nobody asked for"));
    else listener(reply);
    return true;
  }

  const socket = await new Promise<Socket>((resolve, reject) => {
    const opened = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: { buffer: Buffer.alloc(64 * 1024), callback: receive },
    });
    opened.once("connect", () => resolve(opened));
    opened.once("error", reject);
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the server closed the connection")));

  const send: HttpConnection["send"] = (request, listener) => {
    onReply = listener;
    socket.write(request);
  };

  return {
    send,
    ask: (request) =>
      new Promise((resolve, reject) => {
        onFailure = reject;
        send(request, ({ status, head, body }) => {
          onFailure = null;
          resolve({ status, head: Buffer.from(head), body: Buffer.from(body) });
        });
      }),
    close() {
      closed = true;
      socket.destroy();
    },
  };
}

/** The whole reply, or null when some of it is still on its way. */
function readReply(data: Buffer): Reply | null {
  const end = data.indexOf(endOfHead);
  if (end === -1) return null;
  const head = data.subarray(0, end);
  const status = Number(data.toString("latin1", 9, 12));
  const length = lengthPattern.exec(data.toString("latin1", 0, end))?.[1];
  if (length === undefined && status !== 204)
    throw new Error(`a reply without a length: ${data.toString("latin1", 0, end)}`);
  const from = end + endOfHead.length;
  const to = from + Number(length ?? 0);
  return data.length < to ? null : { status, head, body: data.subarray(from, to) };
}
