/** What every server does that is started by hand: a log, an orderly end, Redis, and a node on it. */
import { fileURLToPath } from "node:url";
import type { Config } from "./config.ts";
import { startNode, type Node } from "./node.ts";
import { createLifecycle, type Lifecycle } from "./ops/lifecycle.ts";
import { createLog, type Log } from "./ops/log.ts";
import { openEmbeddedRedis } from "./redis/embedded.ts";

export interface Serving {
  node: Node;
  log: Log;
  life: Lifecycle;
  /** Where people open it. */
  home: string;
}

export async function serve(config: Config): Promise<Serving> {
  const log = createLog({ level: config.logLevel, pretty: process.stdout.isTTY });
  const life = createLifecycle(log);
  life.catchStrays();
  life.stopOn("SIGTERM", "SIGINT");
  const url = config.redisUrl ?? (await startEmbeddedRedis(config, log, life));
  const node = await startNode({ config, url, clientFolder: builtClient(), log, life });
  const home = config.publicUrl ?? node.address;
  log.info(`Rollcall is ready at ${home}`);
  return { node, log, life, home };
}

async function startEmbeddedRedis(config: Config, log: Log, life: Lifecycle): Promise<string> {
  const redis = await openEmbeddedRedis({ dataDir: config.dataDir, log: (line) => log.info(line) });
  life.own("Redis", redis, (owned) => owned.stop());
  redis.onExit(() => {
    log.error("Redis does not stay up; stopping");
    process.kill(process.pid, "SIGTERM");
  });
  return redis.url;
}

/** Beside us in dist; seen from the sources, in dist too. */
function builtClient(): string {
  const built = import.meta.url.endsWith(".ts") ? "../dist/client" : "../client";
  return fileURLToPath(new URL(built, import.meta.url));
}
