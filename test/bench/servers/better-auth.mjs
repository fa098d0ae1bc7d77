// better-auth with Redis as its secondary storage and without its cookie cache (which cannot be revoked):
// Redis on each request. Answered from node:http itself, so that no framework slows it.
import { createHmac, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { createClient } from "redis";
import { bodyOf, receiveOrder, tellListening } from "./order.mjs";

const { me, redisUrl, sessions } = await receiveOrder();
const redis = createClient({ url: redisUrl });
await redis.connect();

const secret = randomUUID() + randomUUID();
const tables = { user: [], session: [], account: [], verification: [] };
const auth = betterAuth({
  secret,
  baseURL: "http://127.0.0.1",
  database: memoryAdapter(tables),
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  secondaryStorage: {
    get: (key) => redis.get(`better:${key}`),
    set: (key, value, ttl) => redis.set(`better:${key}`, value, ttl ? { EX: ttl } : undefined),
    delete: async (key) => void (await redis.del(`better:${key}`)),
  },
});
const { internalAdapter } = await auth.$context;

const server = createServer(async (request, response) => {
  const headers = new Headers({ cookie: request.headers.cookie ?? "" });
  const found = await auth.api.getSession({ headers });
  if (!found) return void response.writeHead(401, { "Content-Length": 0 }).end();
  // The user's name is the session's id of ours, so that the reply proves which session was found.
  const body = bodyOf(me, found.user.name);
  response.writeHead(200, { ...me.headers, "Content-Length": Buffer.byteLength(body) }).end(body);
});

const credentials = [];
for (const { sessionId } of sessions) {
  const email = `${sessionId}@example.com`;
  const user = await internalAdapter.createUser({ email, name: sessionId, emailVerified: true });
  const { token } = await internalAdapter.createSession(user.id);
  const signature = createHmac("sha256", secret).update(token).digest("base64");
  const value = encodeURIComponent(`${token}.${signature}`);
  credentials.push({ Cookie: `better-auth.session_token=${value}` });
}
tellListening(server, credentials);
