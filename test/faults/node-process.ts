/** One node as a real process of its own: started, stopped, frozen, killed and brought back on its data folder. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { eventually } from "../support/client.ts";
import type { Disturbance } from "./stop-the-loop.ts";

const root = path.resolve(import.meta.dirname, "../..");

export interface NodeProcess {
  readonly port: number;
  readonly address: string;
  readonly pid: number;
  /** Lines this node has logged. */
  readonly logged: string[];
  /** Frozen: its connections stay, nothing answers. */
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Asked to stop, as by an operator. */
  stop(): Promise<void>;
  /** Start again, on the same port and data folder. Does not wait until it is ready. */
  start(): void;
  ready(): Promise<void>;
  isReady(): Promise<boolean>;
  /** Keep its event loop from running; resolves when it runs again. */
  disturb(disturbance: Disturbance): Promise<void>;
  /** The head of the ledger that its data folder remembers. */
  readKnownSeq(): number;
  remove(): Promise<void>;
}

export async function createNodeProcess(env: Record<string, string>): Promise<NodeProcess> {
  const port = await findFreePort();
  const address = `http://127.0.0.1:${port}`;
  const dataDir = mkdtempSync(path.join(tmpdir(), "rollcall-node-"));
  const logged: string[] = [];
  let child: ChildProcess | undefined;
  const endWithTests = () => void child?.kill("SIGKILL");
  process.once("exit", endWithTests);

  function start(): void {
    const args = ["--import", "tsx", "--import", "./test/faults/stop-the-loop.ts"];
    child = spawn(process.execPath, [...args, "server/main.ts"], {
      cwd: root,
      env: {
        ...process.env,
        PORT: String(port),
        DATA_DIR: dataDir,
        TOKEN_KEY: "key-material-that-all-nodes-of-the-rig-share",
        NODE_OPTIONS: "",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on("line", (line) => logged.push(line));
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGCONT");
    child.kill(signal);
    await exited;
  }

  async function isReady(): Promise<boolean> {
    const signal = AbortSignal.timeout(2000);
    const answer = await fetch(`${address}/readyz`, { signal }).catch(() => null);
    return answer?.status === 200;
  }

  start();
  return {
    port,
    address,
    get pid() {
      return child?.pid ?? 0;
    },
    logged,
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    start,
    isReady,
    async ready() {
      await eventually(isReady, 30_000).catch(() => {
        throw new Error(`the node does not become ready:\n${logged.slice(-20).join("\n")}`);
      });
    },
    async disturb(disturbance) {
      if (child === undefined) throw new Error("the node does not run");
      const done = once(child, "message");
      child.send(disturbance);
      await done;
    },
    readKnownSeq() {
      const head = JSON.parse(readFileSync(path.join(dataDir, "ledger-head.json"), "utf8")) as {
        seq: number;
      };
      return head.seq;
    },
    async remove() {
      await end("SIGKILL");
      process.off("exit", endWithTests);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Known before the node listens, so that it can be probed from its first moment. */
async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
