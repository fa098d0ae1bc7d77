/** The server: reads the configuration, finds or starts Redis, starts a node, stops cleanly. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readConfig, type Config } from "./config.ts";
import { startNode } from "./node.ts";
import { createLifecycle } from "./ops/lifecycle.ts";
import { createLog } from "./ops/log.ts";
import { openEmbeddedRedis } from "./redis/embedded.ts";

const config = readConfigOrExit();
const log = createLog({ level: config.logLevel, pretty: process.stdout.isTTY });
const life = createLifecycle(log);
life.catchStrays();
life.stopOn("SIGTERM", "SIGINT");

const url = config.redisUrl ?? (await startEmbeddedRedis());
const { address, core } = await startNode({ config, url, clientFolder: builtClient(), log, life });
const home = config.publicUrl ?? address;
log.info(`Rollcall is ready at ${home}`);
if (!(await core.accounts.isSetUp())) await offerSetup();

async function startEmbeddedRedis(): Promise<string> {
  const redis = await openEmbeddedRedis({ dataDir: config.dataDir, log: (line) => log.info(line) });
  life.own("Redis", redis, (owned) => owned.stop());
  redis.onExit(() => {
    log.error("Redis does not stay up; stopping");
    process.kill(process.pid, "SIGTERM");
  });
  return redis.url;
}

async function offerSetup(): Promise<void> {
  const token = config.setupToken ?? randomBytes(24).toString("base64url");
  await core.accounts.offerSetup(token);
  // Straight to the terminal: the log cuts out whatever looks like a token.
  process.stdout.write(
    `\n  Create the first admin (this link works once):\n  ${home}/setup#${token}\n\n`,
  );
}

/** Beside us in dist; seen from the sources, in dist too. */
function builtClient(): string {
  const built = import.meta.url.endsWith(".ts") ? "../dist/client" : "../client";
  return fileURLToPath(new URL(built, import.meta.url));
}

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env, (path) => readFileSync(path, "utf8"));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}
