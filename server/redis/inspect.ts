/** Whether a Redis is set up so that the promise can hold, and how many replicas it has. */
import type { Connection } from "./connect.ts";

export interface Inspection {
  /** In words; empty when all is well. */
  problems: string[];
  version: string;
  replicas: number;
  /** Whether it writes an append-only file. */
  isAppendOnly: boolean;
  /** Memory in use. */
  bytes: number;
}

const oldest = 7;

export async function inspectRedis(connection: Connection): Promise<Inspection> {
  const server = fieldsOf(await connection.call(["INFO", "server"]));
  const memory = fieldsOf(await connection.call(["INFO", "memory"]));
  const replication = fieldsOf(await connection.call(["INFO", "replication"]));
  const persistence = fieldsOf(await connection.call(["INFO", "persistence"]));
  const problems: string[] = [];
  const version = server.get("redis_version") ?? "unknown";
  if (!(Number.parseInt(version) >= oldest))
    problems.push(`Redis ${version} is too old: ${oldest}.0 or newer is needed`);
  const policy = memory.get("maxmemory_policy") ?? "unknown";
  if (policy !== "noeviction")
    problems.push(`Redis may evict sessions (maxmemory-policy ${policy}): set it to noeviction`);
  if (replication.get("role") === "slave")
    problems.push("this Redis is a replica: use its primary");
  return {
    problems,
    version,
    replicas: Number(replication.get("connected_slaves") ?? 0),
    isAppendOnly: persistence.get("aof_enabled") === "1",
    bytes: Number(memory.get("used_memory") ?? 0),
  };
}

const fieldsOf = (info: unknown): Map<string, string> =>
  new Map(
    String(info)
      .split("\r\n")
      .flatMap((line) => {
        const colon = line.indexOf(":");
        return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
      }),
  );
