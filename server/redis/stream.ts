/** Where a stream ends now: whoever reads on from this id misses nothing that comes later. */
import type { Connection } from "./connect.ts";

export async function readLastId(connection: Connection, key: string): Promise<string> {
  const [last] = (await connection.call(["XREVRANGE", key, "+", "-", "COUNT", "1"])) as [
    id: string,
    fields: string[],
  ][];
  return last?.[0] ?? "0-0";
}
