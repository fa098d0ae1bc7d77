// What happened, told to whom it concerns and to those who may watch.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Event } from "../../shared/contract/activity.ts";
import {
  createBrowser,
  eventually,
  next,
  setUpAdmin,
  signInBrowser,
  type Browser,
} from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let admin: Browser;

beforeAll(async () => {
  server = await startServer({ nodes: 2 });
  admin = await setUpAdmin(server.address, server.setupToken);
});
afterAll(() => server.stop());

const typesOf = (events: readonly Event[]) => events.map(({ type }) => type);

describe("one's own history", () => {
  test("tells of sign-ins, ends and who did them, newest first, and of nobody else", async () => {
    const account = await server.createAccount();
    const other = await server.createAccount();
    const { browser, id } = await signInBrowser(server.address, account.username);
    await signInBrowser(server.address, other.username);
    const phone = await signInBrowser(server.address, account.username);
    await admin.delete(`/api/admin/sessions/${phone.id}?message=Enough`);

    const events = await eventually(async () => {
      const { body } = await browser.get("/api/activity");
      return body.events.some((event: Event) => event.type === "session.ended") && body.events;
    });

    expect(events[0]).toMatchObject({
      type: "session.ended",
      reason: "admin",
      by: { username: "admin" },
      message: "Enough",
      sessionId: phone.id,
    });
    expect(typesOf(events)).toContain("sign_in.succeeded");
    expect(events.find((event: Event) => event.sessionId === id)).toBeDefined();
    expect(new Set(events.map((event: Event) => event.account?.id))).toEqual(new Set([account.id]));
  });

  test("pages back to its beginning without repeating or losing an event", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    for (let attempt = 0; attempt < 5; attempt++)
      await createBrowser(server.address).signIn(account.username, "not the password");
    await eventually(async () => {
      const { body } = await browser.get("/api/activity");
      return typesOf(body.events).filter((type) => type === "sign_in.failed").length === 5;
    });
    const whole: Event[] = (await browser.get("/api/activity?limit=200")).body.events;

    const paged: Event[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { body } = await browser.get(`/api/activity?limit=2${query}`);
      paged.push(...body.events);
      cursor = body.next;
    }

    expect(paged).toEqual(whole);
    expect(JSON.stringify(paged)).not.toContain("not the password");
  });
});

describe("everybody's activity", () => {
  test("takes the permission, filters by type, account, name and address", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    expect((await browser.get("/api/admin/activity")).status).toBe(403);

    await eventually(async () => {
      const { body } = await admin.get(`/api/admin/activity?account=${account.id}`);
      return typesOf(body.events).includes("session.opened");
    });
    const byType = await admin.get(`/api/admin/activity?type=session.opened&q=${account.username}`);
    expect(typesOf(byType.body.events)).toEqual(["session.opened"]);
    const byAddress = await admin.get("/api/admin/activity?q=127.0.0.1&limit=3");
    expect(byAddress.body.events).toHaveLength(3);
    const nothing = await admin.get("/api/admin/activity?q=203.0.113.99");
    expect(nothing.body).toEqual({ events: [], next: null });
  });

  test("reaches those who watch as it happens, on another node, and stops with the permission", async () => {
    const watcher = await server.createAccount(["activity:read"]);
    const { browser } = await signInBrowser(server.nodes[1].address, watcher.username);
    const page = await browser.openPage();
    expect(await page.emitWithAck("watch", { topic: "activity" })).toEqual({ ok: true });
    const account = await server.createAccount();
    const isOfAccount = (batch: Event[]) =>
      batch.some((event) => event.type === "session.opened" && event.account?.id === account.id);
    const seen = next(page, "activity", isOfAccount);

    await signInBrowser(server.address, account.username);
    await seen;

    const changed = next(page, "permissions:changed");
    await admin.put(`/api/admin/accounts/${watcher.id}/permissions`, { permissions: [] });
    await changed;
    expect(await page.emitWithAck("watch", { topic: "activity" })).toEqual({
      ok: false,
      code: "forbidden",
    });
    page.disconnect();
  });
});
