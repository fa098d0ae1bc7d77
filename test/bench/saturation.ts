/**
 * A process of its own that keeps a node busy with GET /api/me until it is told to stop, so that whoever
 * measures meanwhile is not held up by making the load. It says how much it was answered, and how wrongly.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { requestBytes } from "./http-connection.ts";
import { applyLoad, type LoadResult } from "./load.ts";

interface Order {
  address: string;
  cookies: string[];
}

export type Saturation = Omit<LoadResult, "times">;

/** Resolves when the load has begun; call what it answers to end it. */
export async function saturate(order: Order): Promise<() => Promise<Saturation>> {
  const child = fork(fileURLToPath(import.meta.url), { execArgv: ["--import", "tsx"] });
  child.once("exit", (code) => {
    if (code !== 0) throw new Error("the process that makes the load failed");
  });
  child.send(order);
  await once(child, "message");
  return async () => {
    const answered = once(child, "message");
    child.send("stop");
    const [result] = (await answered) as [Saturation];
    child.disconnect();
    return result;
  };
}

async function run(): Promise<void> {
  const [{ address, cookies }] = (await once(process, "message")) as [Order];
  const stop = once(process, "message");
  process.send?.("begun");
  const { times, ...result } = await applyLoad(
    {
      address,
      bytes: cookies.map((cookie) => requestBytes("GET", "/api/me", { Cookie: cookie })),
      isRight: (_, { status, body }) => status === 200 && !body.includes('"session":null'),
    },
    stop,
  );
  void times;
  process.send?.(result);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run();
