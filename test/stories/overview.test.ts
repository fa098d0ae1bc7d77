// The charts, in a real browser: people come and go on one server, an admin sees the figures, the charts and
// their tables change on another. Nobody reloads a page.
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { createBrowser, signInBrowser } from "../support/client.ts";
import { openBrowserOf, setUp, type Person } from "../support/people.ts";
import { startServer, type TestAccount, type TestServer } from "../support/server.ts";

let server: TestServer;
let browser: Browser;
let admin: Person;
let mia: TestAccount;

beforeAll(async () => {
  [server, browser] = await Promise.all([
    startServer({ nodes: 2, env: { RATE_LIMITS: "off" } }),
    launchBrowser(),
  ]);
  admin = await openBrowserOf(browser, server.nodes[1].address);
  await setUp(admin, server.setupToken);
  mia = await server.createAccount();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** Longer than the poll would wait by itself: the machine may be busy. */
const poll = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: 20_000 });

const panelOf = (page: Page, title: string): Locator =>
  page.getByRole("region", { name: title, exact: true });
const figureOf = (page: Page, label: string) =>
  page
    .locator("dl > div")
    .filter({ has: page.locator("dt", { hasText: new RegExp(`^${label}`) }) })
    .locator("dd")
    .innerText();

async function openTable(page: Page, title: string): Promise<Locator> {
  await page.getByRole("button", { name: `Show as table: ${title}` }).click();
  return panelOf(page, title).getByRole("table");
}

/** What a column adds up to: whichever minute it was counted in. */
async function sumOf(table: Locator, column: string): Promise<number> {
  const names = await table.getByRole("columnheader").allInnerTexts();
  const place = names.indexOf(column);
  if (place < 0) return 0;
  const cells = await table.locator(`tbody tr > :nth-child(${place + 1})`).allInnerTexts();
  return cells.reduce((sum, cell) => sum + (Number(cell) || 0), 0);
}

test("figures and tables follow sign-ins, refusals and ends on another server", async () => {
  const { page } = admin;
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  await page.getByRole("img", { name: /^Sessions online\./ }).waitFor();
  const signIns = await openTable(page, "Sign-ins");
  const ends = await openTable(page, "Sessions ended, by reason");
  const loads = admin.loads();

  const { browser: laptop } = await signInBrowser(server.address, mia.username);
  await poll(() => sumOf(signIns, "Signed in")).toBe(1);
  await createBrowser(server.address).signIn(mia.username, "not the password");
  await poll(() => sumOf(signIns, "Refused")).toBe(1);
  await laptop.post("/api/sign-out");
  await poll(() => sumOf(ends, "Signed out")).toBe(1);

  await poll(() => figureOf(page, "Sign-ins")).toBe("1");
  await poll(() => figureOf(page, "Refused sign-ins")).toBe("1");
  await poll(() => figureOf(page, "Sessions ended")).toBe("1");
  await poll(() => panelOf(page, "Sign-ins").innerText()).toContain("1 sign-in, 1 refused.");
  expect(admin.loads()).toBe(loads);
});

test("who is online is counted, and the chart says so in words", async () => {
  // The page of the admin is the only one, and is looked at every ten seconds.
  await poll(() => figureOf(admin.page, "Online")).toBe("1");
  const chart = admin.page.getByRole("img", {
    name: /^Sessions online\. Highest average: .* Now 1\.$/,
  });
  await chart.waitFor();
});

test("a table has a row for each step of the window, newest first, and says where nobody counted", async () => {
  const { page } = admin;
  const table = await openTable(page, "Sessions online");
  const rows = table.locator("tbody tr");
  await poll(() => rows.count()).toBe(60);
  const times = await rows
    .locator("time")
    .evaluateAll((all) => all.map((time) => Date.parse(time.getAttribute("datetime") ?? "")));
  expect(times).toEqual(times.map((_, n) => (times[0] ?? 0) - n * 60_000));
  expect(await rows.last().innerText()).toMatch(/not counted$/);
  await page.getByRole("button", { name: "Show as chart: Sessions online" }).click();
  await page.getByRole("img", { name: /^Sessions online\./ }).waitFor();
});

test("the window is kept in the address", async () => {
  const { page } = admin;
  await page.getByText("7 days", { exact: true }).click();
  await page.waitForURL(/window=7d/);
  await page.reload();
  expect(await page.getByRole("radio", { name: "7 days" }).isChecked()).toBe(true);
  const table = await openTable(page, "Sign-ins");
  await poll(() => table.locator("tbody tr").count()).toBe(168);
  await poll(() => sumOf(table, "Signed in")).toBe(1);
  await page.getByText("1 h", { exact: true }).click();
  await poll(() => table.locator("tbody tr").count()).toBe(60);
});

test("the pointer is told the values of the bucket under it", async () => {
  const { page } = admin;
  await page.getByRole("button", { name: "Show as chart: Sign-ins" }).click();
  const panel = panelOf(page, "Sign-ins");
  const drawn = panel.locator(".u-over");
  await drawn.waitFor();
  const box = await drawn.boundingBox();
  await drawn.hover({ position: { x: 2, y: (box?.height ?? 0) / 2 } });
  await poll(() => panel.getByRole("list").innerText()).toContain("not counted");
  await page.getByRole("heading", { level: 1 }).hover();
  await poll(() => panel.getByRole("list").innerText()).not.toContain("not counted");
});

test("the charts are drawn in the colours of the theme that is chosen", async () => {
  const { page } = admin;
  const canvas = panelOf(page, "Sessions ended, by reason").locator("canvas");
  /** The bar of whoever signed out, as `--chart-slate` is in that theme. */
  const has = (colour: string) =>
    canvas.evaluate((drawn, wanted) => {
      const { width, height } = drawn as HTMLCanvasElement;
      const pixels = (drawn as HTMLCanvasElement)
        .getContext("2d")
        ?.getImageData(0, 0, width, height).data;
      for (let at = 0; pixels && at < pixels.length; at += 4)
        if ([...pixels.subarray(at, at + 4)].join() === `${wanted},255`) return true;
      return false;
    }, colour);
  const [light, dark] = ["95,111,120", "154,171,181"];
  await poll(() => has(light)).toBe(true);
  expect(await has(dark)).toBe(false);
  await page.emulateMedia({ colorScheme: "dark" });
  await poll(() => has(dark)).toBe(true);
  expect(await has(light)).toBe(false);
});

test("a page that lost its server stands still and says since when", async () => {
  const { page } = admin;
  await server.nodes[1].stop();
  await page.getByText(/^Not live: the charts are as of \d/).waitFor();
  expect(await figureOf(page, "Sign-ins")).toBe("1");
});
