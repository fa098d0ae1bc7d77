// koa-session on our own store: each of its known traps (pitfalls 2a), sprung on purpose.
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import Koa, { type Context } from "koa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createKept } from "../../server/http/kept.ts";
import type { Held } from "../../server/domain/door.ts";
import { DomainError } from "../../shared/errors.ts";
import {
  createBrowser,
  eventually,
  goodPassword,
  next,
  signInBrowser,
  type Answer,
  type Browser,
} from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => void (server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } })));
afterAll(() => server.stop());

async function rowOf(id: string): Promise<Map<string, string>> {
  const flat = (await server.command("HGETALL", `{${id.slice(0, 3)}}s:${id}`)) as string[];
  const fields = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) fields.set(flat[at], flat[at + 1]);
  return fields;
}

describe("preferences, kept on the session", () => {
  test("are the device's own, and are there on every node", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    expect((await browser.get("/api/preferences")).body).toEqual({ theme: "system" });
    const answer = await browser.put("/api/preferences", { theme: "dark" });
    expect(answer).toMatchObject({ status: 200, body: { theme: "dark" } });
    browser.moveTo(server.nodes[1].address);
    expect((await browser.get("/api/preferences")).body).toEqual({ theme: "dark" });
    const { browser: elsewhere } = await signInBrowser(server.address, account.username);
    expect((await elsewhere.get("/api/preferences")).body).toEqual({ theme: "system" });
  });

  test("set no cookie, and put nothing else on the row: no day's expiry, nothing about the account", async () => {
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.address, account.username);
    const before = await rowOf(id);
    const cookie = browser.cookies.get("rollcall");
    for (const theme of ["dark", "light"]) {
      const answer = await browser.put("/api/preferences", { theme });
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    const after = await rowOf(id);
    const { _expire, _maxAge, ...blob } = JSON.parse(after.get("j") ?? "");
    expect(blob).toEqual({ preferences: { theme: "light" } });
    // koa-session's own clock lies beyond every lifetime, so that only ours can end a session.
    const fourHundredDays = 400 * 24 * 60 * 60 * 1000;
    expect(_expire - Date.now()).toBeGreaterThan(fourHundredDays);
    expect(_maxAge).toBeGreaterThan(fourHundredDays);
    for (const field of ["s", "j", "w"]) for (const row of [before, after]) row.delete(field);
    expect(after).toEqual(before);
    expect(browser.cookies.get("rollcall")).toBe(cookie);
  });

  test("asked for with an old secret open no guest session, whose cookie would replace the new secret", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const otherTab = createBrowser(server.address);
    for (const [name, value] of browser.cookies) otherTab.cookies.set(name, value);
    await browser.post("/api/reauthenticate", { password: goodPassword });
    for (const answer of [
      await otherTab.put("/api/preferences", { theme: "dark" }),
      await otherTab.get("/api/preferences"),
    ]) {
      expect(answer).toMatchObject({ status: 401, body: { code: "stale_token" } });
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect((await browser.get("/api/preferences")).body).toEqual({ theme: "system" });
    // Whoever has nothing but the old secret can still sign in.
    expect((await otherTab.signIn(account.username)).status).toBe(200);
  });

  test("never bring back a session that ended while the request was on its way", async () => {
    const account = await server.createAccount();
    const { browser: laptop } = await signInBrowser(server.nodes[1].address, account.username);
    const { browser: phone, id } = await signInBrowser(server.nodes[0].address, account.username);
    const body = JSON.stringify({ theme: "dark" });
    const request = openRequest(server.nodes[0].address, [
      "PUT /api/preferences HTTP/1.1",
      "Host: localhost",
      "Sec-Fetch-Site: same-origin",
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
      `Cookie: ${phone.cookieHeader()}`,
      "Connection: close",
    ]);
    request.write(body.slice(0, 5));
    await request.received();

    expect((await laptop.delete(`/api/sessions/${id}`)).body).toMatchObject({ ended: 1 });
    request.write(body.slice(5));
    const answer = await request.answer;

    expect(answer).not.toContain(" 200 ");
    const row = await rowOf(id);
    expect(row.get("z")).toBe("revoked");
    expect(row.has("j")).toBe(false);
    expect(await phone.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { code: "session_ended", reason: "revoked" },
    });
    const { body: list } = await laptop.get("/api/sessions");
    expect(list.sessions.map((one: { id: string }) => one.id)).not.toContain(id);
  });
});

describe("a handler that changes what is kept", () => {
  let app: TestApp;
  let browser: Browser;
  let id: string;
  let held: Held;

  beforeAll(async () => void (app = await startApp()));
  afterAll(() => app.close());
  beforeEach(async () => {
    const account = await server.createAccount();
    ({ browser, id } = await signInBrowser(server.address, account.username));
    const token = browser.cookies.get("rollcall") ?? "";
    held = await server.nodes[0].core.sessions.holdNow(token);
  });

  const countKeys = async () => (await server.command("DBSIZE")) as number;
  const dark = { preferences: { theme: "dark" as const } };

  test.each(["returns", "throws"])(
    "while its session ends leaves a tombstone (%s)",
    async (how) => {
      let release = () => {};
      const gate = new Promise<void>((resolve) => (release = resolve));
      let inside = () => {};
      const entered = new Promise<void>((resolve) => (inside = resolve));
      const asking = app.ask(held, async (ctx) => {
        Object.assign(sessionOf(ctx), dark);
        inside();
        await gate;
        Object.assign(sessionOf(ctx), { preferences: { theme: "light" } });
        if (how === "throws") throw new Error("the handler broke");
      });
      await entered;
      expect((await browser.post("/api/sign-out")).status).toBe(204);
      await server.nodes[0].core.settled();
      const before = [await rowOf(id), await countKeys()];
      release();
      const answer = await asking;

      expect(answer.status).toBe(how === "throws" ? 500 : 503);
      expect([await rowOf(id), await countKeys()]).toEqual(before);
      expect((await rowOf(id)).get("z")).toBe("signed_out");
    },
  );

  test("and then throws keeps nothing, and its own error is what is answered", async () => {
    const answer = await app.ask(held, (ctx) => {
      Object.assign(sessionOf(ctx), dark);
      throw new Error("the handler broke");
    });
    expect(answer).toMatchObject({ status: 500, body: "the handler broke" });
    expect((await rowOf(id)).has("j")).toBe(false);
    expect((await browser.get("/api/preferences")).body).toEqual({ theme: "system" });
  });

  test("loses no update silently: of two at the same time one is kept whole, the other is told", async () => {
    let entered = 0;
    let release = () => {};
    const both = new Promise<void>((resolve) => (release = resolve));
    const write = (theme: "dark" | "light") =>
      app.ask(held, async (ctx) => {
        if (++entered === 2) release();
        await both;
        Object.assign(sessionOf(ctx), { preferences: { theme }, [`only-${theme}`]: true });
      });
    const answers = await Promise.all([write("dark"), write("light")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 503]);
    const winner = answers[0].status === 200 ? "dark" : "light";
    const { _expire, _maxAge, ...blob } = JSON.parse((await rowOf(id)).get("j") ?? "");
    void [_expire, _maxAge];
    expect(blob).toEqual({ preferences: { theme: winner }, [`only-${winner}`]: true });
    expect((await rowOf(id)).get("w")).toBe("1");
  });

  test.each([
    ["another object", (ctx: Context) => void Object.assign(ctx, { session: dark })],
    ["nothing", (ctx: Context) => void Object.assign(ctx, { session: null })],
    [
      "nothing and then another object",
      (ctx: Context) =>
        void Object.assign(Object.assign(ctx, { session: null }), { session: dark }),
    ],
  ])(
    "by assigning %s to ctx.session gets no other session and sends no cookie",
    async (_what, assign) => {
      const before = await countKeys();
      const answer = await app.ask(held, assign);
      expect(answer.cookies).toEqual([]);
      expect(await countKeys()).toBe(before);
      expect((await browser.get("/api/me")).body.session.id).toBe(id);
      expect((await rowOf(id)).get("v")).toBe("1");
    },
  );

  test("cannot reach what decides about access, whatever it names its fields", async () => {
    const before = await rowOf(id);
    await app.ask(held, (ctx) => {
      Object.assign(sessionOf(ctx), {
        a: "0000000000000000",
        z: "signed_out",
        e: 0,
        v: 99,
        h: "x",
      });
    });
    const after = await rowOf(id);
    for (const field of ["j", "w", "s"]) after.delete(field);
    before.delete("s");
    expect(after).toEqual(before);
    expect((await browser.get("/api/sessions")).status).toBe(200);
  });

  test("changes nothing where nothing was changed: reading writes nothing", async () => {
    expect((await app.ask(held, () => {})).status).toBe(200);
    expect((await rowOf(id)).has("j")).toBe(false);
    expect((await rowOf(id)).has("w")).toBe(false);
  });

  test("of a visitor without a session keeps nothing and opens nothing", async () => {
    const before = await countKeys();
    const answer = await app.ask(null, () => {});
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect(await countKeys()).toBe(before);
  });
});

describe("the session cookie", () => {
  test("is opaque and unsigned, and is sent only when a session is opened or its secret changes", async () => {
    const account = await server.createAccount();
    const browser = createBrowser(server.address);
    const named = ({ headers }: Answer, isRemoved: boolean) =>
      headers
        .getSetCookie()
        .filter((header) => header.includes("Max-Age=0") === isRemoved)
        .map((header) => header.split("=")[0]);
    const namesSet = (answer: Answer) => named(answer, false);
    const signedIn = await browser.signIn(account.username);
    expect(namesSet(signedIn)).toEqual(["rollcall", "rollcall-device"]);
    expect(browser.cookies.get("rollcall")).toMatch(/^[0-9a-z]{20}\.[\w-]{43}$/);
    for (const header of signedIn.headers.getSetCookie())
      expect(header).toMatch(/; Path=\/;.*HttpOnly; SameSite=Lax/);
    // A browser session's cookie: the browser forgets it, the server decides when it dies.
    expect(signedIn.headers.getSetCookie()[0]).not.toMatch(/Max-Age|Expires/);
    const { id } = signedIn.body.session;
    for (const answer of [
      await browser.get("/api/me"),
      await browser.get("/api/sessions"),
      await browser.put("/api/preferences", { theme: "dark" }),
      await browser.get("/api/preferences"),
      await browser.patch(`/api/sessions/${id}`, { name: "Desk" }),
      await browser.get("/"),
      await browser.get("/api/nowhere"),
    ])
      expect(answer.headers.getSetCookie()).toEqual([]);
    const reauthenticated = await browser.post("/api/reauthenticate", {
      password: goodPassword,
    });
    expect(namesSet(reauthenticated)).toEqual(["rollcall"]);
    const signedOut = await browser.post("/api/sign-out");
    expect(namesSet(signedOut)).toEqual([]);
    expect(named(signedOut, true)).toEqual(["rollcall", "rollcall-remember"]);
  });

  test("of an ended session stays, so that every tab of the browser learns why", async () => {
    const account = await server.createAccount();
    const { browser: laptop } = await signInBrowser(server.address, account.username);
    const { browser: phone, id } = await signInBrowser(server.nodes[1].address, account.username);
    const page = await phone.openPage();
    const signedOut = next(page, "signed-out");
    await laptop.delete(`/api/sessions/${id}`);
    await signedOut;
    for (let tab = 0; tab < 3; tab++) {
      const answer = await phone.get("/api/me");
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(answer.body).toMatchObject({
        account: null,
        session: null,
        ended: { reason: "revoked", by: { username: account.username } },
      });
    }
    // Public routes treat it as none.
    expect((await phone.get("/api/preferences")).body).toEqual({ theme: "system" });
    phone.close();
  });
});

type Work = (ctx: Context) => Promise<void> | void;

interface TestApp {
  ask(held: Held | null, work: Work): Promise<{ status: number; body: string; cookies: string[] }>;
  close(): Promise<void>;
}

/** koa-session as the server mounts it, with nothing of ours around it but what it is given. */
async function startApp(): Promise<TestApp> {
  const app = new Koa();
  app.silent = true;
  const kept = createKept(app, server.nodes[0].core.sessionStore);
  const works = new Map<string, { held: Held | null; work: Work }>();
  let asked = 0;
  app.use(async (ctx) => {
    const { held, work } = works.get(ctx.path) ?? { held: null, work: () => {} };
    Object.assign(ctx.state, { held });
    try {
      await kept.use(ctx, () => work(ctx));
      ctx.body = "done";
    } catch (error) {
      ctx.status = error instanceof DomainError && error.code === "unavailable" ? 503 : 500;
      ctx.body = error instanceof Error ? error.message : "";
    }
  });
  const answer = app.callback();
  const http: Server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    async ask(held, work) {
      const path = `/${++asked}`;
      works.set(path, { held, work });
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      const cookies = response.headers.getSetCookie();
      return { status: response.status, body: await response.text(), cookies };
    },
    close: () => new Promise((resolve) => http.close(() => resolve())),
  };
}

const sessionOf = (ctx: Context): object => (ctx as unknown as { session: object }).session;

/** A request written piece by piece. */
function openRequest(address: string, head: readonly string[]) {
  const { port } = new URL(address);
  const socket = connect(Number(port), "127.0.0.1");
  let received = "";
  socket.setEncoding("utf8").on("data", (text: string) => (received += text));
  const answer = new Promise<string>((resolve) => socket.once("close", () => resolve(received)));
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  return {
    write: (text: string) => void socket.write(text),
    answer,
    /** The server has taken this session up: it counts as used since. */
    async received(): Promise<void> {
      await eventually(() => socket.bytesWritten > 0 && socket.writableLength === 0);
      // Requests are taken up in order: when a later one is answered, this one's session has been loaded.
      await createBrowser(address).get("/healthz");
    },
  };
}
