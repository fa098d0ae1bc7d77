// The unit of pushing: a node-redis subscriber that passes on what is published, as it is, to its websockets.
import { createServer } from "node:http";
import { createClient } from "redis";
import { WebSocketServer } from "ws";
import { receiveOrder, tellListening } from "./order.mjs";

const { redisUrl, channel } = await receiveOrder();
const redis = createClient({ url: redisUrl });
await redis.connect();
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
await redis.subscribe(channel, (message) => {
  for (const socket of sockets.clients) socket.send(message);
});
tellListening(server, []);
