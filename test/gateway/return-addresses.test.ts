// Where people are sent after signing in: to a listed host or home, never to where a stranger would like them.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type TestServer } from "../support/server.ts";
import { send } from "./request.ts";

const home = "http://id.example.com";
const listed = "app.example.com,tools.example.com:8443,default.example.com:443,[::1]:9000";

let server: TestServer;
let port: number;
/** A node of a deployment with https, and one that trusts no proxy. */
let securePort: number;
let distrustingPort: number;

beforeAll(async () => {
  const env = { PUBLIC_URL: home, GATEWAY_HOSTS: listed, TRUST_PROXY: "127.0.0.1" };
  server = await startServer({ env });
  const secure = await server.startNode({ PUBLIC_URL: "https://id.example.com" });
  const distrusting = await server.startNode({ TRUST_PROXY: "10.0.0.0/8" });
  [port, securePort, distrustingPort] = [server, secure, distrusting].map(({ address }) =>
    Number(new URL(address).port),
  ) as [number, number, number];
});
afterAll(() => server.stop());

/** Where /return sends a browser that asks for this address. */
async function followReturn(to: string, at = port): Promise<string | undefined> {
  const { status, headers } = await send(at, `/return?to=${encodeURIComponent(to)}`);
  expect(status).toBe(302);
  return headers.location;
}

/** The return address that the way to sign in keeps, of a request that a proxy tells of. */
async function readReturn(
  [proto, host, uri]: readonly [string, string, string],
  at = port,
): Promise<string | null> {
  const { status, headers } = await send(at, "/verify?redirect=1", {
    headers: { "x-forwarded-proto": proto, "x-forwarded-host": host, "x-forwarded-uri": uri },
  });
  expect(status).toBe(302);
  const address = new URL(headers.location ?? "");
  expect(address.pathname).toBe("/sign-in");
  return address.searchParams.get("return");
}

describe("a listed host", () => {
  test.each([
    ["http://app.example.com", "http://app.example.com/"],
    ["https://app.example.com/page?a=1&b=%26#part", "https://app.example.com/page?a=1&b=%26#part"],
    ["https://APP.Example.COM/Page", "https://app.example.com/Page"],
    ["https://app.example.com:8443/", "https://app.example.com:8443/"],
    ["https://app.example.com:443/", "https://app.example.com/"],
    ["https://app.example.com?next=https://evil.example", null],
    ["https://app.example.com/@evil.example//evil.example", null],
    ["https://tools.example.com:8443/x", null],
    ["https://default.example.com/x", null],
    ["http://[::1]:9000/x", null],
  ])("is where %s leads", async (to, expected) => {
    expect(await followReturn(to)).toBe(expected ?? new URL(to).href);
  });

  test.each([
    ["http", "app.example.com", "/"],
    ["https", "app.example.com:444", "/a%2fb/../c?d=/e&f=%0a"],
    ["https", "APP.example.com", "//evil.example/x"],
    ["https", "tools.example.com:8443", "/@evil.example"],
  ])("is kept when a proxy tells of %s://%s%s", async (proto, host, uri) => {
    const expected = new URL(`${proto}://${host}${uri}`).href;
    expect(await readReturn([proto, host, uri])).toBe(expected);
    const { headers } = await send(port, "/verify", {
      headers: { "x-forwarded-proto": proto, "x-forwarded-host": host, "x-forwarded-uri": uri },
    });
    const forNginx = new URL(String(headers["x-rollcall-sign-in"]));
    expect(forNginx.searchParams.get("return")).toBe(expected);
  });
});

const foreign = [
  "",
  "/",
  "//evil.example",
  "///evil.example",
  "////evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "\\/evil.example",
  "https:evil.example",
  "https:/evil.example",
  "https:///evil.example",
  "https:\\\\evil.example",
  "https://\\evil.example",
  "https://evil.example",
  "HTTPS://EVIL.EXAMPLE",
  "hTTps://eViL.example/app.example.com",
  "%2f%2fevil.example",
  "/%2fevil.example",
  "https:%2f%2fevil.example",
  "https://app.example.com%2fevil.example",
  "https://app.example.com%00.evil.example",
  "https://app.example.com%40evil.example",
  "https://app.example.com@evil.example",
  "https://app.example.com:443@evil.example/",
  "https://user:password@app.example.com/",
  "https://@app.example.com/",
  "https://evil.example@app.example.com/",
  "https://app.example.com\\@evil.example",
  "https://evil.example\\.app.example.com",
  "https://evil.example#.app.example.com",
  "https://evil.example?.app.example.com",
  "https://evil.example/https://app.example.com",
  "https://app.example.com.evil.example",
  "https://evilapp.example.com",
  "https://app-example.com",
  "https://appXexample.com",
  "https://example.com",
  "https://x.app.example.com",
  "https://app.example.com./",
  "https://app.example.com..",
  "https://.app.example.com",
  "https://app..example.com",
  "https://app.example.com:99999/",
  "https://app.example.com:-1/",
  "https://app.example.com:80x/",
  "https://app.example.com:443:443/",
  "https://tools.example.com/",
  "https://tools.example.com:8444/",
  "http://default.example.com/",
  "http://[::1]/",
  "http://[::1/",
  "http://[::2]:9000/",
  "https://аpp.example.com",
  "https://xn--pp-6kc.example.com",
  "https://ⓐpp.example.com",
  "https://app。example。com",
  "https://app.example.com／evil.example",
  "https:／／evil.example",
  "https://evil.example⁄app.example.com",
  "https://app.example.com﹖evil",
  "https://app.example.com\u2028.evil.example",
  "https://app.example.com\r\nSet-Cookie: a=b",
  "https://app.example.com/\r\nLocation: https://evil.example",
  "https://app.example.com/%0d%0a\nx",
  "ht\ttps://evil.example",
  "https://ev\til.example",
  "https://app.exam\tple.com",
  "/\t/evil.example",
  "\thttps://app.example.com",
  " https://app.example.com",
  "https://app.example.com ",
  "https://app.example.com\u0000",
  "javascript:alert(1)//app.example.com",
  "java\nscript://app.example.com/%0aalert(1)",
  "data:text/html,app.example.com",
  "ftp://app.example.com/",
  "ws://app.example.com/",
  "blob:https://app.example.com/x",
  "app.example.com",
  "//app.example.com/",
  "https://",
  "https://?app.example.com",
  `https://app.example.com/${"a".repeat(2048)}`,
];

test.each(foreign)("nobody is sent to %j, but home", async (to) => {
  expect(await followReturn(to)).toBe(`${home}/`);
});

test.each(["/return", "/return?", "/return?to", "/return?TO=https://app.example.com/"])(
  "%s leads home",
  async (target) => {
    expect(await send(port, target)).toMatchObject({
      status: 302,
      headers: { location: `${home}/`, "cache-control": "no-store" },
    });
  },
);

test("of two return addresses the first counts", async () => {
  const to = ["https://evil.example", "https://app.example.com/"].map(encodeURIComponent);
  const { headers } = await send(port, `/return?to=${to[0]}&to=${to[1]}`);
  expect(headers.location).toBe(`${home}/`);
});

test.each([
  ["https", "evil.example", "/"],
  ["https", "app.example.com, evil.example", "/"],
  ["https", "evil.example, app.example.com", "/"],
  ["https", "app.example.com@evil.example", "/"],
  ["https", "evil.example/", "/"],
  ["https", "app.example.com", ".evil.example/"],
  ["https", "app.example.com", ":8443/"],
  ["https", "app.example.com", "@evil.example/"],
  ["https", "app.example.com", "https://evil.example/"],
  ["https", "app.example.com", ""],
  ["https", "app.example.com", "/\\evil.example"],
  ["https", "app.example.com", "/a b"],
  ["https", "", "/evil.example"],
  ["https", "app.example.com.", "/"],
  ["https", "xn--pp-6kc.example.com", "/"],
  ["javascript", "app.example.com", "/%0aalert(1)"],
  ["https://evil.example/", "app.example.com", "/"],
  ["https, http", "app.example.com", "/"],
  ["", "app.example.com", "/"],
] as const)("no return address is made of %j, %j, %j", async (...told) => {
  expect(await readReturn(told)).toBeNull();
});

test("headers of a like name, or sent twice, are not read", async () => {
  for (const [name, value] of [
    ["x_forwarded_host", "app.example.com"],
    ["x.forwarded.host", "app.example.com"],
    ["x-forwarded-host", ["app.example.com", "evil.example"]],
    ["x-original-url", "https://app.example.com/"],
  ] as const) {
    const headers = {
      "x-forwarded-proto": "https",
      "x-forwarded-uri": "/",
      [name]: [value].flat(),
    };
    const answer = await send(port, "/verify?redirect=1", { headers });
    expect(answer.headers.location).toBe(`${home}/sign-in`);
  }
});

test("who is no trusted proxy tells of no return address", async () => {
  const told = ["https", "app.example.com", "/page"] as const;
  expect(await readReturn(told)).toBe("https://app.example.com/page");
  expect(await readReturn(told, distrustingPort)).toBeNull();
});

test("from https nobody is sent back to http", async () => {
  expect(await followReturn("http://app.example.com/", securePort)).toBe("https://id.example.com/");
  expect(await followReturn("https://app.example.com/", securePort)).toBe(
    "https://app.example.com/",
  );
  expect(await readReturn(["http", "app.example.com", "/"], securePort)).toBeNull();
});

test("whatever is put together, a browser ends up at a listed host or at home", async () => {
  const hosts = [...listed.split(","), "id.example.com"];
  const pieces = ["https", "http", ":", "/", "//", "\\", "@", "#", "?", "%2f", "%5c", "%40", "%"];
  const places = [
    "app.example.com",
    "evil.example",
    "tools.example.com:8443",
    ":443",
    ".",
    "[::1]",
  ];
  const tricks = ["\t", "\n", " ", "／", "。", "\u00ad", "а", "xn--", "www.", "javascript:"];
  const address = fc
    .array(fc.constantFrom(...pieces, ...places, ...tricks), { maxLength: 8 })
    .map((parts) => parts.join(""));
  const anyAddress = fc.oneof(
    address,
    address.map((rest) => `https://app.example.com${rest}`),
    address.map((rest) => `https://${rest}app.example.com/`),
    fc.webUrl(),
  );
  await fc.assert(
    fc.asyncProperty(anyAddress, async (to) => {
      const location = (await followReturn(to)) ?? "";
      expect(location).toMatch(/^https?:\/\/[\x21-\x7e]+$/);
      const { protocol, hostname, port: explicit } = new URL(location, home);
      const at = explicit || (protocol === "https:" ? "443" : "80");
      expect(hosts.some((host) => host === hostname || host === `${hostname}:${at}`)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
