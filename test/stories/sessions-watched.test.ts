// Sessions looked at closely, in real browsers: one's own devices while they change under the pointer, a thousand of
// them, an account as its administrator sees it, several sessions ended together, and everyone.
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { createBrowser, eventually, signInBrowser, userAgents } from "../support/client.ts";
import { openBrowserOf, setUp, signIn, type Person } from "../support/people.ts";
import { startServer, type TestAccount, type TestServer } from "../support/server.ts";

/** Whole tales, with farewells to wait for, on a machine that may be busy. */
const timeout = 120_000;

let server: TestServer;
let browser: Browser;
let admin: Person;
const people: Person[] = [];

beforeAll(async () => {
  const env = { RATE_LIMITS: "off", SESSIONS_PER_ACCOUNT: "1000" };
  [server, browser] = await Promise.all([startServer({ nodes: 2, env }), launchBrowser()]);
  admin = await openBrowserOf(browser, server.address, { userAgent: userAgents.laptop });
  await setUp(admin, server.setupToken);
});
afterEach(() => Promise.all(people.splice(0).map(({ context }) => context.close())));
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function openLaptopOf({ username }: TestAccount): Promise<Person> {
  const person = await openBrowserOf(browser, server.address, { userAgent: userAgents.laptop });
  people.push(person);
  await signIn(person, username);
  return person;
}

const elsewhere = (): string => server.nodes[1].address;
const lookAway = async (page: Page): Promise<void> => {
  await page.mouse.move(5, 5);
  await page.getByRole("heading", { level: 1 }).first().click();
};
const poll = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: 20_000 });
const rowsOf = (page: Page, region: string): Locator =>
  page.getByRole("region", { name: region }).getByRole("table").getByRole("row");
const namesOf = async (page: Page): Promise<string[]> => {
  const rows = await rowsOf(page, "Signed in now").allInnerTexts();
  return rows.slice(1).map((row) => row.trim().split("\n")[0] ?? "");
};

test(
  "one's devices stand still under the pointer: what joins waits and is counted, what ends says so in its place",
  { timeout },
  async () => {
    const account = await server.createAccount();
    const { page } = await openLaptopOf(account);
    const phone = await signInBrowser(elsewhere(), account.username, userAgents.phone);
    await page.getByRole("button", { name: "Yes, it was me" }).click();
    await lookAway(page);
    await poll(() => namesOf(page)).toEqual(["Firefox on Linux", "Safari on iOS"]);

    await page.getByRole("row", { name: /Safari on iOS/ }).hover();
    await signInBrowser(elsewhere(), account.username, "curl/8.5.0");
    await signInBrowser(elsewhere(), account.username, userAgents.laptop);
    await page.getByRole("button", { name: "2 updates" }).waitFor();
    expect(await namesOf(page)).toEqual(["Firefox on Linux", "Safari on iOS"]);
    // The question does not wait.
    await page.getByText(/New sign-in: curl/).waitFor();
    await phone.browser.post("/api/sign-out");
    await page.getByRole("row", { name: /Safari on iOS.*Signed out there/ }).waitFor();
    expect(await namesOf(page)).toEqual(["Firefox on Linux", "Safari on iOS"]);

    await lookAway(page);
    await poll(async () => (await namesOf(page)).sort()).toEqual([
      "Firefox on Linux",
      "Firefox on Linux",
      "curl",
    ]);
    await rowsOf(page, "Signed out recently").filter({ hasText: "Safari on iOS" }).waitFor();
  },
);

test(
  "what waits is shown by its button, and the focus stays on the page",
  { timeout },
  async () => {
    const account = await server.createAccount();
    const { page } = await openLaptopOf(account);
    await page.getByRole("button", { name: "Rename Firefox on Linux" }).focus();
    const { browser: phone } = await signInBrowser(elsewhere(), account.username, userAgents.phone);
    await page.getByRole("button", { name: "1 update", exact: true }).click();
    await poll(() => namesOf(page)).toEqual(["Firefox on Linux", "Safari on iOS"]);
    await page
      .getByRole("heading", { name: "Signed in now" })
      .and(page.locator(":focus"))
      .waitFor();

    // Online and the number of pages, as they come and go.
    const row = page.getByRole("row", { name: /Safari on iOS/ });
    await lookAway(page);
    phone.moveTo(server.address);
    const pages = [await phone.openPage(), await phone.openPage()];
    await row.getByText("Online now").waitFor();
    await row.getByText("2 open pages").waitFor();
    for (const one of pages) one.disconnect();
    await row.getByText(/^Active/).waitFor();
  },
);

test("a device tells all of itself when asked", { timeout }, async () => {
  const { page } = await openLaptopOf(await server.createAccount());
  const row = page.getByRole("row", { name: /This device/ });
  await row.getByText("Details").click();
  for (const fact of [
    "Last active",
    "Ends if not used by",
    "Ends at the latest",
    "Signed in by",
    "Address",
  ])
    await row.getByRole("term").filter({ hasText: fact }).waitFor();
  await row.getByRole("button", { name: /^Copy session id/ }).waitFor();
});

test(
  "a thousand devices stay usable: fifty at first, more on asking, and ten names before all are signed out",
  { timeout },
  async () => {
    const account = await server.createAccount();
    const { sessions, accountStore } = server.nodes[1].core;
    const row = await accountStore.find(account.id);
    const visitor = {
      ip: "203.0.113.7",
      location: null,
      userAgent: userAgents.phone,
      device: null,
    };
    for (let opened = 0; opened < 999; opened++) await sessions.open(row, visitor, null);

    const { page } = await openLaptopOf(account);
    await poll(async () => (await namesOf(page)).length).toBe(50);
    await page.getByText("50 of 1,000 devices shown").waitFor();
    expect((await namesOf(page))[0]).toBe("Firefox on Linux");
    await page.getByRole("button", { name: "Show 50 more" }).click();
    await poll(async () => (await namesOf(page)).length).toBe(100);

    await page.getByRole("button", { name: "Sign out all other devices (999)" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("listitem").count()).toBe(10);
    await dialog.getByText("and 989 more").waitFor();
    await dialog.getByRole("button", { name: "Sign out 999 devices" }).click();
    await page.getByText(/999 sessions signed out\. Confirmed by 2 of 2 servers/).waitFor();
    await lookAway(page);
    await poll(() => namesOf(page)).toEqual(["Firefox on Linux"]);
  },
);

async function openAccountPage({ id }: TestAccount): Promise<Page> {
  await admin.page.goto(`/admin/accounts/${id}`);
  await admin.page.getByRole("heading", { level: 2, name: "Permissions" }).waitFor();
  return admin.page;
}

test(
  "an administrator watches an account's sessions, ends one and then all, each with a message",
  { timeout },
  async () => {
    const account = await server.createAccount();
    const laptop = await openLaptopOf(account);
    const page = await openAccountPage(account);
    await page.getByRole("link", { name: "Sessions", exact: true }).click();
    await page.getByRole("row", { name: /Firefox on Linux.*Online now.*1 open page/ }).waitFor();

    const phone = await signInBrowser(elsewhere(), account.username, userAgents.phone);
    await page.getByRole("row", { name: /Safari on iOS/ }).waitFor();
    await page
      .getByRole("button", { name: `Sign out ${account.username} on Safari on iOS` })
      .click();
    await page.getByLabel("Message to this person").fill("Found in the canteen");
    await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    // Where the button was, the pointer may be over the list now, which then stands still.
    await lookAway(page);
    await rowsOf(page, "Signed out recently")
      .filter({ hasText: "Found in the canteen" })
      .filter({ hasText: "Signed out by an administrator (you)" })
      .waitFor();
    expect((await phone.browser.get("/api/sessions")).body).toMatchObject({
      code: "session_ended",
      message: "Found in the canteen",
    });

    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByLabel("Message to this person").fill("Please come by");
    await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
    await laptop.page.getByText("Please come by").waitFor();
    await lookAway(page);
    await page.getByText("This account is not signed in anywhere.").waitFor();
    expect(admin.loads()).toBeGreaterThan(0);
  },
);

test(
  "a permission is taken back by Undo, and the account's history tells of both as they happen",
  { timeout },
  async () => {
    const account = await server.createAccount();
    const page = await openAccountPage(account);
    const permission = page.getByRole("switch", { name: /See live sessions/ });
    await permission.click();
    await page.getByText(`${account.username} may now: See live sessions.`).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText(`${account.username} may no longer: See live sessions.`).waitFor();
    await poll(() => permission.isChecked()).toBe(false);

    await page.getByRole("link", { name: "History", exact: true }).click();
    const events = page.getByRole("log").getByRole("listitem");
    await poll(() => events.count()).toBe(2);
    await createBrowser(elsewhere()).signIn(account.username, "not the password");
    await poll(() => events.first().innerText()).toMatch(/refused: wrong password/);
    await page.goBack();
    await permission.waitFor();
  },
);

test(
  "several sessions are chosen and ended together, with one message and one receipt",
  { timeout },
  async () => {
    const accounts = [await server.createAccount(), await server.createAccount()];
    const held = await Promise.all(
      [...accounts, accounts[0]].map(({ username }) =>
        signInBrowser(elsewhere(), username, userAgents.phone),
      ),
    );
    const { page } = admin;
    await page.goto(`/admin/sessions?q=person-`);
    for (const [at, { username }] of accounts.entries()) {
      const boxes = page.getByRole("checkbox", { name: `Select ${username} on Safari on iOS` });
      await poll(() => boxes.count()).toBe(2 - at);
      for (const box of await boxes.all()) await box.check();
    }
    await page.getByText("3 selected").waitFor();
    await page.getByRole("button", { name: "Sign out 3 sessions" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("listitem").count()).toBe(3);
    await dialog.getByLabel("Message to these people").fill("Maintenance");
    await dialog.getByRole("button", { name: "Sign out 3 sessions" }).click();
    await page.getByText(/3 sessions signed out\. Confirmed by 2 of 2 servers/).waitFor();
    for (const { browser: ended } of held)
      expect((await ended.get("/api/sessions")).body.message).toBe("Maintenance");
    await page.getByText("3 selected").waitFor({ state: "detached" });
  },
);

test(
  "everyone is signed out by typing it, and the receipt stays on the page while the list is cleared",
  { timeout },
  async () => {
    const { page } = admin;
    await page.goto("/admin/sessions");
    const phone = await signInBrowser(
      elsewhere(),
      (await server.createAccount()).username,
      userAgents.phone,
    );
    await page
      .getByRole("row", { name: /Safari on iOS/ })
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Sign out everyone…" }).click();
    await page.getByLabel("Type SIGN OUT to confirm").fill("SIGN OUT");
    await page.getByRole("button", { name: "Sign out everyone", exact: true }).click();

    const receipt = page.getByRole("region", { name: "Everyone is signed out." });
    await receipt.getByText(/signed out\. Confirmed by 2 of 2 servers/).waitFor();
    expect((await phone.browser.get("/api/sessions")).body.code).toBe("session_ended");
    await poll(() => page.getByRole("row").count()).toBe(2);
    await receipt.getByRole("progressbar").waitFor({ state: "detached" });
    await page.getByText("1 session", { exact: true }).waitFor();
    await receipt.getByRole("button", { name: "Dismiss" }).click();
    await receipt.waitFor({ state: "detached" });
    await eventually(async () => (await admin.context.request.get("/api/sessions")).ok());
  },
);
