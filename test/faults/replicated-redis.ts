/**
 * A Redis that may have a replica, and what a failover makes of the two: the primary dies, the replica becomes the
 * primary and gets a replica of its own. Without a replica it is the one Redis and nothing more.
 */
import { createServer, type AddressInfo } from "node:net";
import { createClient } from "redis";
import { eventually } from "../support/client.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";

export type ReplicatedRedis = Awaited<ReturnType<typeof startReplicated>>;

const noeviction = ["--maxmemory-policy", "noeviction"];

export async function startReplicated(args: readonly string[], isReplicated: boolean) {
  const started: TestRedis[] = [];

  async function start(replicaOf: number | null): Promise<TestRedis & { port: number }> {
    // Replicas find their primary by its port; nodes come by the socket.
    const port = isReplicated ? await findFreePort() : 0;
    const role = replicaOf === null ? [] : ["--replicaof", "127.0.0.1", String(replicaOf)];
    const own = await startRedis({
      args: [
        ...noeviction,
        ...args,
        "--port",
        String(port),
        "--repl-diskless-sync-delay",
        "0",
        ...role,
      ],
    });
    started.push(own);
    return Object.assign(own, { port });
  }

  /** Resolves when the replica holds all that its primary had. */
  async function startReplica(primary: { port: number }): Promise<TestRedis & { port: number }> {
    const replica = await start(primary.port);
    await eventually(async () =>
      /master_link_status:up/.test(String(await tell(replica, "INFO", "replication"))),
    );
    return replica;
  }

  let primary = await start(null);
  let replica = isReplicated ? await startReplica(primary) : null;

  return {
    get pid() {
      return primary.pid;
    },
    socketPath: (): string => primary.url.slice("unix://".length),
    pause: (): void => primary.pause(),
    resume: (): void => primary.resume(),
    kill: (): void => primary.kill(),
    restart: (): Promise<void> => primary.restart(),

    /** The replica stays connected and answers nothing. */
    pauseReplica: (): void => replica?.pause(),
    resumeReplica: (): void => replica?.resume(),

    async failOver(): Promise<void> {
      if (replica === null) throw new Error("there is no replica to take over");
      primary.kill();
      await tell(replica, "REPLICAOF", "NO", "ONE");
      primary = replica;
      replica = await startReplica(primary);
    },

    async stop(): Promise<void> {
      await Promise.all(started.map((one) => one.stop()));
    },
  };
}

async function tell({ url }: TestRedis, ...words: string[]): Promise<unknown> {
  const client = createClient({ url, RESP: 2 });
  await client.connect();
  const reply: unknown = await client.sendCommand(words);
  client.destroy();
  return reply;
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
