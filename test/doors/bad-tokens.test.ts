// What a forger, a fuzzer or a confused app may send as a credential: all of it is answered with a clear 401,
// none of it is logged, and none of it costs Redis more than a look a second.
import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from "node:crypto";
import { request } from "node:http";
import { calculateJwkThumbprint, SignJWT, type JWK } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBrowser, signInBrowser, type Browser } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import {
  bearer,
  openApp,
  openRemembered,
  redeem,
  rememberCookie,
  sessionCookie,
  type App,
  type Remembered,
} from "./holders.ts";

type Claims = Record<string, unknown>;

let server: TestServer;
let app: App;
let remembered: Remembered;
let asker: Browser;
let published: JWK;
let header: Claims;
let claims: Claims;
let signature: string;

const forger = generateKeyPairSync("ed25519");
const sent: string[] = [];
const notSignedIn = { status: 401, body: { code: "not_signed_in" } };

beforeAll(async () => {
  server = await startServer({ env: { RATE_LIMITS: "off" } });
  const { username } = await server.createAccount();
  app = await openApp(server.address, username);
  remembered = await openRemembered(server.address, username);
  asker = createBrowser(server.address);
  published = (await asker.get("/.well-known/jwks.json")).body.keys[0] as JWK;
  const parts = app.accessToken.split(".");
  [header, claims] = parts
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  signature = parts[2];
});

afterAll(() => server.stop());

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Signed with a key that is not ours. */
function forge(head: unknown, body: unknown, key: KeyObject = forger.privateKey): string {
  const text = `${encode(head)}.${encode(body)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString("base64url")}`;
}

/** HS256 with a secret that everybody knows. */
function forgeWithSecret(head: unknown, body: unknown, secret: string | Buffer): string {
  const text = `${encode(head)}.${encode(body)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** As our own token, but signed by nobody anew. */
const altered = (head: unknown, body: unknown): string =>
  `${encode(head)}.${encode(body)}.${signature}`;

async function present(token: string): Promise<number> {
  sent.push(token);
  const answer = await asker.get("/api/sessions", bearer(token));
  expect(answer).toMatchObject(notSignedIn);
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect((await asker.get("/verify", bearer(token))).status).toBe(401);
  expect(
    (await asker.post("/api/tokens/introspect", { token }, bearer(app.accessToken))).body,
  ).toEqual({ active: false });
  return answer.status;
}

const without = (members: Claims, name: string): Claims =>
  Object.fromEntries(Object.entries(members).filter(([key]) => key !== name));

const forgerJwk = (): JWK => forger.publicKey.export({ format: "jwk" });

describe("a bad access token is refused with a clear 401", () => {
  test("when it is tampered with or cut short", async () => {
    const { accessToken } = app;
    await present(altered(header, { ...claims, sub: "0000000000000000" }));
    await present(altered(header, { ...claims, exp: Number(claims["exp"]) + 3600 }));
    for (const part of [0, 1, 2]) {
      const parts = accessToken.split(".");
      const flipped =
        parts[part].slice(0, 8) + (parts[part][8] === "A" ? "B" : "A") + parts[part].slice(9);
      await present(parts.with(part, flipped).join("."));
      await present(parts.with(part, "").join("."));
    }
    for (const length of [1, 20, accessToken.length >> 1, accessToken.length - 1])
      await present(accessToken.slice(0, length));
    await present(`${accessToken}.${signature}`);
    await present(accessToken.replaceAll(".", ""));
  });

  test("when its algorithm is none, or a secret that everybody knows", async () => {
    for (const alg of ["none", "None", "NONE", ""]) {
      await present(`${encode({ ...header, alg })}.${encode(claims)}.`);
      await present(`${encode({ ...header, alg })}.${encode(claims)}.${signature}`);
    }
    const pem = createPublicKey({ key: published as never, format: "jwk" }).export({
      type: "spki",
      format: "pem",
    });
    const secrets = [
      pem,
      published.x!,
      Buffer.from(published.x!, "base64url"),
      JSON.stringify(published),
      "",
    ];
    for (const alg of ["HS256", "EdDSA"])
      for (const secret of secrets)
        await present(forgeWithSecret({ ...header, alg }, claims, secret));
    for (const alg of ["ES256", "RS256", "Ed25519", "EdDSA "])
      await present(forge({ ...header, alg }, claims));
  });

  test("when it is signed by a key that is not ours, whatever it says of that key", async () => {
    const jwk = forgerJwk();
    const kid = await calculateJwkThumbprint(jwk);
    await present(forge(header, claims));
    await present(forge({ ...header, kid }, claims));
    for (const brought of [
      { jwk },
      { jwk, kid },
      { jku: `${server.address}/keys.json` },
      { x5u: `${server.address}/key.pem` },
      { x5c: ["MIIB"] },
      { crit: ["exp"] },
      { crit: ["b64"], b64: false },
      { zip: "DEF" },
      { cty: "JWT" },
    ]) {
      await present(forge({ ...header, ...brought }, claims));
      await present(altered({ ...header, ...brought }, claims));
    }
  });

  test("when its key's name is unknown, a path, or no name at all", async () => {
    const kids = [
      "",
      "unknown",
      "../../../../dev/null",
      "/dev/null",
      "' or 1=1",
      "__proto__",
      "constructor",
      "0",
      "*",
      "x".repeat(2000),
    ];
    for (const kid of [...kids, 7, null, true, ["x"], { length: 1 }, published.kid + " "])
      await present(forge({ ...header, kid }, claims));
    await present(forge(without(header, "kid"), claims));
  });

  test("when a member of its header comes twice, the second time as we like it", async () => {
    const { kid } = published;
    const twice = `{"alg":"none","typ":"at+jwt","kid":"x","alg":"EdDSA","kid":"${kid}"}`;
    await present(`${encode(twice)}.${encode(claims)}.${signature}`);
    await present(forge(twice, claims));
    await present(forge(`{"alg":"EdDSA","alg":"none","typ":"at+jwt","kid":"${kid}"}`, claims));
  });

  test("when its header or its claims are no object, or not even JSON", async () => {
    for (const head of ["", "null", "[]", "7", '"at+jwt"', "{", "\u0000"])
      await present(`${encode(head)}.${encode(claims)}.${signature}`);
    for (const body of ["", "null", "[]", "{", "not json"])
      await present(`${encode(header)}.${encode(body)}.${signature}`);
    for (const text of ["..", "...", "a.b.c", ".", "=", "a.b", "e30.e30.e30"]) await present(text);
  });

  test("when its type, issuer or audience is another, it has expired, or lacks what every one has, though we signed it", async () => {
    const { core } = server.nodes[0];
    const { kid, privateKey } = core.signingKeys.current();
    const signOurs = (head: Claims, body: Claims) =>
      new SignJWT(body)
        .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid, ...head })
        .sign(privateKey);
    expect((await asker.get("/api/sessions", bearer(await signOurs({}, claims)))).status).toBe(200);
    for (const typ of ["JWT", "jwt", "at+JWT ", "application/at+jwt", "rollcall-assertion+jwt", ""])
      await present(await signOurs({ typ }, claims));
    for (const more of [
      { jwk: published },
      { jku: server.address },
      { x5u: server.address },
      { cty: "JWT" },
    ])
      await present(await signOurs(more, claims));
    for (const iss of ["urn:other", "", "https://evil.example"])
      await present(await signOurs({}, { ...claims, iss }));
    for (const missing of ["iss", "sub", "sid", "exp", "gen", "ggen", "ver", "pver"])
      await present(await signOurs({}, without(claims, missing)));
    for (const aud of ["urn:other", [], undefined]) {
      const other = await signOurs({}, { ...claims, aud });
      expect(await asker.get("/api/sessions", bearer(other))).toMatchObject(notSignedIn);
    }
    // Only its time is over: that is what renewing is for.
    const expired = await signOurs({}, { ...claims, exp: Number(claims["iat"]) - 1 });
    expect(await asker.get("/api/sessions", bearer(expired))).toMatchObject({
      status: 401,
      body: { code: "stale_token" },
    });
    // Of a session that never was.
    await present(await signOurs({}, { ...claims, sid: "zzzzzzzzzzzzzzzzzzzz" }));
  });

  test("when it is huge", async () => {
    for (const length of [4097, 10_000]) {
      const token = "a".repeat(length);
      expect(await asker.get("/api/sessions", bearer(token))).toMatchObject(notSignedIn);
      expect((await asker.get("/verify", bearer(token))).status).toBe(401);
    }
    // Beyond what a header may hold the http parser refuses the request itself.
    expect(await statusOf({ authorization: `Bearer ${"a".repeat(1_000_000)}` })).toBe(431);
    const huge = { token: "a".repeat(1_000_000), refresh_token: "a".repeat(1_000_000) };
    expect((await asker.post("/api/tokens/revoke", huge)).status).toBe(413);
    expect((await asker.post("/api/tokens", { grant_type: "refresh_token", ...huge })).status).toBe(
      413,
    );
  });

  test("when the header comes twice, or the token in the address", async () => {
    const twice = {
      authorization: [`Bearer ${app.accessToken}x`, `Bearer ${app.accessToken}`] as never,
    };
    expect(await statusOf(twice)).toBe(401);
    for (const name of ["access_token", "token", "bearer"])
      expect(await asker.get(`/api/sessions?${name}=${app.accessToken}`)).toMatchObject(
        notSignedIn,
      );
  });
});

const statusOf = (headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request(`${server.address}/api/sessions`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.once("error", reject);
    asked.end();
  });

describe("a credential in the slot of another opens nothing", () => {
  const withCookies = (cookies: Record<string, string>) => {
    const browser = createBrowser(server.address);
    for (const [name, value] of Object.entries(cookies)) browser.cookies.set(name, value);
    return browser;
  };

  test("as a cookie: remember for session, session for remember, tokens of apps for either", async () => {
    const session = remembered.browser.cookies.get(sessionCookie)!;
    const remember = remembered.browser.cookies.get(rememberCookie)!;
    for (const value of [remember, app.refreshToken, app.accessToken, remembered.id, app.id])
      expect(await withCookies({ [sessionCookie]: value }).get("/api/sessions")).toMatchObject(
        notSignedIn,
      );
    for (const value of [session, app.refreshToken, app.accessToken, remembered.id]) {
      const answer = await withCookies({ [rememberCookie]: value }).get("/api/sessions");
      expect(answer).toMatchObject(notSignedIn);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  test("as a bearer: refresh token, session token, remember credential, assertion", async () => {
    const { browser } = await signInBrowser(
      server.address,
      (await server.createAccount()).username,
    );
    const assertion = (await browser.get("/verify")).headers.get("x-rollcall-assertion")!;
    expect(assertion.split(".")).toHaveLength(3);
    const session = remembered.browser.cookies.get(sessionCookie)!;
    const remember = remembered.browser.cookies.get(rememberCookie)!;
    for (const token of [assertion, session, remember]) await present(token);
    // Introspection knows it, the doors do not.
    sent.push(app.refreshToken);
    expect(await asker.get("/api/sessions", bearer(app.refreshToken))).toMatchObject(notSignedIn);
  });

  test("as a refresh token: session token, remember credential, access token; and none of it was taken for theft", async () => {
    const session = remembered.browser.cookies.get(sessionCookie)!;
    const remember = remembered.browser.cookies.get(rememberCookie)!;
    for (const value of [session, remember])
      expect(await redeem(server.address, value)).toMatchObject(notSignedIn);
    expect((await redeem(server.address, app.accessToken)).status).toBe(400);
    const [family, number, validator] = app.refreshToken.split(".");
    const [otherFamily] = remember.split(".");
    for (const value of [
      `${family}.${Number(number) + 1}.${validator}`,
      `${otherFamily}.${number}.${validator}`,
      `${family}.${number}.${"A".repeat(43)}`,
      `${family}.0.${validator}`,
      `${family}.1e3.${validator}`,
      `${family}..${validator}`,
      `${app.refreshToken}x`,
      "..",
    ])
      expect(await redeem(server.address, value)).toMatchObject(notSignedIn);
    expect((await remembered.browser.get("/api/sessions")).status).toBe(200);
    const renewed = await redeem(server.address, app.refreshToken);
    expect(renewed.status).toBe(200);
    app.refreshToken = renewed.body.refresh_token as string;
  });
});

test("a flood of invented key names asks Redis for keys at most once a second", async () => {
  const looks = async () => {
    const stats = String(await server.command("INFO", "commandstats"));
    return Number(/^cmdstat_hvals:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
  };
  const before = await looks();
  const startedAt = performance.now();
  const ask = (at: number) =>
    asker.get("/api/sessions", bearer(forge({ ...header, kid: `invented-${at}` }, claims)));
  const answers = await Promise.all(Array.from({ length: 300 }, (_, at) => ask(at)));
  for (const answer of answers) expect(answer).toMatchObject(notSignedIn);
  const seconds = (performance.now() - startedAt) / 1000;
  // The node's own look, once a minute, may fall into it.
  expect((await looks()) - before).toBeLessThanOrEqual(2 + Math.floor(seconds));
});

test("nothing that was sent as a token is in the log", () => {
  const logged = server.nodes[0].logged.join("\n");
  expect(sent.length).toBeGreaterThan(100);
  for (const token of sent.filter(({ length }) => length > 20)) expect(logged).not.toContain(token);
  for (const token of [app.accessToken, app.refreshToken]) expect(logged).not.toContain(token);
});
