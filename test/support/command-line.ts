/** The command line as a person uses it: a process of its own, with its words in and out. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import path from "node:path";

export interface Outcome {
  code: number | null;
  output: string;
  complaint: string;
}

const entry = path.resolve(import.meta.dirname, "../../server/cli.ts");

/** Starts a command that does not end by itself. */
export function startCommand(
  args: readonly string[],
  env: Record<string, string>,
): ChildProcessWithoutNullStreams {
  const { PATH = "", HOME = "" } = process.env;
  return spawn(process.execPath, ["--import", "tsx", entry, ...args], {
    env: { PATH, HOME, ...env },
  });
}

/** Runs a command to its end; `input` is all of its standard input. */
export function runCommand(
  args: readonly string[],
  { input = "", env }: { input?: string; env: Record<string, string> },
): Promise<Outcome> {
  const child = startCommand(args, env);
  const outcome: Outcome = { code: null, output: "", complaint: "" };
  child.stdout.on("data", (chunk) => (outcome.output += String(chunk)));
  child.stderr.on("data", (chunk) => (outcome.complaint += String(chunk)));
  // One that refuses at once has closed it already.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ ...outcome, code }));
  });
}
