/**
 * A deployment to measure: a Redis of its own, sessions seeded by the product's own command, an admin who has
 * set it up, and nodes of the product on it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { createClient } from "redis";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { goodPassword } from "../support/client.ts";
import {
  productEnvironment,
  root,
  setupToken,
  startProductNode,
  type RunningServer,
} from "./processes.ts";

export interface SeededSession {
  account: string;
  sessionId: string;
  /** `name=value` */
  cookie: string;
}

export interface Deployment {
  redis: TestRedis;
  nodes: readonly RunningServer[];
  sessions: readonly SeededSession[];
  /** What seeding added to Redis' used memory, accounts included. */
  seededBytes: number;
  stop(): Promise<void>;
}

export const sessionsPerAccount = 10;

export async function deploy(options: {
  accounts: number;
  nodes: readonly string[];
  nodeArgs?: readonly string[];
  /** How many accounts' sessions the bench needs to know; the others only take their place in Redis. */
  knownAccounts?: number;
}): Promise<Deployment> {
  const redis = await startRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const before = await readUsedMemory(redis.url);
  const sessions = await seed(redis.url, options.accounts, options.knownAccounts);
  const seededBytes = (await readUsedMemory(redis.url)) - before;
  const nodes: RunningServer[] = [];
  for (const name of options.nodes)
    nodes.push(await startProductNode(name, redis.url, options.nodeArgs));
  await setUp(nodes[0]);
  return {
    redis,
    nodes,
    sessions,
    seededBytes,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await redis.stop();
    },
  };
}

/** Seeds by `cli seed`, and reads what it wrote, account by account. */
async function seed(
  redisUrl: string,
  accounts: number,
  knownAccounts = accounts,
): Promise<SeededSession[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "rollcall-seed-"));
  const file = path.join(folder, "sessions.ndjson");
  const command = ["--accounts", String(accounts)].concat(
    ["--sessions-per-account", String(sessionsPerAccount)],
    ["--out", file],
  );
  const child = spawn(
    process.execPath,
    [path.join(root, "dist/server/cli.js"), "seed", ...command],
    {
      cwd: root,
      env: { PATH: process.env["PATH"] ?? "", ...productEnvironment(redisUrl) },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error("seeding failed");
  const byAccount = new Map<string, SeededSession[]>();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const session = JSON.parse(line) as SeededSession;
    const known = byAccount.get(session.account);
    if (known) known.push(session);
    else if (byAccount.size < knownAccounts) byAccount.set(session.account, [session]);
  }
  rmSync(folder, { recursive: true });
  return [...byAccount.values()].flat();
}

/** A deployment nobody has set up answers differently: the first admin is made as a person would. */
async function setUp(node: RunningServer | undefined): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const response = await fetch(`${node?.address}/api/setup`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: setupToken, username: "admin", password: goodPassword }),
    });
    if (response.status === 201) return;
    const answer = await response.text();
    // A node is ready a moment before it has put its setup token where it can be found.
    if (performance.now() > deadline) throw new Error(`set-up was refused: ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function readUsedMemory(redisUrl: string): Promise<number> {
  const client = createClient({ url: redisUrl });
  await client.connect();
  const info = await client.info("memory");
  client.destroy();
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
}
