/** Where the units of a resource are, read in one step, so that nothing can move in between. */
import type { Connection } from "../../server/redis/connect.ts";
import * as keys from "../../server/redis/keys.ts";
import type { ResourceId } from "../../shared/ids.ts";

export interface Figures {
  added: number;
  stock: number;
  held: number;
  delivered: number;
  withdrawn: number;
}

export interface UnitSample {
  figures: Figures;
  /** The units that anybody could reserve, in the order they are handed out. */
  listed: string[];
}

const sampling = `
  local listed = {}
  local function add(batch)
    for _, unit in ipairs(redis.call('LRANGE', ARGV[1] .. batch, 0, -1)) do
      listed[#listed + 1] = unit
    end
  end
  for _, batch in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do add(batch) end
  add('returned')
  return { redis.call('HMGET', KEYS[1], 'a', 's', 'o', 'v', 'z'), listed }`;

export async function sampleUnits(
  { call }: Pick<Connection, "call">,
  id: ResourceId,
): Promise<UnitSample> {
  const places = ["2", keys.resource(id), keys.batches(id), keys.unitsPrefix(id)];
  const reply = await call(["EVAL", sampling, ...places]);
  const [counts, listed] = reply as [string[], string[]];
  const [added, stock, held, delivered, withdrawn] = counts.map(Number);
  return { figures: { added, stock, held, delivered, withdrawn }, listed };
}
