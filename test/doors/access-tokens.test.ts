// Access tokens: how an app or a page gets one, what it opens, what others can ask about it, and how it is given up.
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLedger } from "../../server/domain/ledger.ts";
import { createSeal } from "../../server/domain/seal.ts";
import { newAccountId, newSessionId } from "../../server/domain/sessions.ts";
import { createSigningKeys, type StoredKey } from "../../server/domain/signing-keys.ts";
import { createTokens } from "../../server/domain/tokens.ts";
import type { Held } from "../../server/domain/door.ts";
import { allRoutes } from "../../server/http/app.ts";
import { createBrowser, goodPassword, signInBrowser, type Browser } from "../support/client.ts";
import { createHandClock, createMemoryLedger } from "../support/memory-ledger.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { bearer, openApp, openRemembered, redeem, rememberCookie } from "./holders.ts";

let server: TestServer;
let here: string;
let there: string;

beforeAll(async () => {
  // A long lease: a frozen Redis must not take the right to decide away while we look.
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off", LEASE: "10s" } });
  [here, there] = server.nodes.map((node) => node.address);
});

afterAll(() => server.stop());

const issuer = "urn:rollcall";
const ttl = 5 * 60;
const stranger = (address = there) => createBrowser(address);
const stale = { status: 401, body: { code: "stale_token" } };
const notSignedIn = { status: 401, body: { code: "not_signed_in" } };
const listOf = async (token: string) =>
  (await stranger().get("/api/sessions", bearer(token))).body.sessions;
const ofSession = (browser: Browser, more: object = {}) =>
  browser.post("/api/tokens", { grant_type: "session", ...more });
const introspect = async (browser: Browser, token: string) =>
  (await browser.post("/api/tokens/introspect", { token })).body;
const form = { "content-type": "application/x-www-form-urlencoded" };

describe("an access token", () => {
  test("of a browser's session speaks for that session, and is verified with what is published", async () => {
    const account = await server.createAccount(["sessions:read"]);
    const { browser, id } = await signInBrowser(here, account.username);
    const answer = await ofSession(browser);
    expect(answer).toMatchObject({
      status: 200,
      body: { token_type: "Bearer", session: { id, kind: "account", current: true } },
    });
    expect(answer.body).not.toHaveProperty("refresh_token");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const token = answer.body.access_token as string;
    const jwks = (await stranger().get("/.well-known/jwks.json")).body;
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), {
      issuer,
      audience: issuer,
      typ: "at+jwt",
      algorithms: ["EdDSA"],
    });
    expect(protectedHeader).toEqual({ alg: "EdDSA", typ: "at+jwt", kid: jwks.keys[0].kid });
    expect(payload).toMatchObject({ sub: account.id, sid: id, perms: ["sessions:read"] });
    expect(payload.jti).toHaveLength(16);
    expect(payload.exp! - payload.iat!).toBe(answer.body.expires_in);
    expect(answer.body.expires_in).toBeLessThanOrEqual(ttl);
    expect(await listOf(token)).toMatchObject([{ id, current: true }]);
  });

  test("by password opens a session of its own, shown among the devices by its name; the same device is one row", async () => {
    const { username } = await server.createAccount();
    const device = { deviceId: "a-device-id-that-the-app-keeps", deviceName: "Backup job" };
    const first = await openApp(here, username, device);
    const { browser } = await signInBrowser(there, username);
    const again = await openApp(there, username, device);
    const other = await openApp(here, username, { deviceName: "Mail" });
    const { sessions, ended } = (await browser.get("/api/sessions")).body;
    const apps = sessions.filter((one: { kind: string }) => one.kind === "token");
    expect(apps).toMatchObject([
      { id: other.id, method: "token", device: { name: "Mail" } },
      {
        id: again.id,
        method: "token",
        remembered: true,
        fresh: true,
        device: { name: "Backup job" },
      },
    ]);
    expect(ended).toMatchObject([{ id: first.id, reason: "replaced" }]);
    expect(await stranger().get("/api/sessions", bearer(first.accessToken))).toMatchObject({
      status: 401,
      body: { code: "session_ended", reason: "replaced" },
    });
    expect(await redeem(here, first.refreshToken)).toMatchObject(notSignedIn);
  });

  test("by password is refused like any sign-in when the password is wrong or the account disabled, and sets no cookie", async () => {
    const { id, username } = await server.createAccount();
    const ask = (password: string) =>
      stranger().post("/api/tokens", { grant_type: "password", username, password });
    expect(await ask("not the password")).toMatchObject({
      status: 401,
      body: { code: "invalid_credentials" },
    });
    expect((await ask(goodPassword)).headers.getSetCookie()).toEqual([]);
    await server.nodes[0].core.accounts.setStatus(id, true);
    expect(await ask(goodPassword)).toMatchObject({
      status: 403,
      body: { code: "account_disabled" },
    });
  });

  test("by refresh token goes on with the same session; a form is as good as JSON", async () => {
    const { username } = await server.createAccount();
    const app = await openApp(here, username);
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: app.refreshToken,
    });
    const renewed = await stranger().post("/api/tokens", body.toString(), form);
    expect(renewed).toMatchObject({
      status: 200,
      body: { session: { id: app.id, kind: "token" } },
    });
    expect(renewed.body.refresh_token).not.toBe(app.refreshToken);
    expect(await listOf(renewed.body.access_token)).toHaveLength(1);
    // What was issued before is good until it expires: nothing ended.
    expect(await listOf(app.accessToken)).toHaveLength(1);
  });

  test("is no thing for strangers and guests, nor for a session that has ended", async () => {
    const guest = createBrowser(here);
    expect(await ofSession(guest)).toMatchObject(notSignedIn);
    expect((await guest.put("/api/preferences", { theme: "dark" })).status).toBe(200);
    expect(await ofSession(guest)).toMatchObject(notSignedIn);
    const { username } = await server.createAccount();
    const { browser, id } = await signInBrowser(here, username);
    await server.nodes[1].core.ends.endOne(id as never, null, { reason: "admin" });
    expect(await ofSession(browser)).toMatchObject({
      status: 401,
      body: { code: "session_ended", reason: "admin" },
    });
  });

  test("is accepted wherever a cookie is, and sets no cookie there", async () => {
    const account = await server.createAccount(["sessions:read", "accounts:read"]);
    const { browser } = await signInBrowser(here, account.username);
    const token = (await ofSession(browser)).body.access_token as string;
    const readable = allRoutes.filter(
      ({ method, path }) => method === "GET" && !path.includes(":"),
    );
    expect(readable.length).toBeGreaterThan(4);
    for (const { path } of [...readable, { path: "/verify" }]) {
      const answer = await stranger().get(path, bearer(token));
      expect([path, answer.status]).toEqual([path, (await browser.get(path)).status]);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    const me = (await stranger().get("/api/me", bearer(token))).body;
    expect(me).toMatchObject({
      account: { id: account.id },
      permissions: ["sessions:read", "accounts:read"],
    });
    const renamed = await stranger().patch(
      `/api/sessions/${me.session.id}`,
      { name: "Laptop" },
      bearer(token),
    );
    expect(renamed).toMatchObject({ status: 200, body: { device: { name: "Laptop" } } });
  });

  test("is verified by the node itself: known once, it needs no Redis", async () => {
    const { username } = await server.createAccount();
    const { accessToken } = await openApp(here, username);
    expect((await stranger().get("/verify", bearer(accessToken))).status).toBe(200);
    server.redis.pause();
    try {
      expect((await stranger().get("/verify", bearer(accessToken))).status).toBe(200);
    } finally {
      server.redis.resume();
    }
  });

  test("asks to be renewed when permissions change, on every node at once, and the renewed one has them", async () => {
    const account = await server.createAccount(["sessions:read", "accounts:read"]);
    const app = await openApp(here, account.username);
    const { browser } = await signInBrowser(there, account.username);
    const ofBrowser = (await ofSession(browser)).body.access_token as string;
    for (const token of [app.accessToken, ofBrowser]) expect((await listOf(token)).length).toBe(2);
    await server.nodes[0].core.accounts.setPermissions(account.id, ["accounts:read"]);
    for (const token of [app.accessToken, ofBrowser])
      for (const address of [here, there])
        expect(await stranger(address).get("/api/me", bearer(token))).toMatchObject(stale);
    const renewed = (await redeem(there, app.refreshToken)).body.access_token as string;
    expect(decodeJwt(renewed)["perms"]).toEqual(["accounts:read"]);
    expect((await stranger().get("/api/admin/sessions", bearer(renewed))).status).toBe(403);
    expect((await stranger().get("/api/admin/accounts", bearer(renewed))).status).toBe(200);
    // The cookie went on by itself.
    expect((await browser.get("/api/me")).body.permissions).toEqual(["accounts:read"]);
    expect((await listOf((await ofSession(browser)).body.access_token)).length).toBe(2);
  });

  test("for another audience is not for us, but its session is told of and ended like any", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await signInBrowser(here, username);
    const token = (await ofSession(browser, { audience: "https://files.example.com" })).body
      .access_token;
    expect(decodeJwt(token as string).aud).toBe("https://files.example.com");
    expect(await stranger().get("/api/sessions", bearer(token))).toMatchObject(notSignedIn);
    expect((await stranger().get("/verify", bearer(token))).status).toBe(401);
    expect(await introspect(browser, token)).toMatchObject({
      active: true,
      sid: id,
      aud: "https://files.example.com",
    });
    expect((await stranger().post("/api/tokens/revoke", { token })).status).toBe(200);
    expect(await browser.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { reason: "signed_out" },
    });
  });
});

describe("introspection", () => {
  test("tells whoever is signed in what a token is good for, and of anything else only that it is not", async () => {
    const account = await server.createAccount(["sessions:read"]);
    const app = await openApp(here, account.username);
    const { browser: asker } = await signInBrowser(there, (await server.createAccount()).username);
    const facts = {
      active: true,
      sub: account.id,
      username: account.username,
      sid: app.id,
      scope: "sessions:read",
    };
    expect(await introspect(asker, app.accessToken)).toEqual({
      ...facts,
      aud: issuer,
      token_type: "Bearer",
      client_id: "rollcall",
      exp: decodeJwt(app.accessToken).exp,
    });
    expect(await introspect(asker, app.refreshToken)).toMatchObject({
      ...facts,
      token_type: "refresh_token",
    });
    expect((await introspect(asker, app.refreshToken)).exp).toBeGreaterThan(
      Date.now() / 1000 + 24 * 60 * 60,
    );
    await server.nodes[0].core.ends.endAll(account.id, { reason: "admin" });
    const remembered = await openRemembered(here, account.username);
    const others = [
      "x",
      remembered.browser.cookies.get(rememberCookie),
      remembered.browser.cookies.get("rollcall"),
    ];
    for (const token of [app.accessToken, app.refreshToken, ...others])
      expect(await introspect(asker, token!)).toEqual({ active: false });
    expect(await stranger().post("/api/tokens/introspect", { token: "x" })).toMatchObject(
      notSignedIn,
    );
  });
});

describe("revocation", () => {
  test.each([
    [
      "an access token, as JSON",
      "accessToken",
      (token: string) => stranger().post("/api/tokens/revoke", { token }),
    ],
    [
      "a refresh token, as a form",
      "refreshToken",
      (token: string) =>
        stranger().post(
          "/api/tokens/revoke",
          new URLSearchParams({ token, token_type_hint: "refresh_token" }).toString(),
          form,
        ),
    ],
  ] as const)("of %s ends its session on every node", async (_, which, revoke) => {
    const { id, username } = await server.createAccount();
    const app = await openApp(here, username);
    expect(await revoke(app[which])).toMatchObject({ status: 200, body: {} });
    for (const address of [here, there]) {
      expect(await stranger(address).get("/api/sessions", bearer(app.accessToken))).toMatchObject({
        status: 401,
        body: { code: "session_ended", reason: "signed_out", by: { id, username } },
      });
      expect(await redeem(address, app.refreshToken)).toMatchObject(notSignedIn);
    }
    expect((await revoke(app[which])).status).toBe(200);
  });

  test("also of a token that asks to be renewed, because its session is alive", async () => {
    const account = await server.createAccount(["sessions:read"]);
    const app = await openApp(here, account.username);
    await server.nodes[0].core.accounts.setPermissions(account.id, []);
    expect(await stranger().get("/api/me", bearer(app.accessToken))).toMatchObject(stale);
    await stranger().post("/api/tokens/revoke", { token: app.accessToken });
    expect(await redeem(here, app.refreshToken)).toMatchObject(notSignedIn);
  });

  test("answers 200 to what is no token, and ends nothing by what a browser remembers", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    for (const token of [
      "x",
      id,
      browser.cookies.get(rememberCookie),
      browser.cookies.get("rollcall"),
    ])
      expect((await stranger().post("/api/tokens/revoke", { token })).status).toBe(200);
    expect((await browser.get("/api/sessions")).status).toBe(200);
  });
});

describe("re-authenticating with a token", () => {
  test("makes an app's session fresh, gives it new tokens, and what it had before is stale", async () => {
    const { username } = await server.createAccount();
    const app = await openApp(here, username);
    const answer = await stranger().post(
      "/api/reauthenticate",
      { password: goodPassword },
      bearer(app.accessToken),
    );
    expect(answer).toMatchObject({
      status: 200,
      body: { session: { id: app.id, fresh: true, method: "token" } },
    });
    expect(answer.headers.getSetCookie()).toEqual([]);
    const { access_token, refresh_token } = answer.body.tokens;
    for (const address of [here, there])
      expect(await stranger(address).get("/api/me", bearer(app.accessToken))).toMatchObject(stale);
    expect(await listOf(access_token)).toMatchObject([{ id: app.id }]);
    expect((await redeem(there, refresh_token)).status).toBe(200);
    expect(await redeem(there, app.refreshToken)).toMatchObject(notSignedIn);
  });

  test("leaves the browser whose session it is signed in", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await signInBrowser(here, username);
    const token = (await ofSession(browser)).body.access_token as string;
    const answer = await stranger().post(
      "/api/reauthenticate",
      { password: goodPassword },
      bearer(token),
    );
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.body.tokens).not.toHaveProperty("refresh_token");
    expect(await stranger().get("/api/me", bearer(token))).toMatchObject(stale);
    expect(await listOf(answer.body.tokens.access_token)).toMatchObject([{ id }]);
    for (const address of [here, there]) {
      browser.moveTo(address);
      expect((await browser.get("/api/me")).body.session).toMatchObject({ id, fresh: true });
    }
  });
});

describe("the time in a token", () => {
  test("is Redis' and counts from the check, whatever clock the signer has", async () => {
    const clock = createHandClock();
    const memory = createMemoryLedger(clock);
    const ledger = createLedger({
      store: memory.store,
      clock,
      node: "one",
      lease: 2000,
      quorum: () => 0,
      retention: 400_000,
      log: { info: () => {}, warn: () => {} },
    });
    expect(await ledger.regainLease()).toBe(true);
    const stored: StoredKey[] = [];
    const keys = createSigningKeys({
      store: {
        list: () => Promise.resolve(stored),
        add: async (key) => void stored.push(key),
        remove: () => Promise.resolve(),
      },
      seal: createSeal("key material of this test"),
      redisNow: ledger.redisNow,
      signedLife: ttl * 1000,
    });
    await keys.load();
    const checkedAt = ledger.redisNow();
    const held = heldSince(checkedAt);
    const tokens = createTokens({
      keys,
      ledger,
      door: { readById: () => Promise.resolve({ state: "held", held }) },
      issuer,
      cacheSize: 10,
    });
    // The signer pauses between the check and its signature.
    clock.pass(1500);
    const { access_token, expires_in } = await tokens.issue(held);
    expect(decodeJwt(access_token).exp).toBe(Math.floor(checkedAt / 1000) + ttl);
    expect(expires_in).toBe(ttl - 1);
    expect(decodeProtectedHeader(access_token).kid).toBe(stored[0].kid);
    const state = async () => (await tokens.check(access_token)).state;
    expect(await state()).toBe("held");
    clock.pass(ttl * 1000 - 1500);
    await ledger.regainLease();
    expect(await state()).toBe("stale");
    // And on a node that never saw it.
    const elsewhere = createTokens({
      keys,
      ledger,
      door: { readById: () => Promise.reject(new Error("asked")) },
      issuer,
      cacheSize: 10,
    });
    expect((await elsewhere.check(access_token)).state).toBe("stale");
  });

  function heldSince(checkedAt: number): Held {
    const accountId = newAccountId();
    const sessionId = newSessionId(accountId);
    return {
      token: "",
      row: { id: sessionId } as Held["row"],
      account: { id: accountId, username: "ada", permissions: [] } as unknown as Held["account"],
      grant: {
        sessionId,
        tokenVersion: 1,
        accountId,
        accountGeneration: 0,
        globalGeneration: 0,
        permissionVersion: 0,
        authenticatedAt: checkedAt,
        expiresAt: checkedAt + ttl * 1000,
      },
      permissions: new Set(),
      usedAt: checkedAt,
      sockets: null,
      reply: null,
    };
  }
});
