/**
 * The second composition root: the same domain calls as the server's, straight on Redis, so that running servers
 * act on them at once. It needs no running server: an embedded Redis that is not running is started for as long
 * as the command takes.
 */
import { Command, CommanderError } from "commander";
import { addAccountCommands } from "./cli/accounts.ts";
import { addDoctorCommand } from "./cli/doctor.ts";
import { addKeyCommands } from "./cli/keys.ts";
import { exitCodes, Refusal, type Given } from "./cli/run.ts";
import { addSeedCommand } from "./cli/seed.ts";
import { addSessionCommands } from "./cli/sessions.ts";
import { formatError } from "./cli/words.ts";
import { ConfigError, readConfig, type Config } from "./config.ts";
import { createCore } from "./core.ts";
import { readKeyMaterial } from "./ops/key-file.ts";
import { findEmbeddedRedis, openEmbeddedRedis } from "./redis/embedded.ts";

/** Milliseconds to wait for Redis. */
const patience = 3000;

const program = new Command("npm run cli --")
  .description("Rollcall from the command line: works on Redis, running servers act at once.")
  .helpCommand(false)
  .showHelpAfterError("(--help says more)")
  .exitOverride();
addAccountCommands(program, runWithCore);
addSessionCommands(program, runWithCore);
addKeyCommands(program, runWithCore);
addDoctorCommand(program, runWithCore);
addSeedCommand(program, runWithCore);

// Ended like this, the exit handlers still stop an embedded Redis that is ours.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
// Whoever reads us (`| head`) may stop early.
process.stdout.on("error", () => process.exit(exitCodes.done));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (!(error instanceof CommanderError)) process.stderr.write(`${formatError(error)}\n`);
}

async function runWithCore(command: (given: Given) => Promise<void>): Promise<void> {
  const config = readConfig(process.env);
  const redis = await openRedis(config);
  let trouble = "no answer";
  const log = {
    info: () => {},
    warn: (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
      trouble = typeof fields["error"] === "string" ? fields["error"] : event;
    },
  };
  const count = { ends: () => {}, signIn: () => {} };
  const keyMaterial = readKeyMaterial(config.dataDir, config.tokenKey);
  const core = createCore({ config, url: redis.url, role: "cli", keyMaterial, log, count });
  try {
    const ready = core.connect().then(() => core.ledger.start());
    await within(patience, ready, () => `Redis cannot be reached: ${trouble}`);
    await command({ core, config });
  } finally {
    await core.settled();
    await core.ledger.stop();
    core.close();
    await redis.stop();
  }
}

async function openRedis(config: Config): Promise<{ url: string; stop(): Promise<void> }> {
  const url = config.redisUrl ?? (await findEmbeddedRedis(config.dataDir));
  if (url !== null) return { url, stop: async () => {} };
  return openEmbeddedRedis({ dataDir: config.dataDir, log: () => {} });
}

async function within<T>(
  milliseconds: number,
  work: Promise<T>,
  complaint: () => string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Refusal(complaint())), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Refusal) return error.exitCode;
  if (error instanceof ConfigError) return exitCodes.usage;
  if (!(error instanceof CommanderError)) return exitCodes.refused;
  // Asking for help is no mistake; everything else that commander refuses is one of usage.
  return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
}
