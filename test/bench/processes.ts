/**
 * The processes that are measured: a node of the product as it is built, or one of the servers beside it in
 * ./servers. Each runs by itself on the servers' core, and all are ended with the bench.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { onServerCore } from "./machine.ts";

export interface RunningServer {
  name: string;
  pid: number;
  address: string;
  stop(): Promise<void>;
}

export const root = path.resolve(import.meta.dirname, "../..");
const builtServer = path.join(root, "dist/server/main.js");
const ownServers = path.join(import.meta.dirname, "servers");

export const setupToken = "setup-token-of-the-bench";

/** What every node is started with: limits off, lifetimes that outlast the run, nothing but warnings logged. */
export const productEnvironment = (redisUrl: string): Record<string, string> => ({
  REDIS_URL: redisUrl,
  SETUP_TOKEN: setupToken,
  RATE_LIMITS: "off",
  LOG_LEVEL: "warn",
  SESSION_IDLE: "30d",
  SESSION_LIFETIME: "60d",
  STEP_UP_WINDOW: "1d",
});

export async function startProductNode(
  name: string,
  redisUrl: string,
  nodeArgs: readonly string[] = [],
): Promise<RunningServer> {
  const port = await findFreePort();
  const dataDir = mkdtempSync(path.join(tmpdir(), "rollcall-bench-"));
  const child = launch([...nodeArgs, builtServer], {
    ...productEnvironment(redisUrl),
    TOKEN_KEY: "key-material-that-all-nodes-of-the-bench-share",
    PORT: String(port),
    DATA_DIR: dataDir,
  });
  const address = `http://127.0.0.1:${port}`;
  await until(child, name, async () => (await fetch(`${address}/readyz`)).ok);
  return {
    name,
    pid: child.pid ?? 0,
    address,
    async stop() {
      await end(child);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A server of ./servers: it is told its order, and answers where it listens and with what to come. */
export async function startOwnServer<Ready extends { port: number }>(
  name: string,
  file: string,
  order: object,
): Promise<RunningServer & { ready: Ready }> {
  const child = launch([path.join(ownServers, file)], { NODE_ENV: "production" });
  child.send(order);
  const died = once(child, "exit").then(() => {
    throw new Error(`${name} did not start`);
  });
  const [ready] = (await Promise.race([once(child, "message"), died])) as [Ready];
  died.catch(() => {});
  const address = `http://127.0.0.1:${ready.port}`;
  return { name, pid: child.pid ?? 0, address, ready, stop: () => end(child) };
}

/** What must not outlive the bench, however it ends. */
const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

function launch(args: readonly string[], environment: Record<string, string>): ChildProcess {
  const [command = "", ...rest] = onServerCore([process.execPath, ...args]);
  const child = spawn(command, rest, {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", ...environment },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

/** Polls until the condition holds; gives up when the process is gone. */
async function until(
  child: ChildProcess,
  name: string,
  condition: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await condition().catch(() => false))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode}`);
    if (performance.now() > deadline) throw new Error(`${name} does not get ready`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const forced = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await exited;
  clearTimeout(forced);
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
