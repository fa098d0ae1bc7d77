/**
 * The redis-server process behind the embedded Redis: where it lives, how one is started, adopted and
 * ended. It gets a process group of its own, because a Ctrl-C in the terminal must not end it before the
 * server has drained; instead it is ended when our process exits. Every question to it has a deadline.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, lstatSync, mkdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { openConnection, type Connection } from "./connect.ts";

export interface RedisPlace {
  dataDir: string;
  /** Holds the append-only file. */
  redisDir: string;
  socketDir: string;
  socket: string;
  pidFile: string;
  url: string;
}

export interface RedisSettings extends RedisPlace {
  appendFsync: "everysec" | "always" | "no";
  log: (line: string) => void;
}

export interface RunningRedis {
  processId: number;
  /** Resolves, with how, when the process is gone. */
  exited: Promise<string>;
}

const late = "no answer in time";
/** Milliseconds for one answer. */
const deadline = 2000;
/** Replaying a long append-only file takes its time. */
const loadingDeadline = 120_000;
const endDeadline = 3000;

/** Null when the data folder does not exist. */
export function redisPlaceOf(dataDir: string): RedisPlace | null {
  let real: string;
  try {
    real = realpathSync(dataDir);
  } catch {
    return null;
  }
  // Short and elsewhere, because a socket's path may have only about a hundred bytes.
  const name = createHash("sha256").update(real).digest("hex").slice(0, 12);
  const socketDir = path.join(realpathSync(tmpdir()), `rollcall-${name}`);
  const socket = path.join(socketDir, "redis.sock");
  const redisDir = path.join(real, "redis");
  const pidFile = path.join(redisDir, "redis.pid");
  return { dataDir: real, redisDir, socketDir, socket, pidFile, url: `unix://${socket}` };
}

export function prepareRedisPlace(dataDir: string): RedisPlace {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const place = redisPlaceOf(dataDir);
  if (!place) throw new Error(`${dataDir} cannot be created.`);
  mkdirSync(place.redisDir, { recursive: true, mode: 0o700 });
  preparePrivateFolder(place.socketDir);
  return place;
}

/** The name can be guessed and the parent is everybody's: somebody may have been there before us. */
function preparePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new Error(`${folder} belongs to somebody else. Set TMPDIR to a folder of your own.`);
  }
  chmodSync(folder, 0o700);
}

export function removeSocketFolder(place: RedisPlace): void {
  rmSync(place.socketDir, { recursive: true, force: true });
}

export async function startRedis(settings: RedisSettings): Promise<RunningRedis> {
  const child = spawn("redis-server", argumentsFor(settings), {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const endWithUs = () => void child.kill("SIGTERM");
  process.once("exit", endWithUs);
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  }).finally(() => process.off("exit", endWithUs));

  const lastLines: string[] = [];
  let isReady = false;
  const ready = new Promise<true>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      lastLines.splice(0, lastLines.length - 4, line);
      // "#" is Redis' mark for a warning; those of the start are about the machine, not about us.
      if (isReady && line.includes(" # ")) settings.log(`Redis: ${line}`);
      if (!/ready to accept connections/i.test(line)) return;
      isReady = true;
      resolve(true);
    });
  });
  child.stderr.resume();
  const outcome = await Promise.race([ready, exited, tooLate(loadingDeadline)]);
  if (outcome === true && child.pid) return { processId: child.pid, exited };
  child.kill("SIGKILL");
  throw new Error([`redis-server did not start: ${outcome}`, ...lastLines].join("\n"));
}

function argumentsFor({ redisDir, socket, pidFile, appendFsync }: RedisSettings): string[] {
  const settings: Record<string, string> = {
    port: "0",
    unixsocket: socket,
    unixsocketperm: "700",
    dir: redisDir,
    pidfile: pidFile,
    appendonly: "yes",
    appendfsync: appendFsync,
    save: "",
    // Evicting could delete what keeps an ended session dead; better to refuse writes.
    "maxmemory-policy": "noeviction",
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** The one that a crash of ours left running, or null. One that does not answer any more is ended. */
export async function adoptRedis(settings: RedisSettings): Promise<RunningRedis | null> {
  const silent = "no answer";
  const folder = await findFolderServedAt(settings).catch(() => silent);
  const processId = findProcessId(settings);
  if (folder === settings.redisDir && processId !== null) {
    await takeOver(settings);
    return { processId, exited: watchAdopted(settings, processId) };
  }
  if (folder !== null && folder !== silent) {
    throw new Error(`The Redis at ${settings.socket} keeps its data in ${folder} and is not ours.`);
  }
  if (processId !== null) {
    settings.log(`Ending a redis-server that does not answer (process ${processId}).`);
    signalProcess(processId, "SIGKILL");
    await waitUntilGone(settings, processId);
  }
  return null;
}

/** The folder that the Redis at this socket keeps its data in; null when nobody listens there. */
export async function findFolderServedAt(place: RedisPlace): Promise<string | null> {
  const reply = await askRedis(place, (call) => call(["CONFIG", "GET", "dir"]));
  return Array.isArray(reply) && typeof reply[1] === "string" ? reply[1] : null;
}

async function takeOver(settings: RedisSettings): Promise<void> {
  await askRedis(settings, async (call) => {
    await call(["CONFIG", "SET", "appendfsync", settings.appendFsync]);
    const giveUpAt = performance.now() + loadingDeadline;
    // It refuses everything else while it replays its file.
    while ((await call(["PING"]).catch(String)) !== "PONG") {
      if (performance.now() > giveUpAt)
        throw new Error("The Redis left behind does not get ready.");
      await wait(50);
    }
  });
}

/** SIGTERM is SHUTDOWN: the append-only file is flushed first. */
export async function endRedis({ processId, exited }: RunningRedis): Promise<void> {
  signalProcess(processId, "SIGTERM");
  const outcome = await Promise.race([exited, tooLate(endDeadline)]);
  if (outcome !== late) return;
  signalProcess(processId, "SIGKILL");
  await exited;
}

/** Not our child, so nobody tells us: an open connection ends with it. */
async function watchAdopted(settings: RedisSettings, processId: number): Promise<string> {
  const endWithUs = () => signalProcess(processId, "SIGTERM");
  process.once("exit", endWithUs);
  const watch = createConnection(settings.socket);
  watch.on("error", () => {});
  watch.resume();
  await new Promise((resolve) => watch.once("close", resolve));
  await waitUntilGone(settings, processId);
  process.off("exit", endWithUs);
  return "connection closed";
}

async function waitUntilGone(place: RedisPlace, processId: number): Promise<string> {
  while (isRedisAt(place.socket, processId)) await wait(20);
  return "gone";
}

function findProcessId(place: RedisPlace): number | null {
  try {
    const processId = Number(readFileSync(place.pidFile, "utf8"));
    return isRedisAt(place.socket, processId) ? processId : null;
  } catch {
    return null;
  }
}

/** Redis shows its socket in its title; a recycled process id does not, nor does a dead process. */
function isRedisAt(socket: string, processId: number): boolean {
  try {
    const title =
      process.platform === "linux"
        ? readFileSync(`/proc/${processId}/cmdline`, "utf8")
        : execFileSync("ps", ["-o", "args=", "-p", String(processId)], { encoding: "utf8" });
    return title.includes(socket);
  } catch {
    return false;
  }
}

function signalProcess(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(processId, signal);
  } catch {
    // It was gone already.
  }
}

async function askRedis<Answer>(
  place: RedisPlace,
  ask: (call: Connection["call"]) => Promise<Answer>,
): Promise<Answer | null> {
  if (!(await isListening(place.socket))) return null;
  const log = { warn: () => {}, info: () => {} };
  const connection = openConnection({ url: place.url, name: "embedded", deadline, log });
  try {
    const outcome = await Promise.race([connection.ready(), tooLate(deadline)]);
    if (outcome === late) throw new Error(`The Redis at ${place.socket} does not answer.`);
    return await ask(connection.call);
  } finally {
    connection.close();
  }
}

async function isListening(socket: string): Promise<boolean> {
  const probe = createConnection(socket);
  try {
    await once(probe, "connect");
    return true;
  } catch {
    return false;
  } finally {
    probe.destroy();
  }
}

const tooLate = (milliseconds: number): Promise<typeof late> =>
  wait(milliseconds, late, { ref: false });
