// A change of permissions: data in every open page at once, the next request judged by it, nobody signed out.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, next, setUpAdmin, signInBrowser, type Browser } from "../support/client.ts";
import { setupToken, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let here: string;
let there: string;
let admin: Browser;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  [here, there] = server.nodes.map(({ address }) => address);
  admin = await setUpAdmin(here, setupToken);
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

const setPermissions = (id: string, permissions: string[]) =>
  admin.put(`/api/admin/accounts/${id}/permissions`, { permissions });

describe("a change of permissions", () => {
  test("reaches every open page of the account on every node, and of nobody else", async () => {
    const account = await server.createAccount(["desk:reserve", "sessions:read"]);
    const { browser: laptop } = await signInBrowser(here, account.username);
    const { browser: phone } = await signInBrowser(there, account.username);
    const { browser: stranger } = await signInBrowser(
      there,
      (await server.createAccount()).username,
    );
    const pages = [await laptop.openPage(), await laptop.openPage(), await phone.openPage()];
    const strangersPage = await stranger.openPage();
    const overheard: string[] = [];
    strangersPage.onAny((event: string) => overheard.push(event));
    const told = pages.map((page) => next(page, "permissions:changed"));

    const answer = await setPermissions(account.id, ["accounts:read", "desk:reserve"]);

    expect(answer).toMatchObject({
      status: 200,
      body: {
        account: { permissions: ["accounts:read", "desk:reserve"] },
        receipt: { ended: 0, confirmed: { nodes: 2, of: 2 }, sockets: 0 },
      },
    });
    for (const change of await Promise.all(told))
      expect(change).toMatchObject({
        permissions: ["accounts:read", "desk:reserve"],
        added: ["accounts:read"],
        removed: ["sessions:read"],
        by: { username: "admin" },
      });
    for (const browser of [laptop, phone]) {
      expect((await browser.get("/api/me")).body.permissions).toEqual([
        "accounts:read",
        "desk:reserve",
      ]);
      expect((await browser.get("/api/admin/accounts")).status).toBe(200);
      expect(await browser.get("/api/admin/sessions")).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
    }
    // Nobody was signed out for it.
    for (const page of pages) expect(page.connected).toBe(true);
    const { body } = await laptop.get("/api/sessions");
    expect(body.sessions).toHaveLength(2);
    expect(body.ended).toEqual([]);
    expect(overheard).not.toContain("permissions:changed");
    for (const browser of [laptop, phone, stranger]) browser.close();
  });

  test("is what the very next request on either node is judged by, again and again", async () => {
    const account = await server.createAccount();
    const { browser: laptop } = await signInBrowser(here, account.username);
    const { browser: phone } = await signInBrowser(there, account.username);
    for (let round = 0; round < 5; round++)
      for (const granted of [true, false]) {
        await setPermissions(account.id, granted ? ["accounts:read"] : []);
        const answers = await Promise.all(
          [laptop, phone].map((browser) => browser.get("/api/admin/accounts")),
        );
        expect(answers.map(({ status }) => status)).toEqual(granted ? [200, 200] : [403, 403]);
      }
  });

  test("makes a page leave at once what it may no longer watch", async () => {
    const account = await server.createAccount(["sessions:read"]);
    const { browser } = await signInBrowser(there, account.username);
    const page = await browser.openPage();
    expect(await page.emitWithAck("watch", { topic: "sessions" })).toEqual({ ok: true });
    const adminPage = await admin.openPage();
    await adminPage.emitWithAck("watch", { topic: "sessions" });
    const first = next(page, "sessions");
    await signInBrowser(there, (await server.createAccount()).username);
    await first;

    const told = next(page, "permissions:changed");
    await setPermissions(account.id, []);
    await told;
    const batches: unknown[] = [];
    page.on("sessions", (batch) => batches.push(batch));

    // What happens now, the admin's page sees and this one does not.
    const { id } = await signInBrowser(there, (await server.createAccount()).username);
    const seen = next(adminPage, "sessions", ({ opened, ended }) =>
      [...opened, ...ended].some((one) => one.id === id),
    );
    await admin.delete(`/api/admin/sessions/${id}`);
    await seen;
    // Whatever its own node would have sent comes before the answer to this.
    await eventually(async () => {
      const answer = await page.emitWithAck("watch", { topic: "sessions" });
      return !answer.ok && answer.code === "forbidden";
    });
    expect(batches).toEqual([]);

    await setPermissions(account.id, ["sessions:read"]);
    expect(await page.emitWithAck("watch", { topic: "sessions" })).toEqual({ ok: true });
    browser.close();
  });

  test("that changes nothing still answers, and removes nothing", async () => {
    const account = await server.createAccount(["desk:reserve"]);
    const { browser } = await signInBrowser(here, account.username);
    const page = await browser.openPage();
    const told = next(page, "permissions:changed");
    await setPermissions(account.id, ["desk:reserve", "desk:reserve"]);
    expect(await told).toMatchObject({ permissions: ["desk:reserve"], added: [], removed: [] });
    browser.close();
  });

  test("to something that is no permission is refused and changes nothing", async () => {
    const account = await server.createAccount(["desk:reserve"]);
    const answer = await setPermissions(account.id, ["root"]);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: "invalid_request", errors: [{ path: "permissions.0" }] },
    });
    const shown = await admin.get(`/api/admin/accounts/${account.id}`);
    expect(shown.body.account.permissions).toEqual(["desk:reserve"]);
  });

  test("of one's own takes effect on the request after", async () => {
    const account = await server.createAccount(["accounts:manage", "accounts:read"]);
    const { browser } = await signInBrowser(there, account.username);
    const change = (permissions: string[]) =>
      browser.put(`/api/admin/accounts/${account.id}/permissions`, { permissions });
    expect((await change(["accounts:read"])).status).toBe(200);
    expect(await change(["accounts:manage"])).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
  });
});
