/**
 * Passwords come from the terminal, without echo and twice, or from standard input; never from an argument,
 * which every process of the machine can read.
 */
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { Writable, type Readable } from "node:stream";
import { Refusal } from "./run.ts";

export interface Terminal {
  input: Readable & { isTTY?: boolean };
  /** Where questions go: not standard output, which may be a file. */
  output: { write(text: string): unknown };
}

const own: Terminal = { input: process.stdin, output: process.stderr };

export function readPassword(whose: string, terminal: Terminal = own): Promise<string> {
  return terminal.input.isTTY ? askTwice(whose, terminal) : readToEnd(terminal.input);
}

export const makePassword = (): string => randomBytes(15).toString("base64url");

async function askTwice(whose: string, { input, output }: Terminal): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: silent, terminal: true, historySize: 0 });
  // Kept until asked for: a manager of passwords may paste both lines at once.
  const lines = reader[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    output.write(question);
    const line = await lines.next();
    output.write("\n");
    if (line.done) throw new Refusal("No password was given.");
    return line.value;
  };
  try {
    const password = await ask(`Password for ${whose}: `);
    if (password !== (await ask("Again: "))) throw new Refusal("These were two different ones.");
    return password;
  } finally {
    reader.close();
  }
}

/** The line end that `echo` adds is not part of it. */
async function readToEnd(input: Readable): Promise<string> {
  input.setEncoding("utf8");
  let text = "";
  for await (const chunk of input) text += String(chunk);
  const password = text.replace(/\r?\n$/, "");
  if (password === "") throw new Refusal("No password came on standard input.");
  return password;
}
