// What a proxy is answered when it asks /verify: the same at every method, never a cookie, never a yes by mistake.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createBrowser,
  eventually,
  goodPassword,
  signInBrowser,
  type Browser,
} from "../support/client.ts";
import { startServer, type TestAccount, type TestServer } from "../support/server.ts";
import { send, type RawAnswer, type RawRequest } from "./request.ts";

let server: TestServer;
let port: number;
let account: TestAccount;
let browser: Browser;
let id: string;

beforeAll(async () => {
  server = await startServer({
    env: { PUBLIC_URL: "http://id.example.com", RATE_LIMITS: "off", SESSION_IDLE: "60s" },
  });
  port = Number(new URL(server.address).port);
  account = await server.createAccount(["sessions:read", "activity:read"]);
  ({ browser, id } = await signInBrowser(server.address, account.username));
});
afterAll(() => server.stop());

const ask = (query = "", headers: RawRequest["headers"] = {}, method = "GET"): Promise<RawAnswer> =>
  send(port, `/verify${query}`, { method, headers });

const askAs = (asker: Browser, query = "", method = "GET"): Promise<RawAnswer> =>
  ask(query, { cookie: asker.cookieHeader() }, method);

const codeOf = ({ text }: RawAnswer): unknown => (JSON.parse(text) as { code: unknown }).code;

const countOf = async (result: string): Promise<number> => {
  const { text } = await send(port, "/metrics");
  const line = new RegExp(`^verify_requests_total\\{result="${result}"\\} (\\d+)$`, "m");
  return Number(line.exec(text)?.[1] ?? 0);
};

describe("who is let in", () => {
  test("is named in headers that no cache may keep, and nothing else is said", async () => {
    const { status, headers, text } = await askAs(browser);
    expect({ status, text }).toEqual({ status: 200, text: "" });
    expect(headers).toMatchObject({
      "remote-user": account.username,
      "remote-name": account.username,
      "remote-groups": "sessions:read,activity:read",
      "x-rollcall-session": id,
      "x-rollcall-assertion": expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/),
      "cache-control": "no-store",
    });
    expect(headers["set-cookie"]).toBeUndefined();
  });

  test.each(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])(
    "is the same for %s, from whatever site it comes",
    async (method) => {
      const crossSite = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
      const cookie = browser.cookieHeader();
      const letIn = await ask("", { ...crossSite, cookie }, method);
      expect(letIn).toMatchObject({ status: 200, headers: { "remote-user": account.username } });
      expect(await ask("", crossSite, method)).toMatchObject({ status: 401 });
      expect(await ask("?redirect=1", crossSite, method)).toMatchObject({ status: 302 });
    },
  );

  test("has a name that any alphabet may spell, percent-encoded beyond ASCII", async () => {
    for (const [username, name] of [
      ["zoë", "Zoë Łukasz 李"],
      ["per-cent", "100% %C3%A9"],
      ["plain.one", "Ada Lovelace, Countess"],
    ] as const) {
      const person = createBrowser(server.address);
      const body = { username, name, password: goodPassword };
      expect(await person.post("/api/accounts", body)).toMatchObject({ status: 201 });
      const { headers } = await askAs(person);
      expect(headers["remote-user"]).toMatch(/^[\x20-\x7e]+$/);
      expect(headers["remote-name"]).toMatch(/^[\x20-\x7e]+$/);
      expect(decodeURIComponent(String(headers["remote-user"]))).toBe(username);
      expect(decodeURIComponent(String(headers["remote-name"]))).toBe(name);
    }
  });

  test("is seen as active: asking is a person's doing", async () => {
    const watcher = await signInBrowser(server.address, account.username);
    const lastSeen = async (): Promise<string> => {
      const { body } = await watcher.browser.get("/api/sessions", { "rollcall-background": "1" });
      return body.sessions.find((session: { id: string }) => session.id === id).lastSeenAt;
    };
    const before = await lastSeen();
    await eventually(async () => {
      expect((await askAs(browser)).status).toBe(200);
      return (await lastSeen()) > before;
    });
  });
});

describe("who is not let in", () => {
  test("is told why, and where to sign in", async () => {
    const stranger = await ask();
    expect(stranger).toMatchObject({
      status: 401,
      headers: {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "x-rollcall-sign-in": "http://id.example.com/sign-in",
      },
    });
    expect(codeOf(stranger)).toBe("not_signed_in");
    expect(await ask("?redirect=1")).toMatchObject({
      status: 302,
      headers: { location: "http://id.example.com/sign-in", "cache-control": "no-store" },
    });
  });

  test("after an end hears the reason", async () => {
    const lost = await signInBrowser(server.address, account.username);
    expect((await askAs(lost.browser)).status).toBe(200);
    await browser.delete(`/api/sessions/${lost.id}`);
    const refused = await askAs(lost.browser);
    expect(refused.status).toBe(401);
    expect(JSON.parse(refused.text)).toMatchObject({ code: "session_ended", reason: "revoked" });
  });

  test("with a superseded cookie hears that it is stale", async () => {
    const person = await signInBrowser(server.address, account.username);
    const cookie = person.browser.cookieHeader();
    const answer = await person.browser.post("/api/reauthenticate", { password: goodPassword });
    expect(answer.status).toBe(200);
    expect(codeOf(await ask("", { cookie }))).toBe("stale_token");
    expect((await askAs(person.browser)).status).toBe(200);
  });

  test("is a guest, whose session is nobody's account", async () => {
    const guest = createBrowser(server.address);
    await guest.put("/api/preferences", { theme: "dark" });
    expect(guest.cookies.has("rollcall")).toBe(true);
    expect(codeOf(await askAs(guest))).toBe("not_signed_in");
  });

  test("keeps a remember cookie unspent: a proxy could not hand its successor to the browser", async () => {
    const person = createBrowser(server.address);
    const { username } = account;
    const body = { username, password: goodPassword, remember: true };
    expect((await person.post("/api/sign-in", body)).status).toBe(200);
    person.cookies.delete("rollcall");
    const remembered = person.cookies.get("rollcall-remember");
    expect(remembered).toBeDefined();
    for (const query of ["", "?redirect=1"]) {
      const refused = await askAs(person, query);
      expect(refused.status).toBe(query === "" ? 401 : 302);
      expect(refused.headers["set-cookie"]).toBeUndefined();
    }
    expect(await person.get("/api/me")).toMatchObject({ body: { account: { username } } });
    expect(person.cookies.get("rollcall-remember")).not.toBe(remembered);
    expect((await askAs(person)).status).toBe(200);
  });

  test.each([
    ["the session cookie twice", (token: string) => `rollcall=${token}; rollcall=${token}`],
    ["another name's beginning", (token: string) => `rollcall-=${token}; xrollcall=${token}`],
    ["one character less", (token: string) => `rollcall=${token.slice(0, -1)}`],
    ["one character changed", (token: string) => `rollcall=${token.replace(/.$/, "!")}`],
    ["quotes around it", (token: string) => `rollcall="${token}"`],
    ["a remember cookie's name", (token: string) => `rollcall-remember=${token}`],
  ])("sends %s", async (_, cookieOf) => {
    const refused = await ask("", { cookie: cookieOf(browser.cookies.get("rollcall") ?? "") });
    expect(refused.status).toBe(401);
    expect(refused.headers["remote-user"]).toBeUndefined();
  });
});

describe("the question", () => {
  test.each([
    ["?", 200],
    ["?redirect=0", 200],
    ["?permission=sessions:read", 200],
    ["?permission=sessions%3Aread", 200],
    ["?permission=sessions:read&permission=activity:read", 200],
    ["?permission=sessions:read&permission=sessions:end", 403],
    ["?permission=sessions:end&permission=sessions:read", 403],
    ["?redirect=1&permission=sessions:end", 403],
    ["?permission=", 403],
    ["?permission", 403],
    ["?permission=SESSIONS:READ", 403],
    ["?permission=sessions:read%20", 403],
    ["?permission=sessions:read,activity:read", 403],
    ["?permission=%E0%A4%A", 403],
    [`?${"a".repeat(8000)}=1&permission=accounts:manage`, 403],
  ])("%s from somebody who reads sessions and activity is answered %i", async (query, status) => {
    const answer = await askAs(browser, query);
    expect(answer.status).toBe(status);
    expect("remote-user" in answer.headers).toBe(status === 200);
    if (status === 403) expect(codeOf(answer)).toBe("forbidden");
  });

  test("a stranger hears 401 before any permission is looked at", async () => {
    expect((await ask("?permission=sessions:read")).status).toBe(401);
  });

  test.each(["/verify/", "/verify/x", "/verify/?permission=sessions:read"])(
    "misspelled as %s is not found, which no proxy takes for a yes",
    async (target) => {
      const headers = { cookie: browser.cookieHeader(), accept: "text/html" };
      expect((await send(port, target, { headers })).status).toBe(404);
    },
  );

  test.each(["/verifyx", "/VERIFY", "/verify%20", "/api/verify", "/returned?to=x"])(
    "%s is not the gateway's: it names nobody",
    async (target) => {
      const allowed = await countOf("allowed");
      const headers = { cookie: browser.cookieHeader() };
      const answer = await send(port, target, { headers });
      expect(answer.headers["remote-user"]).toBeUndefined();
      expect(await countOf("allowed")).toBe(allowed);
    },
  );

  test("is counted by its answer", async () => {
    const counts = () => Promise.all(["allowed", "refused", "forbidden"].map(countOf));
    const before = await counts();
    await askAs(browser);
    await ask();
    await ask("?redirect=1");
    await askAs(browser, "?permission=sessions:end");
    const after = await counts();
    expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([1, 2, 1]);
  });

  test("that announces a body it never sends spoils no question after it", async () => {
    const cookie = browser.cookieHeader();
    const bytes = `POST /verify HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\nContent-Length: 10\r\n\r\n`;
    const answered = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => void socket.write(bytes));
      let received = "";
      socket.setEncoding("latin1").on("data", (part: string) => (received += part));
      socket.on("error", reject);
      socket.on("end", () => socket.end());
      socket.on("close", () => resolve(received));
    });
    expect(answered).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answered).toMatch(/\r\nConnection: close\r\n/);
  });
});

test("two nodes give the same answer, and refuse together", async () => {
  const other = await server.startNode();
  const lost = await signInBrowser(server.address, account.username);
  const headers = { cookie: lost.browser.cookieHeader() };
  const ports = [port, Number(new URL(other.address).port)];
  const statuses = () =>
    Promise.all(ports.map(async (at) => (await send(at, "/verify", { headers })).status));
  expect(await statuses()).toEqual([200, 200]);
  expect(await statuses()).toEqual([200, 200]);
  const receipt = await browser.delete(`/api/sessions/${lost.id}`);
  expect(receipt.body).toMatchObject({ ended: 1, confirmed: { nodes: 2, of: 2 } });
  expect(await statuses()).toEqual([401, 401]);
});
