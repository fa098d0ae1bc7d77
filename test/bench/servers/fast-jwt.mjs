// The fastest stateless check: Fastify and fast-jwt, EdDSA, with its cache of verified tokens. It asks nobody,
// and therefore cannot revoke.
import { generateKeyPairSync } from "node:crypto";
import { createSigner, createVerifier } from "fast-jwt";
import Fastify from "fastify";
import { bodyOf, receiveOrder, tellListening } from "./order.mjs";

const { me, verify, sessions } = await receiveOrder();
const { publicKey, privateKey } = generateKeyPairSync("ed25519", {
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const sign = createSigner({ key: privateKey, algorithm: "EdDSA", expiresIn: "1h" });
const check = createVerifier({ key: publicKey, algorithms: ["EdDSA"], cache: 2 * sessions.length });

const app = Fastify();
const claimsOf = (request) => check(request.headers.authorization.slice("Bearer ".length));
app.get("/api/me", (request, reply) =>
  reply.headers(me.headers).send(bodyOf(me, claimsOf(request).sid)),
);
app.get("/verify", (request, reply) =>
  reply.headers(verify.headers).header("X-Rollcall-Session", claimsOf(request).sid).send(""),
);
await app.ready();

const credentials = sessions.map(({ account, sessionId }) => ({
  Authorization: `Bearer ${sign({ sub: account, sid: sessionId })}`,
}));
tellListening(app.server, credentials);
