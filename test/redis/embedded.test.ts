import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createClient } from "redis";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  findEmbeddedRedis,
  openEmbeddedRedis,
  type EmbeddedRedis,
  type EmbeddedRedisOptions,
} from "../../server/redis/embedded.ts";

let dataDir: string;
let opened: EmbeddedRedis[];

beforeEach(async () => {
  dataDir = path.join(await mkdtemp(path.join(tmpdir(), "rollcall-test-")), "data");
  opened = [];
});

afterEach(async () => {
  for (const redis of opened) await redis.stop();
  await rm(path.dirname(dataDir), { recursive: true, force: true });
});

async function open(
  options: Partial<EmbeddedRedisOptions> = {},
): Promise<EmbeddedRedis & { lines: string[] }> {
  const lines: string[] = [];
  const redis = await openEmbeddedRedis({ dataDir, log: (line) => lines.push(line), ...options });
  opened.push(redis);
  return { ...redis, lines };
}

async function ask(url: string, ...command: string[]): Promise<unknown> {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

async function processIdOf(url: string): Promise<number> {
  return Number(/process_id:(\d+)/.exec(String(await ask(url, "INFO", "server")))?.[1]);
}

async function isAlive(processId: number): Promise<boolean> {
  try {
    process.kill(processId, 0);
  } catch {
    return false;
  }
  // Dead, but not yet collected by whoever inherited it.
  const state = await readFile(`/proc/${processId}/stat`, "utf8").catch(() => "");
  return !state.includes(") Z ");
}

interface Owner {
  /** The address of its Redis, or why it refused to start. */
  answer: { url: string } | { refusal: string };
  /** Kills it without a chance to tidy up. */
  crash(): Promise<void>;
}

/** Another Rollcall, as far as the data folder is concerned. */
async function startOwner(): Promise<Owner> {
  const owner = fork(path.join(import.meta.dirname, "../support/embedded-owner.ts"), [dataDir], {
    execArgv: ["--import", "tsx"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [answer] = (await once(owner, "message")) as [Owner["answer"]];
  return {
    answer,
    async crash() {
      const exited = once(owner, "exit");
      owner.kill("SIGKILL");
      await exited;
    },
  };
}

/** The address of a Redis whose owner has crashed. */
async function leaveOneBehind(): Promise<string> {
  const owner = await startOwner();
  await owner.crash();
  if ("refusal" in owner.answer) throw new Error(owner.answer.refusal);
  return owner.answer.url;
}

describe("the embedded Redis", () => {
  test("starts where only this user can reach it, and evicts nothing", async () => {
    const redis = await open();
    expect(redis.adopted).toBe(false);
    expect(await ask(redis.url, "PING")).toBe("PONG");
    expect(await ask(redis.url, "CONFIG", "GET", "maxmemory-policy")).toContain("noeviction");
    expect(await ask(redis.url, "CONFIG", "GET", "port")).toContain("0");
    const socket = redis.url.slice("unix://".length);
    expect(socket.length).toBeLessThan(100);
    const modes = [socket, path.dirname(socket), dataDir].map(
      async (place) => (await stat(place)).mode,
    );
    expect((await Promise.all(modes)).map((mode) => mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
  });

  test("keeps what it holds over a stop and a start", async () => {
    const first = await open();
    await ask(first.url, "SET", "kept", "yes");
    await first.stop();
    await expect(ask(first.url, "PING")).rejects.toThrow();
    const second = await open();
    expect(second.url).toBe(first.url);
    expect(await ask(second.url, "GET", "kept")).toBe("yes");
  });

  test("is found by tools beside the server only while it runs", async () => {
    expect(await findEmbeddedRedis(dataDir)).toBeNull();
    const redis = await open();
    expect(await findEmbeddedRedis(dataDir)).toBe(redis.url);
    await redis.stop();
    expect(await findEmbeddedRedis(dataDir)).toBeNull();
  });

  test("left behind by a crash, is adopted with its data and stopped in the end", async () => {
    const url = await leaveOneBehind();
    await ask(url, "SET", "kept", "yes");
    const processId = await processIdOf(url);
    const redis = await open();
    expect(redis).toMatchObject({ adopted: true, url });
    expect(await processIdOf(url)).toBe(processId);
    expect(await ask(url, "GET", "kept")).toBe("yes");
    await redis.stop();
    expect(await isAlive(processId)).toBe(false);
  });

  test("left behind and frozen, is ended and replaced with its data", async () => {
    const url = await leaveOneBehind();
    await ask(url, "SET", "kept", "yes");
    const processId = await processIdOf(url);
    process.kill(processId, "SIGSTOP");
    const redis = await open();
    expect(redis.adopted).toBe(false);
    expect(await isAlive(processId)).toBe(false);
    expect(await ask(redis.url, "GET", "kept")).toBe("yes");
  });

  test("refuses a second owner of the same data folder and says what to do", async () => {
    const redis = await open();
    const refusal = openEmbeddedRedis({ dataDir, log: () => {} });
    await expect(refusal).rejects.toThrow(`process ${process.pid}`);
    await expect(refusal).rejects.toThrow(/DATA_DIR .* REDIS_URL/);
    expect(await ask(redis.url, "PING")).toBe("PONG");
  });

  test("admits exactly one of several owners that find a crashed one's lock", async () => {
    await leaveOneBehind();
    const owners = await Promise.all([startOwner(), startOwner(), startOwner()]);
    const refused = owners.filter(({ answer }) => "refusal" in answer);
    for (const owner of owners) await owner.crash();
    expect(refused).toHaveLength(2);
    // Takes over once more, so that nothing is left running.
    await open();
  });

  test("comes back with its data when it is killed, and also when an adopted one is", async () => {
    const url = await leaveOneBehind();
    const redis = await open();
    for (const value of ["first", "second"]) {
      await ask(url, "SET", "kept", value);
      const processId = await processIdOf(url);
      process.kill(processId, "SIGKILL");
      await vi.waitFor(async () => expect(await processIdOf(url)).not.toBe(processId), 10_000);
      expect(await ask(url, "GET", "kept")).toBe(value);
    }
    expect(redis.lines.join("\n")).toContain("starting it again");
  });

  test("that cannot be brought back is reported once, after five tries", async () => {
    const redis = await open({ backOff: [1, 1, 1, 1, 1] });
    const given = new Promise<void>((resolve) => redis.onExit(resolve));
    const processId = await processIdOf(redis.url);
    // Nothing can be started in a folder that is a file.
    const redisDir = path.join(dataDir, "redis");
    await rm(redisDir, { recursive: true });
    await writeFile(redisDir, "");
    process.kill(processId, "SIGKILL");
    await given;
    expect(redis.lines.filter((line) => line.includes("did not start"))).toHaveLength(5);
  });
});
