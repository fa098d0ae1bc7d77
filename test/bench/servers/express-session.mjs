// express-session over connect-redis, as their READMEs have it: Redis on each request, twice (its touch).
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { RedisStore } from "connect-redis";
import { sign } from "cookie-signature";
import express from "express";
import session from "express-session";
import { createClient } from "redis";
import { bodyOf, receiveOrder, tellListening } from "./order.mjs";

const { me, redisUrl, sessions } = await receiveOrder();
const redis = createClient({ url: redisUrl });
await redis.connect();

const secret = randomUUID();
const maxAge = 24 * 60 * 60 * 1000;
const store = new RedisStore({ client: redis, prefix: "express:" });
const app = express();
// It would hash every body; the others do not.
app.disable("etag");
app.disable("x-powered-by");
app.use(session({ store, secret, resave: false, saveUninitialized: false, cookie: { maxAge } }));
app.get("/api/me", (request, response) => {
  const { sessionId } = request.session;
  if (!sessionId) return response.status(401).end();
  response.set(me.headers).send(bodyOf(me, sessionId));
});

const credentials = await Promise.all(
  sessions.map(async ({ account, sessionId }) => {
    const id = randomUUID();
    const cookie = { originalMaxAge: maxAge, expires: new Date(Date.now() + maxAge), path: "/" };
    await store.set(id, { cookie, account, sessionId });
    return { Cookie: `connect.sid=${encodeURIComponent(`s:${sign(id, secret)}`)}` };
  }),
);
tellListening(createServer(app), credentials);
