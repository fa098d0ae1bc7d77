// The socket's door: who is let in, who is refused and how, and what a page may send.
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { io } from "socket.io-client";
import {
  createBrowser,
  eventually,
  next,
  signInBrowser,
  type Answer,
  type Browser,
  type Page,
} from "../support/client.ts";
import { startServer, type TestAccount, type TestServer } from "../support/server.ts";

let server: TestServer;
let account: TestAccount;
let browser: Browser;

beforeAll(async () => {
  server = await startServer({ env: { RATE_LIMITS: "off" } });
  account = await server.createAccount(["sessions:read"]);
  ({ browser } = await signInBrowser(server.address, account.username));
});
afterAll(async () => {
  browser.close();
  await server.stop();
});

const closing = (page: Page) => new Promise<string>((resolve) => page.once("disconnect", resolve));
async function countSockets(): Promise<number> {
  const { body } = await browser.get("/metrics");
  return Number(/^sockets_connected (\d+)/m.exec(String(body))?.[1]);
}

describe("the handshake", () => {
  test("lets the session's own page in, and a stranger's as a stranger", async () => {
    const page = await browser.openPage();
    expect(await page.emitWithAck("watch", { topic: "sessions" })).toEqual({ ok: true });
    const strangers = await createBrowser(server.address).openPage();
    expect(await strangers.emitWithAck("watch", { topic: "sessions" })).toEqual({
      ok: false,
      code: "not_signed_in",
    });
    expect(await strangers.emitWithAck("active")).toEqual({ ok: false, code: "not_signed_in" });
    strangers.disconnect();
    page.disconnect();
  });

  test("is refused from every origin but our own, with the right cookie too", async () => {
    const { port } = new URL(server.address);
    const origins = [
      "https://evil.example",
      "null",
      "",
      `https://127.0.0.1:${port}`,
      `http://127.0.0.1:${Number(port) + 1}`,
      "http://127.0.0.1",
      `http://127.0.0.1:${port}.evil.example`,
      `http://localhost:${port}`,
      `http://127.0.0.1:${port}/`,
    ];
    for (const origin of origins)
      await expect(browser.openPage({ origin }), origin).rejects.toThrow();
    expect((await browser.openPage()).connected).toBe(true);
  });

  test("needs no origin from what is not a browser", async () => {
    const page: Page = io(server.address, {
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      extraHeaders: { cookie: browser.cookieHeader() },
    });
    await new Promise<void>((resolve) => page.once("connect", resolve));
    expect(await page.emitWithAck("watch", { topic: "sessions" })).toEqual({ ok: true });
    page.disconnect();
  });

  test("knows no polling: neither to begin with nor to go on with", async () => {
    for (const query of ["EIO=4&transport=polling", "EIO=4&transport=polling&sid=whatever"])
      for (const method of ["GET", "POST"]) {
        const answer = await browser.ask(method, `/socket.io/?${query}`);
        expect(answer.status).toBe(400);
        expect(answer.body).not.toHaveProperty("sid");
      }
  });

  test("tells an ended session why, in a code and in full", async () => {
    const { browser: ended, id } = await signInBrowser(server.address, account.username);
    await browser.delete(`/api/sessions/${id}`);
    await expect(ended.openPage()).rejects.toMatchObject({
      data: {
        code: "session_ended",
        reason: "revoked",
        end: { reason: "revoked", by: { username: account.username } },
      },
    });
  });

  test("with a malformed, foreign or doubled cookie is a stranger's", async () => {
    const own = browser.cookieHeader();
    for (const cookie of ["rollcall=nonsense", `other=${"x".repeat(500)}`, `${own}; ${own}`]) {
      const page = await browser.openPage({ cookie });
      expect(await page.emitWithAck("active")).toEqual({ ok: false, code: "not_signed_in" });
      page.disconnect();
    }
  });

  test("of more pages than one session has any use for is closed again", async () => {
    const { browser: hoarder } = await signInBrowser(server.address, account.username);
    const pages = await Promise.all(Array.from({ length: 103 }, () => hoarder.openPage()));
    await eventually(() => pages.filter(({ connected }) => connected).length === 100);
    expect((await hoarder.get("/api/sessions")).status).toBe(200);
    hoarder.close();
  });

  test("raced by the end of its session at any moment leaves no socket behind", async () => {
    const before = await countSockets();
    const outcomes = { refused: 0, closed: 0 };
    for (let round = 0; round < 100; round++) {
      const { browser: racer, id } = await signInBrowser(server.address, account.username);
      const open = () => racer.openPage().catch(() => null);
      const end = () => browser.delete(`/api/sessions/${id}`);
      // By turns one starts a little later than the other, and in the end long after.
      const first = round % 2 === 0 ? open() : end();
      if (round >= 98) await first;
      for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
      const second = round % 2 === 0 ? end() : open();
      const [page, answer] = await Promise.all(round % 2 === 0 ? [first, second] : [second, first]);
      expect((answer as Answer).body.ended).toBe(1);
      if (page === null) outcomes.refused++;
      else {
        await eventually(() => !(page as Page).connected);
        outcomes.closed++;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(0);
    expect(outcomes.closed).toBeGreaterThan(0);
    await eventually(async () => (await countSockets()) <= before);
  });
});

describe("what a page sends", () => {
  test("may ask to watch only what its account has the permission for", async () => {
    const { browser: other } = await signInBrowser(
      server.address,
      (await server.createAccount()).username,
    );
    const page = await other.openPage();
    expect(await page.emitWithAck("watch", { topic: "sessions" })).toEqual({
      ok: false,
      code: "forbidden",
    });
    const batches: unknown[] = [];
    page.on("sessions", (batch) => batches.push(batch));
    const watcher = await browser.openPage();
    await watcher.emitWithAck("watch", { topic: "sessions" });
    const seen = next(watcher, "sessions");
    await signInBrowser(server.address, (await server.createAccount()).username);
    await seen;
    expect(await page.emitWithAck("active")).toEqual({ ok: true });
    expect(batches).toEqual([]);
    other.close();
    watcher.disconnect();
  });

  test("is refused in words where it makes no sense, and the page stays", async () => {
    const page = await browser.openPage();
    const emit = page.emitWithAck.bind(page) as (...sent: unknown[]) => Promise<unknown>;
    const refused = { ok: false, code: "invalid_request" };
    const garbage = [
      null,
      undefined,
      42,
      "sessions",
      [],
      { topic: "secrets" },
      { topic: ["sessions"] },
      { topic: { toString: "sessions" } },
      { __proto__: { topic: "sessions" } },
      { topic: "watch:sessions" },
    ];
    for (const sent of garbage) {
      expect(await emit("watch", sent)).toEqual(refused);
      expect(await emit("unwatch", sent)).toEqual(refused);
    }
    // Without an acknowledgement, with too many arguments, or under names nobody listens to.
    const send = page.emit.bind(page) as (...sent: unknown[]) => void;
    send("watch");
    send("watch", { topic: "sessions" }, "not a function", 7);
    send("active", { deep: { er: [] } });
    send("sessions", { opened: [] });
    send("signed-out", { reason: "admin" });
    expect(await emit("unwatch", { topic: "sessions" })).toEqual({ ok: true });
    expect(page.connected).toBe(true);
    page.disconnect();
  });

  test("is never told to others: a page cannot speak to the pages of its own account", async () => {
    const page = await browser.openPage();
    const other = await browser.openPage();
    const heard: string[] = [];
    other.onAny((event: string) => heard.push(event));
    const send = page.emit.bind(page) as (...sent: unknown[]) => void;
    for (const event of ["signed-out", "session:ended", "permissions:changed"]) send(event, {});
    await page.emitWithAck("active");
    await other.emitWithAck("active");
    expect(heard.filter((event) => event !== "session:changed")).toEqual([]);
    for (const one of [page, other]) one.disconnect();
  });

  test("in too large a frame closes the connection", async () => {
    const page = await browser.openPage();
    const closed = closing(page);
    const send = page.emit.bind(page) as (...sent: unknown[]) => void;
    send("watch", { topic: "x".repeat(20_000) });
    expect(await closed).toMatch(/^transport/);
  });

  test("in binary pieces is no message of ours", async () => {
    const page = await browser.openPage();
    const emit = page.emitWithAck.bind(page) as (...sent: unknown[]) => Promise<unknown>;
    expect(await emit("watch", Buffer.alloc(64))).toEqual({ ok: false, code: "invalid_request" });
    page.disconnect();
  });

  test("in a flood ends the connection, and only that one", async () => {
    const page = await browser.openPage();
    const calm = await browser.openPage();
    const closed = closing(page);
    for (let sent = 0; sent < 500; sent++) page.emit("unwatch", { topic: "sessions" }, () => {});
    expect(await closed).toBe("io server disconnect");
    expect(await calm.emitWithAck("active")).toEqual({ ok: true });
    expect((await browser.get("/api/sessions")).status).toBe(200);
    calm.disconnect();
  });

  test("that is not Socket.IO at all is cut off", async () => {
    const { port } = new URL(server.address);
    const key = Buffer.alloc(16, 7).toString("base64");
    const socket = connect(Number(port), "127.0.0.1");
    let received = "";
    socket.on("data", (bytes) => (received += bytes.toString("latin1")));
    socket.write(
      [
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
        `Host: 127.0.0.1:${port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${key}`,
        "\r\n",
      ].join("\r\n"),
    );
    await eventually(() => received.includes(" 101 "));
    // A masked text frame holding "rubbish".
    socket.write(Buffer.from([0x81, 0x87, 0, 0, 0, 0, ...Buffer.from("rubbish")]));
    const closeFrame = "\u0088";
    await eventually(() => received.includes(closeFrame));
    socket.destroy();
  });
});
