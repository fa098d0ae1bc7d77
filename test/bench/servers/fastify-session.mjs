// @fastify/session over connect-redis: Redis on each request. Without `rolling`, which would write to Redis
// and send a new cookie with every reply.
import { randomUUID } from "node:crypto";
import fastifyCookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import { RedisStore } from "connect-redis";
import Fastify from "fastify";
import { createClient } from "redis";
import { bodyOf, receiveOrder, tellListening } from "./order.mjs";

const { me, redisUrl, sessions } = await receiveOrder();
const redis = createClient({ url: redisUrl });
await redis.connect();

const secret = randomUUID() + randomUUID();
const maxAge = 24 * 60 * 60 * 1000;
const store = new RedisStore({ client: redis, prefix: "fastify:" });
const app = Fastify();
await app.register(fastifyCookie);
await app.register(fastifySession, {
  secret,
  store,
  rolling: false,
  saveUninitialized: false,
  cookie: { secure: false, maxAge },
});
app.get("/api/me", (request, reply) => {
  const sessionId = request.session.get("session");
  if (!sessionId) return reply.code(401).send();
  return reply.headers(me.headers).send(bodyOf(me, sessionId));
});
await app.ready();

const signer = new fastifyCookie.Signer(secret);
const credentials = await Promise.all(
  sessions.map(async ({ account, sessionId }) => {
    const id = randomUUID();
    const cookie = { originalMaxAge: maxAge, expires: new Date(Date.now() + maxAge), path: "/" };
    await store.set(id, { cookie, account, session: sessionId });
    return { Cookie: `sessionId=${encodeURIComponent(signer.sign(id))}` };
  }),
);
tellListening(app.server, credentials);
