/** The crowd's own process: told by its parent whom to visit, gone when its parent is. */
import { once } from "node:events";
import { createCrowd, type CrowdOrder } from "./crowd.ts";

process.once("disconnect", () => process.exit());
// The terminal's Ctrl-C reaches the whole group; the server goes first, and takes its crowd along.
process.on("SIGINT", () => {});

const [order] = (await once(process, "message")) as [CrowdOrder];
await createCrowd(order).run();
