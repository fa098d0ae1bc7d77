// The keys that sign: made once for all nodes, rotated with an overlap, sealed, and of no use to whoever reads Redis.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSeal } from "../../server/domain/seal.ts";
import { createSigningKeys, type StoredKey } from "../../server/domain/signing-keys.ts";
import { readKeyMaterial } from "../../server/ops/key-file.ts";
import { signingKeys as signingKeysKey } from "../../server/redis/keys.ts";
import { createBrowser } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { bearer, openApp, redeem } from "./holders.ts";

const minute = 60_000;
const day = 24 * 60 * minute;
const ttl = 5 * minute;
const material = "key material that all nodes of this test share";

describe("two nodes that share a Redis", () => {
  let stored: Map<string, StoredKey>;
  let looks = 0;
  let now = 0;

  const openNode = async (keyMaterial = material) => {
    const keys = createSigningKeys({
      store: {
        list: async () => {
          looks++;
          return [...stored.values()];
        },
        add: async (key) => void stored.set(key.kid, key),
        remove: async (kids) => {
          for (const kid of kids) stored.delete(kid);
        },
      },
      seal: createSeal(keyMaterial),
      redisNow: () => now,
      signedLife: ttl,
    });
    await keys.load();
    return keys;
  };

  beforeEach(() => {
    stored = new Map();
    now = 1_000_000;
    looks = 0;
  });

  test("sign with one key, which the first of them made", async () => {
    const [one, other] = [await openNode(), await openNode()];
    expect(other.current().kid).toBe(one.current().kid);
    expect(one.published()).toEqual(other.published());
    expect(one.published().keys).toMatchObject([
      { kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig" },
    ]);
    expect(JSON.stringify(one.published())).not.toContain('"d"');
  });

  test("publish a new key at once, sign with it when both know it, and keep the old one until nothing of it lives", async () => {
    const [one, other] = [await openNode(), await openNode()];
    const old = one.current().kid;
    now += day;
    const young = await one.rotate();
    expect(one.published().keys.map(({ kid }) => kid)).toEqual([young, old]);
    expect(one.current().kid).toBe(old);
    // Each node looks once a minute; the one that did not rotate learns of it before anybody signs with it.
    now += one.refreshEvery;
    await other.load();
    expect(other.published()).toEqual(one.published());
    now += one.refreshEvery;
    expect([one.current().kid, other.current().kid]).toEqual([old, old]);
    const lastSigned = now;
    now += 1;
    expect([one.current().kid, other.current().kid]).toEqual([young, young]);
    now = lastSigned + ttl;
    await one.load();
    expect(await one.find(old)).not.toBeNull();
    now = lastSigned + ttl + 1;
    await one.load();
    expect(one.published().keys.map(({ kid }) => kid)).toEqual([young]);
    expect([...stored.keys()]).toEqual([young]);
  });

  test("rotate by themselves when a key has signed for a month", async () => {
    const node = await openNode();
    const old = node.current().kid;
    now += 30 * day;
    await node.load();
    expect(stored.size).toBe(1);
    now += 1;
    await node.load();
    expect(stored.size).toBe(2);
    expect(node.current().kid).toBe(old);
  });

  test("learn of a key that the other has just made by being shown it", async () => {
    const [one, other] = [await openNode(), await openNode()];
    const young = await one.rotate();
    expect(await other.find(young)).not.toBeNull();
  });

  test("look once for a name they do not know, however often it is asked", async () => {
    const node = await openNode();
    looks = 0;
    const startedAt = performance.now();
    for (let at = 0; at < 1000; at++) expect(await node.find(`invented-${at}`)).toBeNull();
    expect(looks).toBeLessThanOrEqual(1 + Math.floor((performance.now() - startedAt) / 1000));
  });

  test("refuse keys that were sealed under other key material, and seal anew what Redis could have swapped", async () => {
    await openNode();
    const refusal = /sealed under other key material: give all nodes the same TOKEN_KEY/;
    await expect(openNode("the key material of another deployment")).rejects.toThrow(refusal);
    const [key] = [...stored.values()];
    // Somebody who can write to Redis gives a key the private part of another.
    stored.set("other", { ...key, kid: "other" });
    await expect(openNode()).rejects.toThrow(refusal);
  });
});

describe("a deployment of two servers", () => {
  let server: TestServer;
  const environment = { RATE_LIMITS: "off" };
  beforeAll(async () => {
    server = await startServer({ nodes: 2, env: environment });
  });
  afterAll(() => server.stop());

  const kidOf = (token: string) => decodeProtectedHeader(token).kid;
  const published = async (at: number): Promise<string[]> => {
    const { body } = await createBrowser(server.nodes[at].address).get("/.well-known/jwks.json");
    return body.keys.map(({ kid }: { kid: string }) => kid);
  };

  async function makeOlder(kid: string, by: number): Promise<void> {
    const key = JSON.parse(String(await server.command("HGET", signingKeysKey, kid))) as StoredKey;
    const older = { ...key, createdAt: key.createdAt - by };
    await server.command("HSET", signingKeysKey, kid, JSON.stringify(older));
  }

  test("rotates without anybody noticing: old tokens stay good, new ones are signed by the new key", async () => {
    const [old] = await published(0);
    expect(await published(1)).toEqual([old]);
    const { username } = await server.createAccount();
    const app = await openApp(server.nodes[0].address, username);
    expect(kidOf(app.accessToken)).toBe(old);
    const young = await server.nodes[0].core.signingKeys.rotate();
    // The other node is shown the new key's name by a token before it has looked by itself: it is asked for.
    const renewedEarly = await redeem(server.nodes[1].address, app.refreshToken);
    expect(kidOf(renewedEarly.body.access_token)).toBe(old);
    // An hour later: nodes that were started since know the key's age from Redis.
    await makeOlder(young, 3 * minute);
    await makeOlder(old, day);
    const late = await server.startNode();
    const renewed = await redeem(late.address, renewedEarly.body.refresh_token);
    expect(kidOf(renewed.body.access_token)).toBe(young);
    for (const { address } of server.nodes)
      for (const token of [app.accessToken, renewed.body.access_token])
        expect((await createBrowser(address).get("/api/sessions", bearer(token))).status).toBe(200);
    expect(
      (await createBrowser(late.address).get("/.well-known/jwks.json")).body.keys,
    ).toHaveLength(2);
    // Everything the old key signed has expired: a node that starts now drops it, and it opens nothing any more.
    await makeOlder(young, 60 * minute);
    const last = await server.startNode();
    expect(
      await createBrowser(last.address).get("/api/sessions", bearer(app.accessToken)),
    ).toMatchObject({
      status: 401,
      body: { code: "not_signed_in" },
    });
    expect(await server.command("HKEYS", signingKeysKey)).toEqual([young]);
  });

  test("keeps no private key in clear in Redis, and none in the log", async () => {
    const kept = [...(await server.readRedis())].flat().join("\n").replaceAll("\\", "");
    const [publicPart] = /"x":"[\w-]{43}"/.exec(kept) ?? [];
    expect(publicPart).toBeDefined();
    expect(kept).not.toMatch(/"d":"/);
    const logged = server.nodes.flatMap((node) => node.logged).join("\n");
    expect(logged).not.toMatch(/"d":"[\w-]{43}"/);
    expect(logged).not.toContain("key-material-that-all-nodes");
  });

  test("lets nobody in who brings another TOKEN_KEY: that server says why in one line and stops", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "rollcall-other-key-"));
    const entry = path.resolve(import.meta.dirname, "../../server/main.ts");
    const { PATH = "", HOME = "" } = process.env;
    const child = spawn(process.execPath, ["--import", "tsx", entry], {
      env: {
        PATH,
        HOME,
        PORT: "0",
        DATA_DIR: folder,
        REDIS_URL: server.redis.url,
        TOKEN_KEY: "the key material of another deployment",
      },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (output += String(chunk)));
    const code = await new Promise((resolve) => child.once("close", resolve));
    rmSync(folder, { recursive: true, force: true });
    expect(code).not.toBe(0);
    expect(output).toContain("give all nodes the same TOKEN_KEY");
    expect(output).not.toContain("is ready");
    expect(output).not.toContain("the key material of another deployment");
  });
});

test("key material that is made up is kept for its owner alone, and is the same at the next start", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "rollcall-key-"));
  const made = readKeyMaterial(folder, null);
  expect(Buffer.from(made, "base64url")).toHaveLength(32);
  expect(readKeyMaterial(folder, null)).toBe(made);
  expect(statSync(path.join(folder, "token.key")).mode & 0o777).toBe(0o600);
  expect(readKeyMaterial(folder, "given")).toBe("given");
  rmSync(folder, { recursive: true });
});
