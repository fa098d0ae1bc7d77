// Sessions end by themselves: after their idle time, and at their absolute end whatever happens. Only what a
// person does counts as use.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createBrowser,
  eventually,
  goodPassword,
  next,
  setUpAdmin,
  signInBrowser,
  type Browser,
} from "../support/client.ts";
import { setupToken, startServer, type TestServer } from "../support/server.ts";

const background = { "rollcall-background": "1" };
const endedBy = (reason: string) => ({ status: 401, body: { code: "session_ended", reason } });

/** Asks again and again as `ask` does, until the session is refused; answers the refusal. */
const untilRefused = (ask: () => ReturnType<Browser["get"]>) =>
  eventually(async () => {
    const answer = await ask();
    return answer.status === 401 && answer;
  }, 20_000);

describe.concurrent("a session that nobody uses", () => {
  let server: TestServer;
  beforeAll(async () => {
    const env = { RATE_LIMITS: "off", SESSION_IDLE: "2s", GUEST_LIFETIME: "2s" };
    server = await startServer({ nodes: 2, env });
  });
  afterAll(() => server.stop());

  test("ends as idle, is refused on every node, and stays in the list of ended ones", async () => {
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.nodes[0].address, account.username);
    const other = await signInBrowser(server.nodes[1].address, account.username);
    const page = await browser.openPage();
    const signedOut = next(page, "signed-out");
    const gone = new Promise((resolve) => page.once("disconnect", resolve));
    // The other device is in use all the while, and lives on.
    const list = await eventually(async () => {
      const { body } = await other.browser.get("/api/sessions");
      return (body.ended as { id: string; reason: string }[]).length > 0 && body;
    }, 20_000);

    expect(list.ended).toMatchObject([{ id, reason: "expired_idle" }]);
    expect(list.ended[0].by).toBeUndefined();
    expect(list.sessions.map((one: { id: string }) => one.id)).toEqual([other.id]);
    expect(await signedOut).toMatchObject({ reason: "expired_idle" });
    expect(await gone).toBe("io server disconnect");
    for (const { address } of server.nodes) {
      browser.moveTo(address);
      expect(await browser.get("/api/sessions")).toMatchObject(endedBy("expired_idle"));
    }
    expect((await browser.get("/api/me")).body.ended.reason).toBe("expired_idle");
  });

  test("is not kept alive by snapshots and polling, nor by a page that is only open", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const page = await browser.openPage();
    const signedOut = next(page, "signed-out");
    const ask = () => browser.get("/api/me", background);
    await eventually(async () => (await ask()).body.session === null, 20_000);
    expect((await ask()).body.ended.reason).toBe("expired_idle");
    expect((await signedOut).reason).toBe("expired_idle");
  });

  test("is kept alive by requests on any node, and says when it would end", async () => {
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.nodes[0].address, account.username);
    const opened = (await browser.get("/api/me")).body.session;
    // Beyond its idle time and all that the server waits for activity of other nodes.
    const wouldHaveEnded = Date.parse(opened.createdAt) + 2000 + 2500;
    let turn = 0;
    const later = await eventually(async () => {
      browser.moveTo(server.nodes[turn++ % 2].address);
      const { status, body } = await browser.get("/api/sessions");
      expect(status).toBe(200);
      const [row] = body.sessions;
      return Date.parse(row.lastSeenAt) > wouldHaveEnded && row;
    }, 20_000);
    expect(later.id).toBe(id);
    expect(Date.parse(later.idleExpiresAt)).toBe(Date.parse(later.lastSeenAt) + 2000);
    expect(later.expiresAt).toBe(opened.expiresAt);
  });

  test("is kept alive by real input in a page", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const page = await browser.openPage();
    const before = (await browser.get("/api/sessions", background)).body.sessions[0].lastSeenAt;
    expect(await page.emitWithAck("active")).toEqual({ ok: true });
    await eventually(async () => {
      const { body } = await browser.get("/api/sessions", background);
      return body.sessions[0].lastSeenAt > before;
    });
    browser.close();
  });

  test("of a guest ends too, and the next write opens another", async () => {
    const visitor = createBrowser(server.address);
    await visitor.put("/api/preferences", { theme: "dark" });
    const { id } = (await visitor.get("/api/me")).body.session;
    const me = await eventually(async () => {
      const { body } = await visitor.get("/api/me", background);
      return body.session === null && body;
    }, 20_000);
    expect(me.ended.reason).toBe("expired_idle");
    await visitor.put("/api/preferences", { theme: "light" });
    const next = (await visitor.get("/api/me")).body.session;
    expect(next).toMatchObject({ kind: "guest" });
    expect(next.id).not.toBe(id);
  });

  test("leaves the admin's list without anybody asking for it", async () => {
    const admin = await setUpAdmin(server.nodes[1].address, setupToken);
    const account = await server.createAccount();
    const { id } = await signInBrowser(server.nodes[0].address, account.username);
    const listed = async (): Promise<boolean> => {
      const { body } = await admin.get(`/api/admin/sessions?q=${account.username}`);
      return body.sessions.some((one: { id: string }) => one.id === id);
    };
    expect(await listed()).toBe(true);
    await eventually(async () => !(await listed()), 20_000);
    admin.close();
  });
});

describe.concurrent("a session at its absolute end", () => {
  let server: TestServer;
  beforeAll(async () => {
    const env = { RATE_LIMITS: "off", SESSION_IDLE: "3s", SESSION_LIFETIME: "3s" };
    server = await startServer({ nodes: 2, env });
  });
  afterAll(() => server.stop());

  test("ends although it is used all the time, and nothing it does prolongs it", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const { expiresAt } = (await browser.get("/api/me")).body.session;
    const page = await browser.openPage();
    const signedOut = next(page, "signed-out");
    const again = await browser.post("/api/reauthenticate", {
      password: goodPassword,
    });
    expect(again.body.session.expiresAt).toBe(expiresAt);
    const refusal = await untilRefused(() => browser.get("/api/sessions"));
    expect(refusal).toMatchObject(endedBy("expired_lifetime"));
    expect(Date.parse(refusal.body.at)).toBeGreaterThanOrEqual(Date.parse(expiresAt));
    expect((await signedOut).reason).toBe("expired_lifetime");
    expect(await browser.post("/api/reauthenticate", { password: goodPassword })).toMatchObject(
      endedBy("expired_lifetime"),
    );
    await expect(browser.openPage()).rejects.toMatchObject({
      data: { code: "session_ended", reason: "expired_lifetime" },
    });
  });
});
