/**
 * The client's side of a websocket, as little as measuring takes: text frames of up to 64 KiB, no extensions.
 * Written by hand so that a push and a close are seen when their bytes arrive, and so that thousands of pages
 * fit into this process. `openPage` speaks Engine.IO and Socket.IO over it, as a page of the product does.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface WebSocket {
  send(text: string): void;
  close(): void;
}

export interface Listener {
  onText(text: string): void;
  onClose?(): void;
}

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };

export async function openWebSocket(
  address: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  { onText, onClose }: Listener,
): Promise<WebSocket> {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const lines = Object.entries({
    Host: `${hostname}:${port}`,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  let pending: Buffer = Buffer.alloc(0);
  let isOpen = false;
  let isClosed = false;

  const closeOnce = (): void => {
    if (isClosed) return;
    isClosed = true;
    onClose?.();
  };

  function readFrames(): void {
    for (let frame = readFrame(pending); frame !== null; frame = readFrame(pending)) {
      pending = pending.subarray(frame.size);
      if (frame.opcode === opcodes.text) onText(frame.payload.toString());
      else if (frame.opcode === opcodes.ping) socket.write(maskFrame(opcodes.pong, frame.payload));
      else if (frame.opcode === opcodes.close) {
        closeOnce();
        socket.end(maskFrame(opcodes.close, frame.payload));
      }
    }
  }

  await new Promise<void>((resolve, reject) => {
    socket.on("data", (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      if (!isOpen) {
        const end = pending.indexOf("\r\n\r\n");
        if (end === -1) return;
        const head = pending.toString("latin1", 0, end);
        if (!head.startsWith("HTTP/1.1 101")) return reject(new Error(`refused: ${head}`));
        pending = pending.subarray(end + 4);
        isOpen = true;
        resolve();
      }
      readFrames();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      reject(new Error("closed before it was open"));
      closeOnce();
    });
  });
  return createHandle(socket);
}

const createHandle = (socket: Socket): WebSocket => ({
  send: (text) => void socket.write(maskFrame(opcodes.text, Buffer.from(text))),
  close: () => void socket.destroy(),
});

/** The first whole frame, or null when some of it is still on its way. */
function readFrame(data: Buffer): { opcode: number; payload: Buffer; size: number } | null {
  if (data.length < 2) return null;
  const short = (data[1] ?? 0) & 0x7f;
  if (short === 127) throw new Error("a frame larger than we expect");
  const from = short === 126 ? 4 : 2;
  if (data.length < from) return null;
  const size = from + (short === 126 ? data.readUInt16BE(2) : short);
  if (data.length < size) return null;
  return { opcode: (data[0] ?? 0) & 0x0f, payload: data.subarray(from, size), size };
}

/** Clients must mask; a mask of zeros leaves the text as it is. */
function maskFrame(opcode: number, payload: Buffer): Buffer {
  if (payload.length > 125) throw new Error("a frame larger than we send");
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** A page of the product: connected when this resolves; `onClose` when the server has cut it. */
export async function openPage(
  address: string,
  cookie: string,
  onClose?: () => void,
): Promise<WebSocket> {
  let page: WebSocket | null = null;
  let answer!: (packet: string) => void;
  const answered = new Promise<string>((resolve) => (answer = resolve));
  page = await openWebSocket(
    address,
    "/socket.io/?EIO=4&transport=websocket",
    { Cookie: cookie, Origin: address },
    {
      onText(packet) {
        if (packet === "2") page?.send("3");
        else if (/^4[04]/.test(packet)) answer(packet);
      },
      onClose() {
        answer("closed");
        onClose?.();
      },
    },
  );
  page.send("40");
  const packet = await answered;
  if (!packet.startsWith("40")) throw new Error(`the page was refused: ${packet}`);
  return page;
}
