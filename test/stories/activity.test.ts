// Watching activity, in real browsers: people come, fail and are signed out on one server, an admin reads it
// on another as it happens. Nobody reloads a page.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { createBrowser, userAgents } from "../support/client.ts";
import { openBrowserOf, register, setUp, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let browser: Browser;
let admin: Person;
let mia: Person;

beforeAll(async () => {
  [server, browser] = await Promise.all([
    startServer({ nodes: 2, env: { RATE_LIMITS: "off" } }),
    launchBrowser(),
  ]);
  const [first, second] = server.nodes;
  admin = await openBrowserOf(browser, first.address);
  mia = await openBrowserOf(browser, second.address);
  await setUp(admin, server.setupToken);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const rowsOf = (page: Page) => page.getByRole("log").getByRole("listitem");
const rowOf = (page: Page, sentence: RegExp) => rowsOf(page).filter({ hasText: sentence });
const laptop = () => createBrowser(server.nodes[1].address, userAgents.laptop);

/** Longer than the poll would wait by itself: the machine may be busy. */
const poll = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: 20_000 });

/** Where the pointer and the focus hold nothing still. */
const lookAway = async (page: Page) => {
  await page.mouse.move(5, 5);
  await page.getByRole("heading", { level: 1 }).focus();
};

test("sign-ins, refusals and ends join the top of the admin's list as they happen", async () => {
  await admin.page.getByRole("link", { name: "Activity" }).click();
  await admin.page.getByRole("heading", { name: "Activity", level: 1 }).waitFor();
  await rowOf(admin.page, /A session opened for you/).waitFor();
  await lookAway(admin.page);
  const loads = [admin.loads(), mia.loads()];

  await register(mia, "mia");
  await rowOf(admin.page, /An account was created for mia/).waitFor();
  await rowOf(admin.page, /A session opened for mia.*from 127\.0\.0\.1.*just now/).waitFor();

  await laptop().signIn("mia", "not the password");
  await rowOf(admin.page, /A sign-in as mia was refused: wrong password/).waitFor();
  await laptop().signIn("no-such-person", "not the password");
  await rowOf(admin.page, /A sign-in was refused: there is no such account/).waitFor();

  const phone = laptop();
  const { body } = await phone.signIn("mia");
  await rowOf(admin.page, /^\s*mia signed in(?! on)/).waitFor();
  await admin.context.request.delete(
    `/api/admin/sessions/${body.session.id}?message=Please%20come%20by`,
  );
  await rowOf(admin.page, /You signed mia out on one device.*Please come by/).waitFor();

  await rowsOf(admin.page).first().getByText("You signed mia out").waitFor();
  // Register loaded one page of its own; nothing else was loaded anew.
  expect([admin.loads(), mia.loads()]).toEqual([loads[0], loads[1] + 1]);
  // A screen reader is not read each row; the page sums up, at most every ten seconds.
  await admin.page
    .getByRole("status")
    .filter({ hasText: /^\d+ new events?$/ })
    .waitFor();
});

test("a row leads to the account and to its sessions", async () => {
  const row = rowOf(admin.page, /^\s*mia signed in(?! on)/);
  expect(await row.getByRole("link", { name: "mia", exact: true }).getAttribute("href")).toMatch(
    /^\/admin\/accounts\/.+/,
  );
  await row.getByRole("link", { name: "Sessions of mia" }).click();
  await admin.page.getByRole("row", { name: /mia/ }).first().waitFor();
  await admin.page.goBack();
  await rowsOf(admin.page).first().waitFor();
});

test("filters by kind and by name are in the address, and what arrives keeps to them", async () => {
  const { page } = admin;
  await page.getByLabel("Kind of event").selectOption({ label: "Refused sign-ins" });
  await page.getByLabel("Username or address").fill("mia");
  await page.waitForURL(/type=sign_in\.failed.*q=mia|q=mia.*type=sign_in\.failed/);
  await poll(() => rowsOf(page).count()).toBe(1);
  await lookAway(page);

  await laptop().signIn("no-such-person", "not the password");
  await laptop().signIn("mia", "not the password");
  await poll(() => rowsOf(page).count()).toBe(2);
  await page.reload();
  await poll(() => rowsOf(page).count()).toBe(2);
  await page.getByRole("button", { name: "Clear filters" }).click();
  await rowOf(page, /there is no such account/)
    .nth(1)
    .waitFor();
});

test("what happens while the list is paused or read waits behind a count", async () => {
  const { page } = admin;
  await lookAway(page);
  await page.getByRole("button", { name: "Pause" }).click();
  const shown = await rowsOf(page).allInnerTexts();

  for (const password of ["wrong", "wrong again"]) await laptop().signIn("mia", password);
  const pill = page.getByRole("button", { name: "2 new" });
  await pill.waitFor();
  expect(await rowsOf(page).count()).toBe(shown.length);
  await pill.click();
  await poll(() => rowsOf(page).count()).toBe(shown.length + 2);
  await page.getByRole("button", { name: "Resume" }).click();

  await rowsOf(page).nth(1).hover();
  await laptop().signIn("mia", "wrong once more");
  await page.getByRole("button", { name: "1 new" }).waitFor();
  expect(await rowsOf(page).count()).toBe(shown.length + 2);
  await lookAway(page);
  await poll(() => rowsOf(page).count()).toBe(shown.length + 3);
});

test("an event of an unknown kind is a plain line, and the list goes on", async () => {
  const { page } = admin;
  const unknown = {
    type: "moon.rose",
    account: { id: "0".repeat(16), username: "🌕".repeat(100) },
  };
  await page.route(/\/api\/admin\/activity/, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.json()) as { events: object[] };
    const event = { id: "9999999999999-0", at: "2199-01-01T00:00:00.000Z", ...unknown };
    await route.fulfill({ response: answer, json: { ...body, events: [event, ...body.events] } });
  });
  await page.reload();
  await rowOf(page, /An event this page does not know yet: moon\.rose/).waitFor();
  await page.unrouteAll({ behavior: "wait" });
  await laptop().signIn("no-such-person", "not the password");
  await poll(() => rowOf(page, /there is no such account/).count()).toBeGreaterThan(2);
});

test("older events come by a button and by scrolling, never more than 200 rows, and one comes back to the newest", async () => {
  const { page } = admin;
  const person = await server.createAccount();
  // Recorded as the server does it, without the time that so many passwords take.
  const { activity } = server.nodes[1].core;
  for (let signIns = 0; signIns < 260; signIns++)
    await activity.record({ type: "sign_in.succeeded", account: person, ip: "203.0.113.7" });
  await page.goto("/admin/activity");
  await poll(() => rowsOf(page).count()).toBe(50);

  await page.getByRole("button", { name: "Show older events" }).click();
  await poll(() => rowsOf(page).count()).toBeGreaterThanOrEqual(100);
  await poll(async () => {
    await page.mouse.wheel(0, 20_000);
    return page.getByText("That is everything that is kept.").count();
  }).toBe(1);
  expect(await rowsOf(page).count()).toBe(200);

  await laptop().signIn("no-such-person", "not the password");
  await page.getByRole("button", { name: "1 new" }).click();
  await rowsOf(page).first().getByText("there is no such account").waitFor();
  expect(await rowsOf(page).count()).toBe(50);
});

test("a person reads the own history in words, and of nobody else", async () => {
  const { page } = mia;
  await page.getByRole("link", { name: "See what happened to your account" }).click();
  await page.getByRole("heading", { name: "History", level: 1 }).waitFor();
  await rowOf(page, /admin signed you out on one device.*Please come by/).waitFor();
  await rowOf(page, /A sign-in as you was refused: wrong password/)
    .first()
    .waitFor();
  await rowOf(page, /An account was created for you/).waitFor();
  expect(await rowOf(page, /no such account/).count()).toBe(0);
  await page.getByRole("button", { name: "Account of mia" }).click();
  await page.getByRole("link", { name: "History", exact: true }).waitFor();
});

test("when the server cannot be reached the list stays and says so", async () => {
  const { page } = mia;
  await page.route(/\/api\/activity/, (route) => route.abort());
  await page.reload();
  const log = page.getByRole("log");
  await page.getByText("The server cannot be reached.").waitFor();
  expect(await log.getByRole("listitem").count()).toBe(0);
  await page.unrouteAll({ behavior: "wait" });
  await page.getByRole("button", { name: "Retry" }).click();
  await rowsOf(page).first().waitFor();
});
