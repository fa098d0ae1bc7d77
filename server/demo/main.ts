/**
 * `npm run demo`: a server with a first catalogue and a crowd that uses it, to look at. It keeps to itself: a data
 * folder of its own, this machine only, no settings file. The crowd is a process of its own that comes in by HTTP
 * and sockets like everybody; the server does not know it is one.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { ConfigError, readConfig, type Config } from "../config.ts";
import { kindOfAddress } from "../domain/address.ts";
import type { Lifecycle } from "../ops/lifecycle.ts";
import { serve } from "../serve.ts";
import type { CrowdOrder } from "./crowd.ts";
import { furnish } from "./furnish.ts";

const program = new Command("npm run demo --")
  .description("A server with a catalogue and a lively crowd, to look at")
  .option("--people <number>", "how many people there are", readCount, 60)
  .option("--rate <number>", "what they do, in actions a second", readRate, 3)
  .parse();
const { people, rate } = program.opts<{ people: number; rate: number }>();

const config = readDemoConfig();
const { node, home, life } = await serve(config);
const { password, keeper, crowd } = await furnish(node.core, config.dataDir, people);
process.stdout.write(
  [
    "",
    `  Open ${home} and sign in, password ${password}`,
    "    demo      sees and may do everything",
    "    operator  watches sessions and activity, and changes nothing",
    `    ${crowd[0]}       is one of ${people} people; sign in beside them`,
    "",
    `  The crowd does about ${rate} things a second. Its data is in ${config.dataDir}. Ctrl-C stops.`,
    "",
    "",
  ].join("\n"),
);
await startCrowd({ address: node.address, password, keeper, people: crowd, rate }, life);

/** The environment, except for what a demo must not touch. */
function readDemoConfig(): Config {
  try {
    const read = readConfig({
      DATA_DIR: "./data/demo",
      ...process.env,
      REDIS_URL: undefined,
      RATE_LIMITS: "off",
      SIGNUPS: "open",
      // The crowd comes from everywhere: it says from where, as a proxy of ours would.
      TRUST_PROXY: "127.0.0.0/8,::1",
    });
    if (kindOfAddress(read.host === "localhost" ? "127.0.0.1" : read.host) === "loopback")
      return read;
    process.stderr.write("A demo is for this machine alone: HOST must be 127.0.0.1 or ::1.\n");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
  }
  return process.exit(2);
}

async function startCrowd(order: CrowdOrder, owner: Lifecycle): Promise<void> {
  const file = import.meta.url.endsWith(".ts") ? "./crowd-process.ts" : "./crowd-process.js";
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), { serialization: "json" });
  owner.own("the crowd", child, async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  });
  await once(child, "spawn");
  child.send(order);
}

function readCount(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new InvalidArgumentError("It is not a number from 1 to 9999.");
  return Number(text);
}

function readRate(text: string): number {
  const number = Number(text);
  if (!(number > 0 && number <= 1000))
    throw new InvalidArgumentError("It is not a number above 0, up to 1000.");
  return number;
}
