// What every answer carries and every request must: origins, headers, cookies, addresses, limits, health.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBrowser, goodPassword, signInBrowser, type Browser } from "../support/client.ts";
import {
  setupToken,
  startServer,
  type TestAccount,
  type TestNode,
  type TestServer,
} from "../support/server.ts";

let server: TestServer;
let clientFolder: string;
let account: TestAccount;
let browser: Browser;
let port: number;

beforeAll(async () => {
  clientFolder = mkdtempSync(path.join(tmpdir(), "rollcall-client-"));
  mkdirSync(path.join(clientFolder, "assets"));
  writeFileSync(path.join(clientFolder, "index.html"), "<!doctype html><title>Rollcall</title>");
  writeFileSync(path.join(clientFolder, "assets", "main-abc123.js"), "export {};");
  writeFileSync(path.join(clientFolder, "assets", "main-abc123.js.gz"), gzipSync("export {};"));
  server = await startServer({ clientFolder, env: { RATE_LIMITS: "off" } });
  port = Number(new URL(server.address).port);
  account = await server.createAccount(["sessions:read", "sessions:end"]);
  ({ browser } = await signInBrowser(server.address, account.username));
});
afterAll(async () => {
  await server.stop();
  rmSync(clientFolder, { recursive: true, force: true });
});

interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A request with exactly these headers; fetch would add its own. */
function send(
  method: string,
  target: string,
  headers: Record<string, string | string[]> = {},
  body = "",
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path: target, headers, agent: false };
    const request = httpRequest(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Bytes as they are; answers all that comes back until the server closes. */
function sendBytes(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let received = "";
    socket.setEncoding("latin1").on("data", (part: string) => (received += part));
    // Cut off while still sending: what it answered before counts.
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
    socket.write(bytes);
  });
}

describe("a request that changes something", () => {
  const change = (headers: Record<string, string>) =>
    send(
      "PUT",
      "/api/preferences",
      { ...headers, cookie: browser.cookieHeader(), "content-type": "application/json" },
      JSON.stringify({ theme: "dark" }),
    );
  const own = () => `http://127.0.0.1:${port}`;

  test.each([
    ["from our own page", 200, { "sec-fetch-site": "same-origin" }],
    ["typed in by its person", 200, { "sec-fetch-site": "none" }],
    ["from another site", 403, { "sec-fetch-site": "cross-site" }],
    ["from a sibling site", 403, { "sec-fetch-site": "same-site" }],
    ["with a word we do not know", 403, { "sec-fetch-site": "friendly" }],
    ["with an empty word", 403, { "sec-fetch-site": "" }],
    [
      "from another site under its own Host",
      403,
      { "sec-fetch-site": "cross-site", host: "evil.example" },
    ],
    ["without either header, as no browser sends it,", 200, {}],
    ["from another origin", 403, { origin: "https://evil.example" }],
    ["from the origin null", 403, { origin: "null" }],
    ["from an empty origin", 403, { origin: "" }],
    [
      "from an origin that its own Host names",
      403,
      { origin: "http://evil.example", host: "evil.example" },
    ],
    ["from our host by https", 403, { origin: "https://127.0.0.1" }],
    ["from another port", 403, { origin: "http://127.0.0.1:1" }],
  ])("%s is answered %i", async (_what, status, headers) => {
    const answer = await change(headers);
    expect(answer.status).toBe(status);
    if (status === 403) expect(JSON.parse(answer.body)).toMatchObject({ code: "cross_site" });
  });

  test("from our own origin, told by Origin alone, is accepted", async () => {
    expect((await change({ origin: own() })).status).toBe(200);
    expect((await change({ origin: `${own()}/` })).status).toBe(403);
    expect((await change({ origin: own().toUpperCase() })).status).toBe(403);
  });

  test("from another site changes nothing, for any method there is", async () => {
    const { id } = (await browser.get("/api/me")).body.session;
    const headers = { "sec-fetch-site": "cross-site", cookie: browser.cookieHeader() };
    for (const [method, target] of [
      ["POST", "/api/sign-out"],
      ["POST", "/api/sign-in"],
      ["DELETE", `/api/sessions/${id}`],
      ["DELETE", "/api/admin/sessions?scope=all"],
      ["PATCH", `/api/sessions/${id}`],
      ["PROPFIND", "/api/me"],
      ["POST", "/nowhere"],
    ])
      expect((await send(method, target, headers)).status).toBe(403);
    expect((await browser.get("/api/me")).body.session.id).toBe(id);
  });

  test("by GET or HEAD does not exist, so those are answered wherever they come from", async () => {
    const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    for (const method of ["GET", "HEAD"])
      expect((await send(method, "/api/me", headers)).status).toBe(200);
    const { id } = (await browser.get("/api/me")).body.session;
    const cookie = browser.cookieHeader();
    for (const target of [
      `/api/sessions/${id}`,
      "/api/sign-out",
      "/api/admin/sessions?scope=all",
    ]) {
      const { status } = await send("GET", target, { cookie, "x-http-method-override": "DELETE" });
      expect([200, 405]).toContain(status);
    }
    expect((await browser.get("/api/me")).body.session.id).toBe(id);
  });
});

describe("every answer", () => {
  const cases = async (): Promise<[string, RawAnswer][]> => {
    const cookie = browser.cookieHeader();
    const json = { "content-type": "application/json", "sec-fetch-site": "same-origin" };
    const sick = (await signInBrowser(server.address, account.username)).browser;
    const { id } = (await sick.get("/api/me")).body.session;
    await server.command("HSET", `{${id.slice(0, 3)}}s:${id}`, "j", "not JSON");
    return [
      ["200", await send("GET", "/api/sessions", { cookie })],
      ["200", await send("GET", "/api/me", { cookie })],
      ["200", await send("GET", "/api/me", { cookie })],
      ["200", await send("GET", "/api/me")],
      ["200", await send("GET", "/api/openapi.json")],
      ["200", await send("GET", "/healthz")],
      ["200", await send("GET", "/readyz")],
      ["200", await send("GET", "/metrics")],
      ["200", await send("GET", "/")],
      ["200", await send("GET", "/sign-in")],
      ["200", await send("GET", "/assets/main-abc123.js")],
      ["404", await send("GET", "/assets/gone.js")],
      ["404", await send("GET", "/api/nowhere")],
      ["400", await send("PUT", "/api/preferences", json, "{")],
      ["401", await send("GET", "/api/sessions")],
      ["403", await send("GET", "/api/admin/accounts", { cookie })],
      ["403", await send("POST", "/api/sign-in", { origin: "https://evil.example" })],
      ["405", await send("DELETE", "/api/me")],
      ["413", await send("PUT", "/api/preferences", json, `"${"x".repeat(70_000)}"`)],
      ["415", await send("PUT", "/api/preferences", { "content-type": "text/plain" }, "x")],
      ["500", await send("GET", "/api/preferences", { cookie: sick.cookieHeader() })],
    ];
  };

  test("carries the headers that protect it, and none that opens it to other sites", async () => {
    for (const [status, answer] of await cases()) {
      expect(String(answer.status), answer.body).toBe(status);
      expect(answer.headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
      });
      const policy = String(answer.headers["content-security-policy"]).split(";").sort();
      expect(policy).toEqual(
        [
          "base-uri 'none'",
          "connect-src 'self'",
          "default-src 'none'",
          "font-src 'self'",
          "form-action 'self'",
          "frame-ancestors 'none'",
          "img-src 'self' data:",
          "manifest-src 'self'",
          "script-src 'self'",
          "style-src 'self'",
        ].sort(),
      );
      // Over plain http nothing promises https.
      expect(answer.headers).not.toHaveProperty("strict-transport-security");
      expect(answer.headers).not.toHaveProperty("x-powered-by");
      expect(answer.headers).not.toHaveProperty("server");
      for (const name of Object.keys(answer.headers)) expect(name).not.toMatch(/^access-control-/);
      expect(answer.headers["x-request-id"]).toMatch(/^[\w=-]{1,64}$/);
    }
  });

  test("the client comes compressed to browsers that take it, and as it is to others", async () => {
    const headers = { "accept-encoding": "gzip" };
    const compressed = await send("GET", "/assets/main-abc123.js", headers);
    expect(compressed.headers).toMatchObject({
      "content-encoding": "gzip",
      vary: "Accept-Encoding",
    });
    expect(compressed.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(
      (await send("GET", "/assets/main-abc123.js")).headers["content-encoding"],
    ).toBeUndefined();
  });

  test("of the API is kept by nobody; hashed files of the client are kept for ever", async () => {
    for (const [status, { headers, body }] of await cases()) {
      if (body.startsWith("{") && status !== "200")
        expect(headers["cache-control"]).toBe("no-store");
    }
    for (const target of ["/api/me", "/api/openapi.json", "/api/preferences"])
      expect((await send("GET", target)).headers["cache-control"]).toBe("no-store");
    const asset = await send("GET", "/assets/main-abc123.js");
    expect(asset.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    const page = await send("GET", "/devices");
    expect(page.headers["cache-control"]).toBe("no-cache");
    expect(page.body).toContain("<title>Rollcall</title>");
  });

  test("to a fault of ours says nothing about it; the log does, without secrets", async () => {
    const { browser: sick } = await signInBrowser(server.address, account.username);
    const { id } = (await sick.get("/api/me")).body.session;
    await server.command("HSET", `{${id.slice(0, 3)}}s:${id}`, "j", "not JSON");
    const answer = await sick.get("/api/preferences");
    expect(answer).toMatchObject({ status: 500, body: { code: "internal_error" } });
    expect(Object.keys(answer.body).sort()).toEqual([
      "code",
      "requestId",
      "status",
      "title",
      "type",
    ]);
    const lines = server.nodes[0].logged.filter((line) => line.includes(answer.body.requestId));
    expect(lines.some((line) => line.includes("request failed"))).toBe(true);
    const [, secret = ""] = sick.cookies.get("rollcall")?.split(".") ?? [];
    expect(server.nodes[0].logged.join("")).not.toContain(secret);
  });

  test("names the request by the id that a proxy gave it, if that is a modest one", async () => {
    const named = await send("GET", "/healthz", { "x-request-id": "proxy-4711" });
    expect(named.headers["x-request-id"]).toBe("proxy-4711");
    for (const hostile of ["x".repeat(200), "<script>", "a b"]) {
      const answer = await send("GET", "/healthz", { "x-request-id": hostile });
      expect(answer.headers["x-request-id"]).not.toBe(hostile);
    }
  });

  test("to a preflight from elsewhere allows nothing", async () => {
    const answer = await send("OPTIONS", "/api/sessions", {
      origin: "https://evil.example",
      "access-control-request-method": "DELETE",
    });
    for (const name of Object.keys(answer.headers)) expect(name).not.toMatch(/^access-control-/);
  });
});

describe("a cookie", () => {
  test("that is malformed, oversized, doubled or somebody else's is treated as none", async () => {
    const token = browser.cookies.get("rollcall") ?? "";
    const [id = "", secret = ""] = token.split(".");
    const hostile = [
      "rollcall=",
      "rollcall",
      "=",
      ";;;;",
      "rollcall=nonsense",
      `rollcall=${id}`,
      `rollcall=${id}.`,
      `rollcall=${id}.${secret}x`,
      `rollcall=${id}.${secret.slice(0, -1)}`,
      `rollcall=${id.toUpperCase()}.${secret}`,
      `rollcall="${token}"`,
      `rollcall=${encodeURIComponent(`${id}\u0000`)}.${secret}`,
      `rollcall={${id}}.${secret}`,
      `rollcall=*.${secret}`,
      `rollcall=${token}; rollcall=${token}`,
      `rollcall=${token}; rollcall=nonsense`,
      `Rollcall=${token}`,
      `__Host-rollcall=${token}`,
      `rollcall-device=${token}`,
      `rollcall=${"x".repeat(4000)}`,
      `rollcall=\u00ff\u00fe${token}`,
      `rollcall=${id}\u00a0.${secret}`,
    ];
    for (const cookie of hostile) {
      const answer = await send("GET", "/api/sessions", { cookie });
      expect(answer.status, cookie).toBe(401);
      expect(JSON.parse(answer.body).code, cookie).toBe("not_signed_in");
      const me = await send("GET", "/api/me", { cookie });
      expect(JSON.parse(me.body).session, cookie).toBeNull();
    }
    // Others' cookies beside ours do no harm.
    for (const cookie of [
      `a=b; rollcall=${token}; c="d"`,
      `xrollcall=1;rollcall=${token}`,
      `%;=;rollcall=${token}`,
    ])
      expect((await send("GET", "/api/sessions", { cookie })).status, cookie).toBe(200);
  });

  test("for a device that is none of ours is replaced by one that is", async () => {
    for (const device of ["nonsense", "x".repeat(500), "../../etc/passwd", "{slot}"]) {
      const visitor = createBrowser(server.address);
      visitor.cookies.set("rollcall-device", device);
      expect((await visitor.signIn(account.username)).status).toBe(200);
      expect(visitor.cookies.get("rollcall-device")).toMatch(/^[\w-]{22}$/);
    }
  });

  test("of a megabyte, or in broken bytes, is refused before any of our code runs or counts as none", async () => {
    const head = `GET /api/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: rollcall=`;
    expect(await sendBytes(`${head}${"x".repeat(1_000_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    const broken = Buffer.concat([
      Buffer.from(head),
      Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
      Buffer.from("\r\n\r\n"),
    ]);
    expect(await sendBytes(broken)).toMatch(/^HTTP\/1\.1 (400|401) /);
    expect(await sendBytes(`${head}a\u0000b\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await browser.get("/api/sessions")).status).toBe(200);
  });
});

describe("behind https", () => {
  let secured: TestNode;
  const securely = { RATE_LIMITS: "on", PUBLIC_URL: "https://rollcall.example.com" };
  beforeAll(async () => void (secured = await server.startNode(securely)));

  const signIn = async (node: TestNode) => {
    const visitor = createBrowser(node.address);
    const answer = await visitor.signIn(account.username);
    expect(answer.status).toBe(200);
    return { visitor, answer };
  };

  test("cookies are named and marked so that no sibling site and no plain http can set or see them", async () => {
    const { visitor, answer } = await signIn(secured);
    const headers = answer.headers.getSetCookie();
    expect(headers.map((header) => header.split("=")[0])).toEqual(
      expect.arrayContaining(["__Host-rollcall", "__Host-rollcall-device"]),
    );
    for (const header of [
      ...headers,
      ...(await visitor.post("/api/sign-out")).headers.getSetCookie(),
    ]) {
      const attributes = header.split("; ").slice(1);
      for (const one of ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"])
        expect(attributes).toContain(one);
      expect(header).not.toMatch(/Domain/i);
    }
  });

  test("a session is not entered by the cookie's plain name", async () => {
    const { visitor } = await signIn(secured);
    visitor.cookies.set("rollcall", visitor.cookies.get("__Host-rollcall") ?? "");
    visitor.cookies.delete("__Host-rollcall");
    expect((await visitor.get("/api/sessions")).status).toBe(401);
  });

  test("with COOKIE_DOMAIN the apps on sibling hosts are sent it too, by https only", async () => {
    const shared = await server.startNode({ ...securely, COOKIE_DOMAIN: "example.com" });
    const { answer } = await signIn(shared);
    for (const header of answer.headers.getSetCookie()) {
      expect(header).toMatch(/^__Secure-rollcall/);
      expect(header.split("; ")).toEqual(expect.arrayContaining(["Domain=example.com", "Secure"]));
    }
    await shared.stop();
  });

  test("browsers are told to stay with https, and sign-ups are closed by default", async () => {
    const answer = await createBrowser(secured.address).get("/api/me");
    expect(answer.headers.get("strict-transport-security")).toBe(
      "max-age=31536000; includeSubDomains",
    );
    expect(answer.headers.get("content-security-policy")).toContain("upgrade-insecure-requests");
    expect(answer.body.signups).toBe("closed");
  });

  test("only the public address is our origin, whatever Host says", async () => {
    const visitor = createBrowser(secured.address);
    const change = (headers: Record<string, string>) =>
      visitor.put("/api/preferences", { theme: "dark" }, { "sec-fetch-site": "", ...headers });
    const { host } = new URL(secured.address);
    expect((await change({ origin: "https://rollcall.example.com" })).status).toBe(200);
    for (const origin of [
      secured.address,
      `https://${host}`,
      "http://rollcall.example.com",
      "https://rollcall.example.com:8443",
      "https://rollcall.example.com.evil.example",
      "https://evil.example.com",
    ])
      expect((await change({ origin })).status, origin).toBe(403);
    await expect(visitor.openPage({ origin: secured.address })).rejects.toThrow();
    const page = await visitor.openPage({ origin: "https://rollcall.example.com" });
    page.disconnect();
  });
});

describe("an address", () => {
  const addressSeen = async (node: TestNode, forwardedFor: string): Promise<string> => {
    const visitor = createBrowser(node.address);
    const headers = { "x-forwarded-for": forwardedFor, forwarded: "for=192.0.2.60" };
    const answer = await visitor.post(
      "/api/sign-in",
      { username: account.username, password: goodPassword },
      { ...headers, "x-real-ip": "192.0.2.61", "cf-connecting-ip": "192.0.2.62" },
    );
    return answer.body.session.ip;
  };

  test("that is claimed counts for nothing unless a trusted proxy says so", async () => {
    expect(await addressSeen(server.nodes[0], "198.51.100.7")).toBe("127.0.0.1");
  });

  test("is read from the right, and never further than the proxies that are trusted", async () => {
    const behindProxy = await server.startNode({ TRUST_PROXY: "127.0.0.0/8,10.0.0.0/8" });
    const seen = (forwardedFor: string) => addressSeen(behindProxy, forwardedFor);
    expect(await seen("198.51.100.7")).toBe("198.51.100.7");
    expect(await seen("6.6.6.6, 198.51.100.7")).toBe("198.51.100.7");
    expect(await seen("6.6.6.6, 198.51.100.7, 10.1.2.3")).toBe("198.51.100.7");
    expect(await seen("<script>alert(1)</script>")).toBe("127.0.0.1");
    expect(await seen("2001:DB8:0:0::1")).toBe("2001:db8::1");
    await behindProxy.stop();
  });
});

describe("health and numbers", () => {
  test("are told: it runs, it may decide, and how much goes on", async () => {
    expect(await browser.get("/healthz")).toMatchObject({ status: 200, body: { status: "ok" } });
    expect(await browser.get("/readyz")).toMatchObject({
      status: 200,
      body: { status: "ready", reasons: [] },
    });
    const { body } = await browser.get("/metrics");
    expect(body).toMatch(/^sessions_active\{kind="account"\} [1-9]/m);
    expect(body).toMatch(/^sign_ins_total\{result="succeeded"\} [1-9]/m);
    for (const name of [
      "sockets_connected",
      "session_ends_total",
      "ledger_lag_entries",
      "lease_age_seconds",
    ])
      expect(body).toContain(`# TYPE ${name} `);
  });

  test("the numbers are for this machine alone, unless a token is set: then for who has it", async () => {
    const proxied = await send("GET", "/metrics", { "x-forwarded-for": "198.51.100.7" });
    expect(proxied.status).toBe(404);
    const guarded = await server.startNode({ METRICS_TOKEN: "a-token-for-the-numbers" });
    const visitor = createBrowser(guarded.address);
    const read = (authorization?: string) =>
      visitor.get("/metrics", authorization === undefined ? {} : { authorization });
    for (const wrong of [
      undefined,
      "Bearer wrong",
      "Bearer a-token-for-the-number",
      "a-token-for-the-numbers",
      "Basic YTpi",
    ])
      expect((await read(wrong)).status).toBe(404);
    expect((await read("Bearer a-token-for-the-numbers")).status).toBe(200);
    await guarded.stop();
  });

  test("a Redis that may forget sessions is said to be wrong, in words", async () => {
    await server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const careless = await server.startNode();
    const answer = await createBrowser(careless.address).get("/readyz");
    expect(answer.status).toBe(503);
    expect(answer.body.reasons.join()).toMatch(/maxmemory-policy allkeys-lru/);
    await careless.stop();
    await server.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
  });
});

describe("the setup token and passwords", () => {
  test("are in no log line and in no answer", async () => {
    const visitor = createBrowser(server.address);
    const answers = [
      await visitor.post("/api/setup", {
        token: setupToken,
        username: "x",
        password: "short-secret",
      }),
      await visitor.post("/api/sign-in", { username: "x", password: "another secret of mine" }),
      await visitor.post("/api/sign-in", { username: "x", password: { nested: "odd secret" } }),
    ];
    const text = [
      ...answers.map(({ body }) => JSON.stringify(body)),
      ...server.nodes[0].logged,
    ].join();
    for (const secret of [setupToken, "short-secret", "another secret of mine", "odd secret"])
      expect(text).not.toContain(secret);
  });
});
