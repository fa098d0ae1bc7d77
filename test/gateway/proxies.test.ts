// An app behind a real nginx and a real Caddy, each with the file that README shows: who gets through, what the
// app is told, and what a client cannot make it believe.
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  createBrowser,
  eventually,
  goodPassword,
  signInBrowser,
  type Browser,
} from "../support/client.ts";
import { startServer, type TestAccount, type TestServer } from "../support/server.ts";
import { startApp, type App, type Arrived } from "./app.ts";
import { startCaddy, startNginx, type Places, type Proxy } from "./proxies.ts";
import { send, type RawAnswer, type RawRequest } from "./request.ts";

const home = "http://id.example.com";
const site = "app.example.com";

let server: TestServer;
let app: App;
let account: TestAccount;
let browser: Browser;
let sessionId: string;
const places = (): Places => ({ rollcall: new URL(server.address).host, app: app.address });

beforeAll(async () => {
  server = await startServer({
    env: {
      PUBLIC_URL: home,
      GATEWAY_HOSTS: site,
      TRUST_PROXY: "127.0.0.1",
      RATE_LIMITS: "off",
      LEASE: "1s",
    },
  });
  app = await startApp();
  account = await server.createAccount(["sessions:read", "activity:read"]);
  ({ browser, id: sessionId } = await signInBrowser(server.address, account.username));
});
afterAll(async () => {
  await app.stop();
  await server.stop();
});
beforeEach(() => void app.arrived.splice(0));

describe.each([
  ["nginx", startNginx],
  ["Caddy", startCaddy],
])("behind %s", (_, startProxy) => {
  let proxy: Proxy;

  beforeAll(async () => {
    proxy = await startProxy(places());
  });
  afterAll(() => proxy.stop());

  /** As a browser that has the app's address open. */
  const visit = (
    target: string,
    { headers = {}, ...rest }: RawRequest = {},
    at = proxy.port,
  ): Promise<RawAnswer> => send(at, target, { ...rest, headers: { host: site, ...headers } });

  const signedIn = (headers: RawRequest["headers"] = {}) => ({
    headers: { cookie: browser.cookieHeader(), ...headers },
  });

  /** The one request that reached the app. */
  function arrival(answer: RawAnswer): Arrived {
    expect(answer.status).toBe(200);
    expect(app.arrived).toHaveLength(1);
    return app.arrived[0];
  }

  function expectSentToSignIn(answer: RawAnswer, target: string): void {
    expect(answer.status).toBe(302);
    const address = new URL(answer.headers.location ?? "");
    expect(address.origin + address.pathname).toBe(`${home}/sign-in`);
    expect(address.searchParams.get("return")).toBe(`http://${site}${target}`);
    expect(app.arrived).toEqual([]);
  }

  test("an app is told who is signed in, by headers and by a signature that it can check", async () => {
    const { headers } = arrival(await visit("/page?a=1", signedIn()));
    expect(headers).toMatchObject({
      "remote-user": account.username,
      "remote-name": account.username,
      "remote-groups": "sessions:read,activity:read",
      "x-rollcall-session": sessionId,
    });
    const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", server.address));
    const { payload } = await jwtVerify(headers["x-rollcall-assertion"] ?? "", keys, {
      issuer: home,
      typ: "rollcall-assertion+jwt",
      algorithms: ["EdDSA"],
      requiredClaims: ["exp", "iat"],
    });
    expect(payload).toMatchObject({
      sub: account.id,
      sid: sessionId,
      preferred_username: account.username,
      groups: ["sessions:read", "activity:read"],
    });
  });

  test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "a %s reaches the app with its method, address and body's length untouched",
    async (method) => {
      const body = method === "GET" ? "" : "some=thing";
      const length: Record<string, string> =
        body === "" ? {} : { "content-length": String(body.length) };
      const target = "/a%2fb/..%2fc?x=%20&y=/verify?permission=nobody";
      const options = { method, body, ...signedIn(length) };
      const arrived = arrival(await visit(target, options));
      expect(arrived).toMatchObject({ method, url: target, headers: length });
    },
  );

  test("HEAD is let through as GET is", async () => {
    expect(await visit("/", { method: "HEAD", ...signedIn() })).toMatchObject({ status: 200 });
    expect(await visit("/", { method: "HEAD" })).toMatchObject({ status: 302 });
  });

  test("a stranger is sent to sign in and back to the very page", async () => {
    const target = "/page?q=a%20b&next=https://evil.example/&r=%26";
    expectSentToSignIn(await visit(target), target);
  });

  test("a browser whose session has ended is refused with its next request", async () => {
    const lost = await signInBrowser(server.address, account.username);
    const request = { headers: { cookie: lost.browser.cookieHeader() } };
    expect(await visit("/first", request)).toMatchObject({ status: 200 });
    const receipt = await browser.delete(`/api/sessions/${lost.id}`);
    expect(receipt).toMatchObject({ status: 200, body: { ended: 1 } });
    app.arrived.splice(0);
    expectSentToSignIn(await visit("/second", request), "/second");
  });

  test("a guest is not signed in", async () => {
    const guest = createBrowser(server.address);
    expect(await guest.put("/api/preferences", { theme: "dark" })).toMatchObject({ status: 200 });
    expect(guest.cookieHeader()).toContain("rollcall=");
    const request = { headers: { cookie: guest.cookieHeader() } };
    expectSentToSignIn(await visit("/", request), "/");
  });

  test("who lacks the permission that an app asks for is refused, and gets in once it is given", async () => {
    const guarded = await startProxy({ ...places(), permission: "catalogue:manage" });
    try {
      const refused = await visit("/", signedIn(), guarded.port);
      expect(refused.status).toBe(403);
      expect(app.arrived).toEqual([]);
      expect((await visit("/", {}, guarded.port)).status).toBe(302);
      const manager = await server.createAccount(["catalogue:manage"]);
      const other = await signInBrowser(server.address, manager.username);
      const headers = { cookie: other.browser.cookieHeader() };
      const { headers: told } = arrival(await visit("/", { headers }, guarded.port));
      expect(told).toMatchObject({ "remote-user": manager.username });
    } finally {
      await guarded.stop();
    }
  });

  describe("Authorization", () => {
    const issue = async (body: object) =>
      (await createBrowser(server.address).post("/api/tokens", body)).body as {
        access_token: string;
        session: { id: string };
      };

    test("an access token of ours lets in, and the app does not get to see it", async () => {
      const { access_token: token, session } = await issue({
        grant_type: "password",
        username: account.username,
        password: goodPassword,
      });
      const headers = { authorization: `Bearer ${token}` };
      const arrived = arrival(await visit("/", { headers }));
      expect(arrived.headers).toMatchObject({
        "remote-user": account.username,
        "x-rollcall-session": session.id,
      });
      expect(JSON.stringify(arrived)).not.toContain(token.slice(-20));
      await browser.delete(`/api/sessions/${session.id}`);
      expect((await visit("/", { headers })).status).toBe(302);
    });

    test.each(["Basic YWRhOmxvdmVsYWNl", "Bearer of-the-app", "Digest username=ada"])(
      "the app's own is left alone and lets nobody in: %s",
      async (authorization) => {
        expect((await visit("/", { headers: { authorization } })).status).toBe(302);
        const { headers } = arrival(await visit("/", signedIn({ authorization })));
        expect(headers).toMatchObject({ authorization, "remote-user": account.username });
      },
    );

    test("a cookie wins over a token, also where the cookie is no good", async () => {
      const other = await server.createAccount();
      const { access_token: token } = await issue({
        grant_type: "password",
        username: other.username,
        password: goodPassword,
      });
      const authorization = `Bearer ${token}`;
      const { headers } = arrival(await visit("/", signedIn({ authorization })));
      expect(headers["remote-user"]).toBe(account.username);
      const cookie = `rollcall=${"0".repeat(20)}.${"A".repeat(43)}`;
      expect((await visit("/", { headers: { cookie, authorization } })).status).toBe(302);
    });
  });

  const identities = ["remote-user", "remote-name", "remote-groups", "remote-email"];
  const ours = ["x-rollcall-session", "x-rollcall-assertion", "x-rollcall-sign-in"];
  const forwarded = ["for", "proto", "host", "uri", "method", "port", "prefix", "server", "user"]
    .map((name) => `x-forwarded-${name}`)
    .concat("x-forwarded-groups", "x-real-ip", "forwarded");

  test.each([
    ["as they are", (name: string) => name],
    ["in capitals", (name: string) => name.toUpperCase()],
    ["with underscores", (name: string) => name.replaceAll("-", "_")],
    ["with an underscore at the end", (name: string) => name.replace(/-(?=[^-]*$)/, "_")],
    ["with dots", (name: string) => name.replaceAll("-", ".")],
  ])("what a client says about itself never reaches the app: names %s", async (_, spell) => {
    const names = [...identities, ...ours, ...forwarded];
    const spoofed = Object.fromEntries(names.map((name) => [spell(name), "mallory"]));
    const arrived = arrival(await visit("/", signedIn(spoofed)));
    expect(JSON.stringify(arrived)).not.toContain("mallory");
    expect(arrived.headers["remote-user"]).toBe(account.username);
    // Sent twice as well: not one of two.
    app.arrived.splice(0);
    const twice = Object.fromEntries(
      Object.keys(spoofed).map((name) => [name, ["mallory", "eve"]]),
    );
    const again = arrival(await visit("/", signedIn(twice)));
    expect(JSON.stringify(again)).not.toMatch(/mallory|eve/);
  });

  test("a client cannot choose where it is sent back to", async () => {
    const spoofed = {
      "x-forwarded-host": "evil.example",
      "x-forwarded-uri": "//evil.example/",
      "x-forwarded-proto": "javascript",
      "x-forwarded-for": "10.0.0.1",
      "x-original-url": "https://evil.example/",
    };
    expectSentToSignIn(await visit("/own", { headers: spoofed }), "/own");
    expectSentToSignIn(await visit("//evil.example/x", { headers: spoofed }), "//evil.example/x");
  });

  test("headers named in Connection do not open the door, nor take an identity from the app", async () => {
    const connection = "close, Remote-User, X-Rollcall-Assertion, X-Forwarded-Host";
    expect((await visit("/", { headers: { connection } })).status).toBe(302);
    const { headers } = arrival(await visit("/", signedIn({ connection })));
    expect(headers["remote-user"]).toBe(account.username);
    expect(headers["x-rollcall-assertion"]).toMatch(/^ey/);
  });

  test.each([
    ["first", (cookies: string[]) => [...cookies, "theme=dark", "cart=a=b"]],
    ["last", (cookies: string[]) => ["theme=dark", "cart=a=b", ...cookies]],
    ["between", ([one = "", ...rest]: string[]) => [one, "theme=dark", ...rest, "cart=a=b"]],
  ])("the app gets its own cookies and none of ours, which come %s", async (_, arrange) => {
    const cookies = [
      ...browser.cookieHeader().split("; "),
      "rollcall-remember=family.secret-of-ours",
    ];
    expect(cookies.map((cookie) => cookie.split("=")[0]).sort()).toEqual([
      "rollcall",
      "rollcall-device",
      "rollcall-remember",
    ]);
    const cookie = arrange(cookies).join("; ");
    const arrived = arrival(await visit("/", { headers: { cookie } }));
    const got = (arrived.headers["cookie"] ?? "").split(";").map((pair) => pair.trim());
    expect(got.filter((pair) => pair !== "")).toEqual(["theme=dark", "cart=a=b"]);
    expect(JSON.stringify(arrived)).not.toContain("secret-of-ours");
    expect(JSON.stringify(arrived)).not.toContain(browser.cookies.get("rollcall"));
  });

  test("not one of many cookies that are named as ours reaches the app", async () => {
    const many = ["__Host-", "__Secure-", ""].flatMap((prefix) =>
      ["", "-remember", "-device"].map((name) => `${prefix}rollcall${name}=secret-of-ours`),
    );
    const cookie = [browser.cookieHeader().split("; ")[0], ...many.slice(0, 6), "theme=dark"];
    const arrived = arrival(await visit("/", { headers: { cookie: cookie.join(";") } }));
    expect(JSON.stringify(arrived)).not.toMatch(/secret-of-ours|rollcall=/);
  });

  test("a websocket of the app opens for who is signed in, and for nobody else", async () => {
    const handshake = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    expect((await visit("/live", { headers: handshake })).status).toBe(302);
    expect(app.arrived).toEqual([]);
    expect((await visit("/live", signedIn(handshake))).status).toBe(101);
    expect(app.arrived[0]?.headers).toMatchObject({ "remote-user": account.username });
  });

  test("the app's own 401 reaches the browser as it is", async () => {
    expect(await visit("/own-401", signedIn())).toMatchObject({ status: 401 });
    expect(app.arrived).toHaveLength(1);
  });

  test("without Redis nobody gets in, and everybody again once it is back", async () => {
    expect((await visit("/", signedIn())).status).toBe(200);
    server.redis.pause();
    try {
      const refused = await eventually(async () => {
        const answer = await visit("/", signedIn());
        return answer.status !== 200 && answer;
      });
      expect(refused.status).toBe(503);
      app.arrived.splice(0);
      expect((await visit("/", signedIn())).status).toBe(503);
      expect(app.arrived).toEqual([]);
    } finally {
      server.redis.resume();
    }
    await eventually(async () => (await visit("/", signedIn())).status === 200);
  });

  test("with Rollcall gone nobody gets in", async () => {
    const nowhere = await startProxy({ ...places(), rollcall: "127.0.0.1:9" });
    try {
      const answer = await visit("/", signedIn(), nowhere.port);
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(app.arrived).toEqual([]);
    } finally {
      await nowhere.stop();
    }
  });
});

test("nobody from outside reaches nginx's question itself", async () => {
  const proxy = await startNginx(places());
  try {
    const headers = { host: site, cookie: browser.cookieHeader() };
    expect((await send(proxy.port, "/rollcall-verify", { headers })).status).toBe(404);
  } finally {
    await proxy.stop();
  }
});
