// What a page meets that nobody expects: a computer whose clock is days off, names of nothing but emoji, a
// permission taken away under an open dialog, and two tabs that hear the same news.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import type { createBrowser } from "../support/client.ts";
import { goodPassword, setUpAdmin } from "../support/client.ts";
import { openBrowserOf, signIn, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let browser: Browser;
let admin: ReturnType<typeof createBrowser>;

beforeAll(async () => {
  [server, browser] = await Promise.all([
    startServer({ env: { RATE_LIMITS: "off" } }),
    launchBrowser(),
  ]);
  admin = await setUpAdmin(server.address, server.setupToken);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function createAccount(username: string, profile: object = {}): Promise<string> {
  const body = { username, password: goodPassword, ...profile };
  const made = await admin.post("/api/admin/accounts", body);
  return (made.body as { account: { id: string } }).account.id;
}

const permit = (id: string, permissions: readonly string[]) =>
  admin.put(`/api/admin/accounts/${id}/permissions`, { permissions });

const hour = 3_600_000;

describe.each([
  ["three days ahead", 72 * hour],
  ["two days behind", -48 * hour],
])("a computer whose clock is %s", (name, ahead) => {
  test("shows times and countdowns by the server's clock", async () => {
    const username = ahead > 0 ? "early" : "late";
    await permit(await createAccount(username), ["desk:reserve"]);
    const made = await admin.post("/api/admin/catalogue", { name, holdSeconds: 600, task: "none" });
    const resourceId = (made.body as { resource: { id: string } }).resource.id;
    const added = await admin.post(`/api/admin/catalogue/${resourceId}/units`, { units: ["one"] });
    expect(added.status).toBeLessThan(300);
    const person = await openBrowserOf(browser, server.address);
    await person.context.addInitScript((offset) => {
      const readClock = Date.now.bind(Date);
      Date.now = () => readClock() + offset;
    }, ahead);
    await signIn(person, username);

    const row = person.page.getByRole("row", { name: /This device/ });
    await row.getByText("just now").first().waitFor();
    expect(await row.innerText()).not.toMatch(/ago|yesterday|in \d+ days/);
    const reserved = await person.context.request.post("/api/reservations", {
      data: { resourceId },
    });
    expect(await reserved.text()).toContain('"held"');
    await person.page.getByRole("link", { name: /^Reservations/ }).click();
    await person.page.getByText(/\b[89]:[0-5]\d left/).waitFor();
    await person.context.close();
  });
});

describe.each([
  ["a laptop", false],
  ["a phone", true],
])("names of nothing but emoji on %s", (_, isPhone) => {
  const emoji = "👩‍👩‍👧‍👦🏳️‍🌈";

  test("stay inside their page", async () => {
    const username = isPhone ? "emoji-phone" : "emoji-laptop";
    const id = await createAccount(username, { name: "🙂".repeat(40), city: "🏙️".repeat(20) });
    const refused = await admin.patch(`/api/admin/accounts/${id}`, { name: "🙂".repeat(500) });
    expect(refused.status).toBe(400);
    const person = await openBrowserOf(browser, server.address, { phone: isPhone });
    const { page, context } = person;
    await signIn(person, username);
    const { session } = (await (await context.request.get("/api/me")).json()) as {
      session: { id: string };
    };
    const name = emoji.repeat(500);
    const renamed = await context.request.patch(`/api/sessions/${session.id}`, { data: { name } });
    expect(renamed.status()).toBe(200);

    await page.getByRole("row", { name: /👩/u }).waitFor();
    await expectInside(page);
    await page.getByRole("button", { name: `Account of ${username}` }).click();
    await expectInside(page);
    await page.keyboard.press("Escape");
    await permit(id, ["sessions:read", "accounts:read", "activity:read"]);
    for (const path of ["/admin/sessions", "/admin/accounts", `/admin/accounts/${id}`]) {
      await page.goto(path);
      await page
        .getByText(/👩|🙂|emoji-/u)
        .first()
        .waitFor();
      await expectInside(page);
    }
    await context.close();
  });
});

describe("a permission taken away under an open page", () => {
  let person: Person;
  let id: string;
  beforeAll(async () => {
    id = await createAccount("mia");
    person = await openBrowserOf(browser, server.address);
  });
  afterAll(() => person.context.close());

  test("closes its dialog, says what was lost, and leads home", async () => {
    const { page } = person;
    await permit(id, ["accounts:read", "accounts:manage"]);
    await signIn(person, "mia");
    await page.getByRole("link", { name: "Accounts", exact: true }).click();
    await page.getByRole("button", { name: "New account" }).click();
    const form = page.getByRole("dialog", { name: "New account" });
    await form.getByLabel("Username").fill("half-written");

    await permit(id, []);
    await page.getByRole("heading", { name: "This page is not for your account" }).waitFor();
    await page.getByText(/You may no longer: See accounts and Manage accounts/).waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(await page.content()).not.toContain("half-written");
    expect(await page.getByRole("link", { name: "Accounts", exact: true }).count()).toBe(0);
    await page.getByRole("link", { name: "Go to your devices" }).click();
    await page.getByRole("heading", { name: "Your devices" }).waitFor();
    expect(person.loads()).toBe(1);
  });

  test("takes the question for a password along that the page had asked", async () => {
    const { page } = person;
    await permit(id, ["accounts:read", "accounts:manage"]);
    await page.getByRole("link", { name: "Accounts", exact: true }).click();
    await page.route("**/api/admin/accounts", (route) =>
      route.request().method() === "POST"
        ? route.fulfill({ status: 403, json: { code: "reauthentication_required" } })
        : route.fallback(),
    );
    await page.getByRole("button", { name: "New account" }).click();
    const form = page.getByRole("dialog", { name: "New account" });
    await form.getByLabel("Username").fill("somebody");
    await form.getByLabel("Password", { exact: true }).fill(goodPassword);
    await form.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("dialog", { name: "Enter your password again" }).waitFor();

    await permit(id, []);
    await page.getByRole("heading", { name: "This page is not for your account" }).waitFor();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("is told once to two tabs that are both looked at", async () => {
    const { page, context } = person;
    const other = await context.newPage();
    await other.goto("/devices");
    await other.getByText("Live", { exact: true }).waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    const told = (tab: Page) => tab.getByText("You may now: See activity.").count();

    await permit(id, ["activity:read"]);
    for (const tab of [page, other])
      await tab.getByRole("link", { name: "Activity", exact: true }).waitFor();
    await Promise.any(
      [page, other].map((tab) => tab.getByText("You may now: See activity.").waitFor()),
    );
    expect((await told(page)) + (await told(other))).toBe(1);
  });
});

/** Nothing scrolls sideways, and nothing sticks out. */
async function expectInside(page: Page): Promise<void> {
  const { width, widest } = await page.evaluate(() => ({
    width: document.documentElement.clientWidth,
    widest: document.documentElement.scrollWidth,
  }));
  expect(widest).toBeLessThanOrEqual(width);
}
