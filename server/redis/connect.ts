/**
 * One connection to Redis whose every call ends within a deadline. node-redis' own timeout does not cover
 * commands already written to the socket, so a frozen server or a half-open link would hang a caller for
 * ever; here the caller is refused and the connection is replaced. It never gives up reconnecting, and it
 * queues nothing while it is down: a command either goes out now or fails now.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createClient, type RedisClientType } from "redis";
import type { Report } from "../domain/report.ts";
import { DomainError } from "../../shared/errors.ts";

export type Reply = string | number | null | Reply[];
type Client = RedisClientType<
  Record<string, never>,
  Record<string, never>,
  Record<string, never>,
  2,
  Record<string, never>
>;

export interface ConnectOptions {
  url: string;
  /** What CLIENT LIST and the log call it. */
  name: string;
  /** Milliseconds a call may take unless it says otherwise. */
  deadline: number;
  log: Report;
}

export interface ScriptRun {
  keys: readonly string[];
  args: readonly (string | number)[];
}

export interface Connection {
  /** Resolves with Redis' answer; rejects with DomainError `unavailable`, or with Redis' own error reply. */
  call(command: readonly string[], deadline?: number): Promise<Reply>;
  /** Run a named script of ./scripts. */
  run(
    script: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    deadline?: number,
  ): Promise<Reply>;
  /** Run one script many times, sent together, under one deadline. */
  runAll(script: string, runs: readonly ScriptRun[]): Promise<void>;
  /** Resolves when connected for the first time. */
  ready(): Promise<void>;
  isReady(): boolean;
  /** Resolves when no call is under way any more, nor one that the last answer caused. */
  settled(): Promise<void>;
  /** For libraries that speak node-redis themselves. */
  client(): Client;
  close(): void;
}

interface Script {
  hash: string;
  text: string;
}

const scripts = readScripts(new URL("./scripts/", import.meta.url));

export function openConnection(options: ConnectOptions): Connection {
  let closed = false;
  let complained = false;
  let underWay = 0;
  let client = start();
  let firstReady: () => void;
  const ready = new Promise<void>((resolve) => (firstReady = resolve));

  function start(): Client {
    const next = createClient({
      url: options.url,
      name: `rollcall-${options.name}`,
      RESP: 2,
      disableOfflineQueue: true,
      maintNotifications: "disabled",
      // Zero: no AbortSignal per command; the deadline below covers the whole life of a call instead.
      commandOptions: { timeout: 0 },
      socket: {
        connectTimeout: 2000,
        reconnectStrategy: (tries: number) =>
          Math.min(25 * 2 ** Math.min(tries, 6), 1000) * (0.5 + Math.random() / 2),
      },
    }) as unknown as Client;
    next.on("error", (error: Error) => {
      if (closed || complained) return;
      complained = true;
      options.log.warn("Redis is unreachable; trying again", {
        connection: options.name,
        error: error.message,
      });
    });
    // A link that swallows everything takes connections too, and the greeting would be waited for for ever.
    let greeting: NodeJS.Timeout | undefined;
    next.on("connect", () => {
      clearTimeout(greeting);
      greeting = setTimeout(() => replace(next), options.deadline).unref();
    });
    next.on("error", () => clearTimeout(greeting));
    next.on("ready", () => {
      clearTimeout(greeting);
      if (complained) options.log.info("Redis is back", { connection: options.name });
      complained = false;
      // First on the wire after each connect, so that EVALSHA finds them also after a restart of Redis.
      for (const { text } of scripts.values())
        next.sendCommand(["SCRIPT", "LOAD", text]).catch(() => {});
      firstReady();
    });
    next.connect().catch(() => {});
    return next;
  }

  function replace(broken: Client): void {
    if (closed || broken !== client) return;
    client = start();
    broken.destroy();
  }

  /** Whatever is asked of the client ends within the deadline, and a client that let it pass is replaced. */
  async function bounded<T>(ask: (used: Client) => Promise<T>, deadline: number): Promise<T> {
    const used = client;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(unavailable());
        replace(used);
      }, deadline);
    });
    underWay++;
    try {
      return await Promise.race([ask(used), late]);
    } catch (error) {
      throw isRefusalByRedis(error) ? error : unavailable(error);
    } finally {
      clearTimeout(timer);
      underWay--;
    }
  }

  const call = (command: readonly string[], deadline = options.deadline): Promise<Reply> =>
    bounded((used) => used.sendCommand([...command]) as unknown as Promise<Reply>, deadline);

  async function run(
    name: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    deadline?: number,
  ): Promise<Reply> {
    const script = scriptOf(name);
    const rest = [String(keys.length), ...keys, ...args.map(String)];
    try {
      return await call(["EVALSHA", script.hash, ...rest], deadline);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return call(["EVAL", script.text, ...rest], deadline);
    }
  }

  async function runAll(name: string, runs: readonly ScriptRun[]): Promise<void> {
    const { hash } = scriptOf(name);
    const send = (used: Client) =>
      Promise.all(
        runs.map(({ keys, args }) =>
          used.sendCommand(["EVALSHA", hash, String(keys.length), ...keys, ...args.map(String)]),
        ),
      );
    try {
      await bounded(send, options.deadline);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      await Promise.all(runs.map(({ keys, args }) => run(name, keys, args)));
    }
  }

  return {
    call,
    run,
    runAll,
    ready: () => ready,
    isReady: () => client.isReady,
    client: () => client,
    async settled() {
      while (underWay > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    close() {
      closed = true;
      client.destroy();
    },
  };
}

function scriptOf(name: string): Script {
  const script = scripts.get(name);
  if (!script) throw new Error(`no script ${name}`);
  return script;
}

const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("NOSCRIPT");

const unavailable = (cause?: unknown): DomainError => {
  const error = new DomainError("unavailable", { retryAfterSeconds: 1 });
  error.cause = cause;
  return error;
};

/** An error reply means the command reached a working Redis; being short of memory or read-only is not that. */
const isRefusalByRedis = (error: unknown): boolean =>
  error instanceof Error && /^(NOSCRIPT|ERR|WRONGTYPE|NOGROUP|BUSYGROUP)/.test(error.message);

/** prelude.lua goes before every script, another prelude before those that use a function it defines. */
function readScripts(folder: URL): Map<string, Script> {
  const read = (file: string) => readFileSync(new URL(file, folder), "utf8");
  const files = readdirSync(folder).filter((file) => file.endsWith(".lua"));
  const isPrelude = (file: string): boolean => file.endsWith("prelude.lua");
  const preludes = files.filter((file) => isPrelude(file) && file !== "prelude.lua").map(read);
  return new Map(
    files
      .filter((file) => !isPrelude(file))
      .map((file) => {
        const body = read(file);
        const used = preludes.filter((prelude) => definesWhatIsIn(prelude, body));
        const text = [read("prelude.lua"), ...used, body].join("\n");
        return [file.slice(0, -4), { text, hash: createHash("sha1").update(text).digest("hex") }];
      }),
  );
}

function definesWhatIsIn(prelude: string, body: string): boolean {
  const names = [...prelude.matchAll(/^local function (\w+)/gm)].map(([, name]) => name);
  return names.some((name) => body.includes(`${name}(`));
}
