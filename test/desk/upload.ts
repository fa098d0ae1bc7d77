/** Files of units, handed in at once or as slowly as a test likes. */
import { request } from "node:http";
import { connect } from "node:net";
import type { Answer } from "../support/client.ts";
import type { Person } from "../support/desk.ts";

export const uploadLines = async (
  { browser }: Person,
  id: string,
  lines: string,
): Promise<Answer> =>
  browser.put(`/api/admin/catalogue/${id}/units`, lines, { "content-type": "text/plain" });

export interface SlowUpload {
  write(text: string | Buffer): void;
  end(): void;
  /** The client is gone, in the middle of it. */
  cut(): void;
  answer: Promise<{ status: number; body: Record<string, unknown> }>;
}

/** A file that comes as slowly as the test likes. */
export function openUpload({ browser }: Person, address: string, id: string): SlowUpload {
  const sending = request(`${address}/api/admin/catalogue/${id}/units`, {
    method: "PUT",
    headers: { "content-type": "text/plain; charset=utf-8", cookie: browser.cookieHeader() },
  });
  const answer = new Promise<Awaited<SlowUpload["answer"]>>((resolve, reject) => {
    sending.once("error", reject);
    sending.once("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as never }),
      );
    });
  });
  // Whoever cuts it off does not wait for an answer.
  answer.catch(() => {});
  return {
    write: (text) => void sending.write(text),
    end: () => void sending.end(),
    cut: () => void sending.destroy(),
    answer,
  };
}

/** By a simple client: what the server answers, read once everything is written. */
export async function writeBeforeListening(
  { browser }: Person,
  address: string,
  id: string,
  lines: string,
): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  const head = [
    `PUT /api/admin/catalogue/${id}/units HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    "Content-Type: text/plain",
    `Content-Length: ${Buffer.byteLength(lines)}`,
    `Cookie: ${browser.cookieHeader()}`,
  ];
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.write(`${head.join("\r\n")}\r\n\r\n${lines}`, () => resolve());
  });
  let heard = "";
  for await (const chunk of socket) {
    heard += String(chunk);
    if (heard.endsWith("}")) break;
  }
  return heard;
}
