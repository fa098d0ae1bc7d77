// Every page, in both themes and both sizes: axe finds nothing, nothing breaks the content security policy,
// nothing scrolls sideways. With SCREENSHOTS=<folder> each is kept as a picture, to be looked at.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { createBrowser, goodPassword, setUpAdmin, userAgents } from "../support/client.ts";
import { openBrowserOf, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let browser: Browser;
let adminCookies: string;
let endedCookies: string;
let askedCookies: string;
let accountId: string;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  const admin = await setUpAdmin(server.address, server.setupToken);
  adminCookies = admin.cookieHeader();
  await furnish(admin);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** Accounts, devices and ends enough that no list is empty. */
async function furnish(admin: ReturnType<typeof createBrowser>): Promise<void> {
  const profile = { password: goodPassword, name: "Mia Ahlberg", country: "SE", city: "Uppsala" };
  const made = await admin.post("/api/admin/accounts", { username: "mia", ...profile });
  accountId = (made.body as { account: { id: string } }).account.id;
  for (const username of ["noor", "otto"])
    await admin.post("/api/admin/accounts", { username, password: goodPassword });
  const asked = createBrowser(server.address, userAgents.laptop);
  await asked.signIn("noor");
  askedCookies = asked.cookieHeader();
  for (const [username, agent] of [
    ["mia", userAgents.laptop],
    ["mia", userAgents.phone],
    ["noor", userAgents.phone],
    ["admin", userAgents.phone],
    ["admin", "curl/8.5.0"],
  ] as const)
    await createBrowser(server.address, agent).signIn(username);
  await recogniseAll(admin);
  const lost = createBrowser(server.address, userAgents.phone);
  const signedIn = await lost.signIn("admin");
  endedCookies = lost.cookieHeader();
  const { id } = (signedIn.body as { session: { id: string } }).session;
  await admin.delete(`/api/admin/sessions/${id}?message=Found%20in%20the%20canteen`);
}

/** Answered, so that "was this you?" stands only where a picture of it is wanted. */
async function recogniseAll(person: ReturnType<typeof createBrowser>): Promise<void> {
  const { sessions } = (await person.get("/api/sessions")).body as { sessions: { id: string }[] };
  for (const { id } of sessions) await person.patch(`/api/sessions/${id}`, { recognised: true });
}

interface Visit {
  page: string;
  path: () => string;
  cookies?: () => string;
  heading: string;
  /** Until this is there, the page is still filling. */
  ready?: (page: Page) => Promise<void>;
  then?: (page: Page) => Promise<void>;
}

const table = (page: Page): Promise<void> => page.getByRole("table").first().waitFor();
const asAdmin = { cookies: () => adminCookies };

const visits: Visit[] = [
  { page: "sign-in", path: () => "/sign-in", heading: "Sign in" },
  { page: "register", path: () => "/register", heading: "Create an account" },
  { page: "setup", path: () => "/setup#token", heading: "Set up Rollcall" },
  { page: "devices", path: () => "/", heading: "Your devices", ready: table, ...asAdmin },
  {
    page: "unfamiliar-device",
    path: () => "/",
    heading: "Your devices",
    ready: (page) => page.getByRole("button", { name: "No, sign it out" }).waitFor(),
    cookies: () => askedCookies,
  },
  {
    page: "password",
    path: () => "/password?because=unfamiliar",
    heading: "Change password",
    ...asAdmin,
  },
  {
    page: "account-menu",
    path: () => "/password",
    heading: "Change password",
    then: (page) => page.getByRole("button", { name: "Account of admin" }).click(),
    ...asAdmin,
  },
  {
    page: "devices-confirm",
    path: () => "/",
    heading: "Your devices",
    ready: table,
    then: async (page) => {
      await page.getByRole("button", { name: /Sign out all other devices/ }).click();
      await page.getByRole("dialog").waitFor();
    },
    ...asAdmin,
  },
  {
    page: "live-sessions",
    path: () => "/admin/sessions",
    heading: "Live sessions",
    ready: table,
    ...asAdmin,
  },
  {
    page: "live-sessions-message",
    path: () => "/admin/sessions",
    heading: "Live sessions",
    ready: table,
    then: async (page) => {
      await page
        .getByRole("button", { name: /^Sign out noor/ })
        .first()
        .click();
      await page.getByRole("dialog").waitFor();
    },
    ...asAdmin,
  },
  {
    page: "activity",
    path: () => "/admin/activity",
    heading: "Activity",
    ready: (page) => page.getByRole("listitem").first().waitFor(),
    ...asAdmin,
  },
  {
    page: "activity-paused",
    path: () => "/admin/activity?q=nobody-by-that-name",
    heading: "Activity",
    ready: (page) => page.getByText("Nothing that happened matches these filters.").waitFor(),
    then: (page) => page.getByRole("button", { name: "Pause" }).click(),
    ...asAdmin,
  },
  {
    page: "history",
    path: () => "/activity",
    heading: "History",
    ready: (page) => page.getByRole("listitem").first().waitFor(),
    ...asAdmin,
  },
  {
    page: "accounts",
    path: () => "/admin/accounts",
    heading: "Accounts",
    ready: table,
    ...asAdmin,
  },
  { page: "account", path: () => `/admin/accounts/${accountId}`, heading: "mia", ...asAdmin },
  {
    page: "signed-out",
    path: () => "/",
    heading: "You were signed out",
    cookies: () => endedCookies,
  },
  { page: "not-found", path: () => "/nowhere", heading: "There is no such page", ...asAdmin },
];

const looks = [
  { look: "light-desktop", phone: false, dark: false },
  { look: "dark-desktop", phone: false, dark: true },
  { look: "light-phone", phone: true, dark: false },
  { look: "dark-phone", phone: true, dark: true },
];

describe.each(looks)("in $look", ({ look, phone, dark }) => {
  test.each(visits)("$page is accessible and keeps to the policy", async (visit) => {
    const person = await openBrowserOf(browser, server.address, { phone, dark });
    const complaints: string[] = [];
    person.page.on("console", (message) => {
      if (/Content Security Policy/i.test(message.text())) complaints.push(message.text());
    });
    person.page.on("pageerror", (error) => complaints.push(String(error)));
    try {
      await open(person, visit);
      await keepPicture(person.page, `${visit.page}-${look}`);
      // Playwright's own context cannot open the blank page axe wants under our policy; legacy mode needs none.
      const { violations } = await new AxeBuilder({ page: person.page })
        .setLegacyMode(true)
        .analyze();
      const findings = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join()}`,
      );
      expect(findings).toEqual([]);
      expect(complaints).toEqual([]);
      expect(await sidewaysScroll(person.page)).toBeLessThanOrEqual(0);
    } finally {
      await person.context.close();
    }
  });
});

async function open({ context, page }: Person, visit: Visit): Promise<void> {
  if (visit.cookies) await context.addCookies(cookiesOf(visit.cookies()));
  await page.goto(visit.path());
  await page.getByRole("heading", { name: visit.heading, exact: true, level: 1 }).waitFor();
  await visit.ready?.(page);
  await visit.then?.(page);
  // Whatever slides or fades in has arrived: contrast is judged as people read it.
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
}

const cookiesOf = (header: string) =>
  header.split("; ").map((pair) => {
    const [name = "", value = ""] = pair.split("=");
    return { name, value, url: server.address };
  });

const sidewaysScroll = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
