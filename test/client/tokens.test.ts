// The helper for access tokens, in real tabs of a real browser: one renewal for all of them, before a token
// runs out and after sleep, and never a token in storage.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import ts from "typescript";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { eventually, signInBrowser } from "../support/client.ts";
import { startServer, type TestAccount, type TestServer } from "../support/server.ts";

const source = path.resolve(import.meta.dirname, "../../client/tokens.ts");
const script = ts.transpileModule(readFileSync(source, "utf8"), {
  compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
}).outputText;

let server: TestServer;
let chromium: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  [server, chromium] = await Promise.all([startServer(), launchBrowser()]);
});
afterEach(() => Promise.all(contexts.splice(0).map((context) => context.close())));
afterAll(async () => {
  await chromium?.close();
  await server?.stop();
});

interface Visit {
  context: BrowserContext;
  account: TestAccount;
  /** How many tokens this browser has asked the server for. */
  asked(): number;
  openTab(): Promise<Page>;
}

/** A browser that is signed in; its tabs are pages of the deployment with nothing on them but the helper. */
async function visit({ hasLocks = true } = {}): Promise<Visit> {
  const account = await server.createAccount();
  const { browser } = await signInBrowser(server.address, account.username);
  const context = await chromium.newContext({ baseURL: server.address });
  contexts.push(context);
  const cookies = [...browser.cookies].map(([name, value]) => ({
    name,
    value,
    url: server.address,
  }));
  await context.addCookies(cookies);
  await context.route("**/empty", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Empty</title>" }),
  );
  await context.route("**/tokens.js", (route) =>
    route.fulfill({ contentType: "text/javascript", body: script }),
  );
  if (!hasLocks)
    await context.addInitScript("Object.defineProperty(navigator, 'locks', { value: undefined })");
  let asked = 0;
  context.on("request", (request) => {
    if (new URL(request.url()).pathname === "/api/tokens") asked++;
  });
  const openTab = async () => {
    const page = await context.newPage();
    await page.goto("/empty");
    await page.evaluate(
      "import('/tokens.js').then((m) => { window.tokens = m.createAccessTokens(); })",
    );
    return page;
  };
  return { context, account, asked: () => asked, openTab };
}

const get = (page: Page) => page.evaluate<string>("window.tokens.get()");
const refusal = (page: Page) =>
  page.evaluate<string>("window.tokens.get().then(() => 'given', (error) => error.code)");
const statusOf = (page: Page, address: string) =>
  page.evaluate<number>(`window.tokens.fetch("${address}").then(({ status }) => status)`);
/** Its own account, as the server knows the bearer. */
const nameOf = (page: Page) =>
  page.evaluate<string>(
    "window.tokens.fetch('/api/me').then((r) => r.json()).then((me) => me.account.username)",
  );

test("two tabs that ask at once, and a third that comes later, share one token", async () => {
  const { openTab, asked, account } = await visit();
  const [one, two] = await Promise.all([openTab(), openTab()]);
  const [first, second] = await Promise.all([get(one), get(two)]);
  const third = await openTab();
  expect(await get(third)).toBe(first);
  expect(second).toBe(first);
  expect(asked()).toBe(1);
  expect(await nameOf(third)).toBe(account.username);
});

test("a tab without the one that fetched the token still hands it on", async () => {
  const { openTab, asked } = await visit();
  const [one, two] = [await openTab(), await openTab()];
  const token = await get(one);
  expect(await get(two)).toBe(token);
  await one.close();
  expect(await get(await openTab())).toBe(token);
  expect(asked()).toBe(1);
});

test("a token is renewed before it runs out, once for two tabs", async () => {
  const { context, openTab, asked } = await visit();
  await context.clock.install();
  const [one, two] = [await openTab(), await openTab()];
  const before = await get(one);
  expect(await get(two)).toBe(before);

  await context.clock.fastForward("04:30");
  const after = await eventually(async () => {
    const token = await get(one);
    return token !== before && token;
  });
  expect(await get(two)).toBe(after);
  expect(asked()).toBe(2);
});

test("after a sleep nobody is given the token from before it", async () => {
  const { context, openTab, asked } = await visit();
  await context.clock.install();
  const [one, two] = [await openTab(), await openTab()];
  const before = await get(one);
  await get(two);

  // The time has passed, and no timer has run: as when a laptop's lid is opened.
  await context.clock.setSystemTime(Date.now() + 3_600_000);
  const [first, second] = await Promise.all([get(one), get(two)]);
  expect(first).not.toBe(before);
  expect(second).toBe(first);
  expect(asked()).toBe(2);
});

test("a token that a permission change made stale is renewed, and the request sent once more", async () => {
  const { openTab, asked, account } = await visit();
  const [one, two] = [await openTab(), await openTab()];
  const before = await get(one);
  await get(two);
  expect(await statusOf(one, "/api/admin/sessions")).toBe(403);

  await server.nodes[0].core.accounts.setPermissions(account.id, ["sessions:read"]);
  expect(await statusOf(one, "/api/admin/sessions")).toBe(200);
  expect(await statusOf(two, "/api/admin/sessions")).toBe(200);
  expect(await get(one)).not.toBe(before);
  expect(asked()).toBe(2);
});

test("an ended session gets no token any more, and the one it had is forgotten", async () => {
  const { openTab, account } = await visit();
  const page = await openTab();
  await get(page);
  await server.nodes[0].core.ends.endAll(account.id, { reason: "admin" });
  expect(await statusOf(page, "/api/sessions")).toBe(401);
  expect(await refusal(page)).toBe("session_ended");
});

test("when this browser becomes somebody else, the token of before is forgotten in every tab", async () => {
  const { openTab, asked } = await visit();
  const [one, two] = [await openTab(), await openTab()];
  const before = await get(one);
  await get(two);
  await one.evaluate("new BroadcastChannel('rollcall').postMessage('identity')");
  await eventually(async () => (await get(two)) !== before);
  await eventually(async () => (await get(one)) !== before);
  expect(asked()).toBe(2);
});

test("tabs that lose and renew their token over and over never wait for each other for good", async () => {
  const { openTab, account } = await visit();
  const tabs = await Promise.all([openTab(), openTab(), openTab()]);
  for (let round = 0; round < 10; round++) {
    await tabs[round % 3].evaluate("new BroadcastChannel('rollcall').postMessage('identity')");
    await Promise.all(tabs.map(get));
  }
  expect(await nameOf(tabs[0])).toBe(account.username);
});

test("a token is in no storage of the browser", async () => {
  const { context, openTab } = await visit();
  const page = await openTab();
  const token = await get(page);
  const stored = await page.evaluate<string>(
    "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])",
  );
  const databases = await page.evaluate<unknown[]>("indexedDB.databases()");
  expect(stored + JSON.stringify(await context.storageState())).not.toContain(token);
  expect(databases).toEqual([]);
});

test("where a browser has no locks, tabs still hand a token on", async () => {
  const { openTab } = await visit({ hasLocks: false });
  const [one, two] = [await openTab(), await openTab()];
  await Promise.all([get(one), get(two)]);
  await eventually(async () => (await get(one)) === (await get(two)));
});
