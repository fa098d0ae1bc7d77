// koa-session as its README has it (signed cookie), over a plain node-redis store: Redis on each request.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import Keygrip from "keygrip";
import Koa from "koa";
import session from "koa-session";
import { createClient } from "redis";
import { bodyOf, receiveOrder, tellListening } from "./order.mjs";

const { me, redisUrl, sessions } = await receiveOrder();
const redis = createClient({ url: redisUrl });
await redis.connect();

const day = 24 * 60 * 60 * 1000;
const app = new Koa();
app.keys = [randomUUID()];
const store = {
  get: async (key) => JSON.parse(await redis.get(`koa:${key}`)),
  set: (key, value, maxAge) => redis.set(`koa:${key}`, JSON.stringify(value), { PX: maxAge }),
  destroy: (key) => redis.del(`koa:${key}`),
};
app.use(session({ key: "koa.sess", maxAge: day, store }, app));
app.use((ctx) => {
  const { sessionId } = ctx.session;
  if (!sessionId) return ctx.throw(401);
  ctx.set(me.headers);
  ctx.body = bodyOf(me, sessionId);
});

const keygrip = new Keygrip(app.keys);
const credentials = await Promise.all(
  sessions.map(async ({ account, sessionId }) => {
    const key = randomUUID();
    await store.set(key, { account, sessionId, _expire: Date.now() + day, _maxAge: day }, day);
    const cookie = `koa.sess=${key}`;
    return { Cookie: `${cookie}; koa.sess.sig=${keygrip.sign(cookie)}` };
  }),
);
tellListening(createServer(app.callback()), credentials);
