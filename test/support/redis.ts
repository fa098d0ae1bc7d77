/**
 * A throwaway Redis, the real one, on a unix socket in a temporary folder: started in a tenth of a second,
 * frozen, killed and brought back at will, gone with its data at the end. It writes no append-only file
 * unless asked to.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

export interface TestRedis {
  url: string;
  /** Of the process running now: another one after a restart. */
  readonly pid: number;
  stop(): Promise<void>;
  /** Frozen: the connections stay, nothing answers. */
  pause(): void;
  resume(): void;
  /** As a power cut would. */
  kill(): void;
  /** On the same data folder and socket, also after a kill. */
  restart(): Promise<void>;
}

export async function startRedis(options: { args?: string[] } = {}): Promise<TestRedis> {
  const folder = await mkdtemp(path.join(tmpdir(), "rollcall-test-"));
  const socket = path.join(folder, "redis.sock");
  const place = ["--port", "0", "--unixsocket", socket, "--dir", folder];
  const args = [...place, "--save", "", "--appendonly", "no", ...(options.args ?? [])];
  let child = await launch(args);
  const endWithTests = () => void child.kill("SIGKILL");
  process.once("exit", endWithTests);

  return {
    url: `unix://${socket}`,
    get pid() {
      return child.pid ?? 0;
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    kill: () => void child.kill("SIGKILL"),
    async restart() {
      await end(child, "SIGTERM");
      child = await launch(args);
    },
    async stop() {
      await end(child, "SIGKILL");
      process.off("exit", endWithTests);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function launch(args: string[]): Promise<ChildProcess> {
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`redis-server ended:\n${lines.join("\n")}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (/ready to accept connections/i.test(line)) resolve();
    });
  });
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGCONT");
  child.kill(signal);
  await exited;
}
