/**
 * One way to start the whole server in a test: real nodes in this process, on a real Redis of their own, each on
 * a free port. Everything is stopped by `stop`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClient } from "redis";
import type { Permission } from "../../shared/contract/accounts.ts";
import type { AccountId } from "../../shared/ids.ts";
import { readConfig } from "../../server/config.ts";
import { createPasswords } from "../../server/domain/passwords.ts";
import { newAccountId } from "../../server/domain/sessions.ts";
import { startNode, type Node } from "../../server/node.ts";
import { createLifecycle } from "../../server/ops/lifecycle.ts";
import { createLog } from "../../server/ops/log.ts";
import { goodPassword } from "./client.ts";
import { startRedis, type TestRedis } from "./redis.ts";

export interface TestNode extends Node {
  /** Lines this node has logged, as JSON. */
  logged: string[];
  stop(): Promise<void>;
}

export interface TestAccount {
  id: AccountId;
  username: string;
}

export interface TestServer {
  redis: TestRedis;
  nodes: TestNode[];
  /** Of the first node. */
  readonly address: string;
  setupToken: string;
  /** Give `logged` to read its lines while it is still starting. */
  startNode(env?: Record<string, string>, logged?: string[]): Promise<TestNode>;
  /** A new account with the tests' password, made beside HTTP to save hashing that password each time. */
  createAccount(permissions?: Permission[]): Promise<TestAccount>;
  /** One command, straight to Redis. */
  command(...command: string[]): Promise<unknown>;
  /** Every key of Redis with all that it holds, as text. */
  readRedis(): Promise<Map<string, string>>;
  stop(): Promise<void>;
}

const builtClient = path.resolve(import.meta.dirname, "../../dist/client");

export const setupToken = "setup-token-of-the-tests";

export async function startServer(
  options: {
    nodes?: number;
    env?: Record<string, string>;
    redisArgs?: string[];
    clientFolder?: string;
  } = {},
): Promise<TestServer> {
  const redis = await startRedis({
    args: options.redisArgs ?? ["--maxmemory-policy", "noeviction"],
  });
  const nodes: TestNode[] = [];

  async function start(env: Record<string, string> = {}, logged: string[] = []): Promise<TestNode> {
    const dataDir = mkdtempSync(path.join(tmpdir(), "rollcall-data-"));
    const config = readConfig({
      PORT: "0",
      DATA_DIR: dataDir,
      REDIS_URL: redis.url,
      SETUP_TOKEN: setupToken,
      TOKEN_KEY: "key-material-that-all-nodes-of-a-test-share",
      LOG_LEVEL: "debug",
      ...options.env,
      ...env,
    });
    const destination = { write: (line: string) => void logged.push(line) };
    const log = createLog({ level: config.logLevel, pretty: false, destination });
    const life = createLifecycle(log);
    const clientFolder = options.clientFolder ?? builtClient;
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
  const inspection = openInspection(redis.url);
  let accounts = 0;
  return {
    redis,
    nodes,
    get address() {
      return nodes[0].address;
    },
    setupToken,
    startNode: start,
    async createAccount(permissions = []) {
      passwordHash ??= createPasswords({ parallel: 1, queue: 0 }).hash(goodPassword);
      const account = { id: newAccountId(), username: `person-${++accounts}` };
      const fields = { username: account.username, passwordHash: await passwordHash, permissions };
      await nodes[0].core.accountStore.create(account.id, account.username, fields);
      return account;
    },
    ...inspection,
    async stop() {
      inspection.close();
      await Promise.all(nodes.map((node) => node.stop()));
      await redis.stop();
    },
  };
}

let passwordHash: Promise<string> | undefined;

function openInspection(url: string) {
  const client = createClient({ url, RESP: 2 });
  client.on("error", () => {});
  const connected = client.connect();
  connected.catch(() => {});

  async function command(...words: string[]): Promise<unknown> {
    await connected;
    return client.sendCommand(words);
  }

  const reading: Record<string, (key: string) => string[]> = {
    string: (key) => ["GET", key],
    hash: (key) => ["HGETALL", key],
    list: (key) => ["LRANGE", key, "0", "-1"],
    set: (key) => ["SMEMBERS", key],
    zset: (key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
    stream: (key) => ["XRANGE", key, "-", "+"],
  };

  return {
    command,
    async readRedis(): Promise<Map<string, string>> {
      const found = new Map<string, string>();
      for (const key of (await command("KEYS", "*")) as string[]) {
        const type = String(await command("TYPE", key));
        // Gone between the two commands.
        if (type === "none") continue;
        found.set(key, JSON.stringify(await command(...reading[type](key))));
      }
      return found;
    },
    close: () => client.destroy(),
  };
}
