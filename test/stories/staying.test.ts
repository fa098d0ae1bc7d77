// Staying signed in: a warning before a session idles out, in every tab, taken back in every tab; signing in again
// over a page whose session ran out, with nothing lost that was typed; and a screen that is cleared where a session
// was ended by somebody.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findAxeViolations } from "../support/axe.ts";
import { launchBrowser } from "../support/browser.ts";
import { createBrowser, eventually, goodPassword, setUpAdmin } from "../support/client.ts";
import { openBrowserOf, signIn, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Sessions idle out in real time, and machines may be slow. */
const patience = { timeout: 90_000 };
const patient = { timeout: 150_000 };

let browser: Browser;
beforeAll(async () => void (browser = await launchBrowser()));
afterAll(() => browser?.close());

const idleWarning = (page: Page) =>
  page.getByRole("dialog", { name: /You will be signed out in \d+ seconds/ });
const lastWarning = (page: Page) =>
  page.getByRole("dialog", { name: /Your session ends in \d+ seconds/ });
const question = (page: Page) => page.getByRole("dialog", { name: "Sign in again to go on" });

async function answerQuestion(page: Page, password: string): Promise<void> {
  await question(page).getByLabel("Password", { exact: true }).fill(password);
  await question(page).getByRole("button", { name: "Sign in and go on" }).click();
}

/** When the session idles out, as the server says it without taking the question for use. */
async function readIdleEnd(context: BrowserContext): Promise<number> {
  const headers = { "Rollcall-Background": "1" };
  const answer = await context.request.get("/api/me", { headers });
  const { session } = (await answer.json()) as { session: { idleExpiresAt: string } | null };
  return session ? Date.parse(session.idleExpiresAt) : 0;
}

describe("a session that is about to end by itself", () => {
  let server: TestServer;
  let person: Person;
  let other: Page;
  beforeAll(async () => {
    server = await startServer({ env: { SESSION_IDLE: "40s", SESSION_LIFETIME: "60s" } });
    const { username } = await server.createAccount();
    person = await openBrowserOf(browser, server.address);
    await signIn(person, username);
    other = await person.context.newPage();
    await other.goto("/activity");
  });
  afterAll(() => server?.stop());

  test(
    "is warned of in every tab, and staying in one takes that back in all",
    patient,
    async () => {
      const { page, context } = person;
      const before = await readIdleEnd(context);
      await Promise.all([page, other].map((tab) => idleWarning(tab).waitFor(patience)));
      await idleWarning(page).getByRole("button", { name: "Stay signed in" }).click();
      await Promise.all(
        [page, other].map((tab) => idleWarning(tab).waitFor({ ...patience, state: "detached" })),
      );
      await eventually(async () => (await readIdleEnd(context)) > before, 20_000);
    },
  );

  test("cannot be put off beyond its longest lifetime, and says so", patient, async () => {
    const { page } = person;
    await Promise.all([page, other].map((tab) => lastWarning(tab).waitFor(patience)));
    await lastWarning(page).getByRole("button", { name: "Dismiss" }).click();
    await lastWarning(page).waitFor({ state: "detached" });
    expect(await findAxeViolations(other)).toEqual([]);
    await question(page).getByText("reached its longest lifetime").waitFor(patience);
    await answerQuestion(page, goodPassword);
    await question(page).waitFor({ state: "detached" });
    await question(other).waitFor({ state: "detached" });
  });
});

describe("a session that ran out under a page", () => {
  let server: TestServer;
  let person: Person;
  let remembered: Person;
  let other: Page;
  let dialogsSeen: () => Promise<number>;

  beforeAll(async () => {
    server = await startServer({ env: { SESSION_IDLE: "20s", RATE_LIMITS: "off" } });
    const admin = await setUpAdmin(server.address, server.setupToken);
    await admin.post("/api/admin/accounts", { username: "mia", password: goodPassword });
    [person, remembered] = [
      await openBrowserOf(browser, server.address),
      await openBrowserOf(browser, server.address),
    ];
    dialogsSeen = await watchDialogs(remembered.page);
    await remembered.page.goto("/sign-in");
    await remembered.page.getByLabel("Stay signed in on this device").check();
    await signInHere(remembered.page, "mia");
    await signIn(person, "admin");
    other = await person.context.newPage();
    await other.goto("/activity");
    await other.getByRole("heading", { name: "History" }).waitFor();
  });
  afterAll(() => server?.stop());

  test("is signed in to again in place, and what was typed is still there", patient, async () => {
    const { page } = person;
    await page.goto("/admin/accounts");
    await page.getByRole("button", { name: "New account" }).click();
    const form = page.getByRole("dialog", { name: "New account" });
    await form.getByLabel("Username").fill("half-written");
    await form.getByLabel("Password", { exact: true }).fill("written before it ran out 12");
    const loads = person.loads();

    await question(page).waitFor(patience);
    await question(page).getByText("Your session expired").waitFor();
    expect(await findAxeViolations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press("Tab");
      expect(await isFocusInside(page, "Sign in again to go on")).toBe(true);
    }
    await answerQuestion(page, "not the password");
    await question(page).getByText("The password is wrong.").waitFor();
    await question(other).waitFor(patience);

    await answerQuestion(page, goodPassword);
    await question(page).waitFor({ state: "detached" });
    await question(other).waitFor({ state: "detached" });
    await other.getByRole("heading", { name: "History" }).waitFor();
    expect(await form.getByLabel("Username").inputValue()).toBe("half-written");
    await form.getByRole("button", { name: "Create account" }).click();
    await page.getByText("The account half-written was created.").waitFor();
    expect(person.loads()).toBe(loads);
  });

  test(
    "gives way to another account only with a cleared page, at the beginning",
    patient,
    async () => {
      const { page, context } = person;
      await page.getByRole("link", { name: "Accounts", exact: true }).click();
      await page.getByRole("button", { name: "New account" }).click();
      const form = page.getByRole("dialog", { name: "New account" });
      await form.getByLabel("Username").fill("never-to-be-seen");
      await Promise.all([question(page).waitFor(patience), question(other).waitFor(patience)]);

      const fresh = await context.newPage();
      await fresh.goto("/admin/accounts");
      await fresh.getByRole("heading", { name: "You were signed out" }).waitFor();
      await fresh.close();

      await question(page)
        .getByRole("button", { name: /Leave this page/ })
        .click();
      await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
      expect(await page.content()).not.toContain("half-written");
      await signInHere(page, "mia");
      expect(new URL(page.url()).pathname).toBe("/devices");
      await question(other).waitFor({ state: "detached" });
      await other.getByRole("heading", { name: "Your devices" }).waitFor();
      await other.getByText("This browser is now signed in as mia.").waitFor();
    },
  );

  test("is opened again unasked on a device that is remembered", patient, async () => {
    const { page, context } = remembered;
    const readToken = async () =>
      (await context.cookies()).find(({ name }) => name === "rollcall")?.value;
    const before = await readToken();
    await eventually(async () => (await readToken()) !== before, 90_000);
    expect(await readIdleEnd(context)).toBeGreaterThan(0);
    await page.getByRole("row", { name: /This device/ }).waitFor();
    expect(await dialogsSeen()).toBe(0);
  });
});

describe("a session that somebody ended", () => {
  let server: TestServer;
  beforeAll(async () => void (server = await startServer({ env: { RATE_LIMITS: "off" } })));
  afterAll(() => server?.stop());

  test("leaves nothing of its page on the screen, in fields or in memory", async () => {
    const admin = await setUpAdmin(server.address, server.setupToken);
    await admin.post("/api/admin/accounts", { username: "mia", password: goodPassword });
    const elsewhere = createBrowser(server.address);
    await elsewhere.signIn("mia");
    const deviceName = "Quartz Lighthouse 4711";
    const { sessions } = (await elsewhere.get("/api/sessions")).body as {
      sessions: { id: string }[];
    };
    await elsewhere.patch(`/api/sessions/${sessions[0]?.id}`, { name: deviceName });
    const person = await openBrowserOf(browser, server.address);
    const { page } = person;
    await signIn(person, "mia");
    await page.getByRole("row", { name: deviceName }).waitFor();
    await page
      .getByRole("button", { name: /^Rename/ })
      .first()
      .click();
    const typed = "Velvet Parsnip 8182";
    await page.getByLabel("Name of this device").fill(typed);
    expect(await findInMemory(page, deviceName)).toBe(true);

    const live = (await admin.get("/api/admin/sessions?q=mia")).body as {
      sessions: { id: string; device: { name: string } }[];
    };
    for (const { id, device } of live.sessions)
      if (device.name !== deviceName) await admin.delete(`/api/admin/sessions/${id}`);

    await page.getByRole("heading", { name: "You were signed out" }).waitFor();
    await page.getByText("An administrator signed this device out.").waitFor();
    const content = await page.content();
    for (const secret of [deviceName, typed, "mia"]) expect(content).not.toContain(secret);
    expect(await page.locator("input[type=text], dialog, table").count()).toBe(0);
    await eventually(async () => !(await findInMemory(page, deviceName)), 20_000);
    await person.context.close();
  });
});

async function signInHere(page: Page, username: string): Promise<void> {
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(goodPassword);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Your devices" }).waitFor();
}

/** Counts the dialogs that a page ever shows. */
async function watchDialogs(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const seen = new Set<Element>();
    Object.assign(globalThis, { dialogsSeen: seen });
    new MutationObserver(() => {
      for (const one of document.querySelectorAll("dialog, [role=dialog]")) seen.add(one);
    }).observe(document, { childList: true, subtree: true });
  });
  return () =>
    page.evaluate(() => (globalThis as unknown as { dialogsSeen: Set<Element> }).dialogsSeen.size);
}

const isFocusInside = (page: Page, title: string): Promise<boolean> =>
  page.evaluate(
    // The browser itself is one of the places that Tab visits.
    (name) =>
      document.activeElement === document.body ||
      document.activeElement?.closest("dialog")?.querySelector("h2")?.textContent === name,
    title,
  );

/** Whether a text is anywhere in what the page's memory still holds. */
async function findInMemory(page: Page, text: string): Promise<boolean> {
  const devtools = await page.context().newCDPSession(page);
  let snapshot = "";
  devtools.on("HeapProfiler.addHeapSnapshotChunk", ({ chunk }) => (snapshot += chunk));
  await devtools.send("HeapProfiler.takeHeapSnapshot", { reportProgress: false });
  await devtools.detach();
  return snapshot.includes(text);
}
