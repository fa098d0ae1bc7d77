/**
 * One way to start the whole server in a test: real nodes in this process, on a real Redis of their own, each on
 * a free port. Everything is stopped by `stop`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readConfig } from "../../server/config.ts";
import { startNode, type Node } from "../../server/node.ts";
import { createLifecycle } from "../../server/ops/lifecycle.ts";
import { createLog } from "../../server/ops/log.ts";
import { startRedis, type TestRedis } from "./redis.ts";

export interface TestNode extends Node {
  /** Lines this node has logged, as JSON. */
  logged: string[];
  stop(): Promise<void>;
}

export interface TestServer {
  redis: TestRedis;
  nodes: TestNode[];
  /** Of the first node. */
  address: string;
  setupToken: string;
  startNode(env?: Record<string, string>): Promise<TestNode>;
  stop(): Promise<void>;
}

export const setupToken = "setup-token-of-the-tests";

export async function startServer(
  options: { nodes?: number; env?: Record<string, string>; redisArgs?: string[] } = {},
): Promise<TestServer> {
  const redis = await startRedis({
    args: options.redisArgs ?? ["--maxmemory-policy", "noeviction"],
  });
  const nodes: TestNode[] = [];

  async function start(env: Record<string, string> = {}): Promise<TestNode> {
    const dataDir = mkdtempSync(path.join(tmpdir(), "rollcall-data-"));
    const config = readConfig({
      PORT: "0",
      DATA_DIR: dataDir,
      REDIS_URL: redis.url,
      SETUP_TOKEN: setupToken,
      LOG_LEVEL: "debug",
      ...options.env,
      ...env,
    });
    const logged: string[] = [];
    const destination = { write: (line: string) => void logged.push(line) };
    const log = createLog({ level: config.logLevel, pretty: false, destination });
    const life = createLifecycle(log);
    const clientFolder = path.resolve(import.meta.dirname, "../../dist/client");
    const started = await startNode({ config, url: redis.url, clientFolder, log, life });
    if (!(await started.core.accounts.isSetUp()))
      await started.core.accounts.offerSetup(setupToken);
    const node: TestNode = {
      ...started,
      logged,
      async stop() {
        await life.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
    nodes.push(node);
    return node;
  }

  for (let count = 0; count < (options.nodes ?? 1); count++) await start();
  return {
    redis,
    nodes,
    address: nodes[0].address,
    setupToken,
    startNode: start,
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await redis.stop();
    },
  };
}
