/** A process of its own that owns a data folder and its embedded Redis until it is killed. */
import { openEmbeddedRedis } from "../../server/redis/embedded.ts";

const [dataDir] = process.argv.slice(2);
if (!dataDir || !process.send) throw new Error("To be forked with a data folder.");
try {
  const { url } = await openEmbeddedRedis({ dataDir, log: console.error });
  process.send({ url });
} catch (error) {
  process.send({ refusal: String(error) });
}
// A refused one stays as well: who forked it ends it.
setInterval(() => {}, 60_000);
