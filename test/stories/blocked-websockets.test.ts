// Behind a proxy that strips websocket upgrades: the page says so and how to mend it, goes on over plain HTTP with
// a slower refresh, and is live by itself once the proxy is mended.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findAxeViolations } from "../support/axe.ts";
import { launchBrowser } from "../support/browser.ts";
import { signInBrowser, userAgents } from "../support/client.ts";
import { openBrowserOf, signIn, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { openUpgradeStripper, type UpgradeStripper } from "../support/upgrade-stripper.ts";

let server: TestServer;
let browser: Browser;
let proxy: UpgradeStripper;
let person: Person;
let username: string;

/** The refresh comes every 15 seconds; attempts to connect are up to 15 apart. */
const patience = { timeout: 60_000 };

beforeAll(async () => {
  [server, browser] = await Promise.all([
    startServer({ env: { RATE_LIMITS: "off" } }),
    launchBrowser(),
  ]);
  proxy = await openUpgradeStripper(server.address);
  ({ username } = await server.createAccount());
  person = await openBrowserOf(browser, proxy.address);
  await signIn(person, username);
});

afterAll(async () => {
  await browser?.close();
  proxy?.close();
  await server?.stop();
});

test("the page says that live updates are blocked, and how to mend that", async () => {
  const banner = person.page.getByRole("status").filter({ hasText: "Live updates are blocked" });
  await banner.waitFor(patience);
  expect(await banner.innerText()).toContain("/socket.io/");
  await person.page.getByText("Not live", { exact: true }).waitFor();
  expect(proxy.refused()).toBeGreaterThanOrEqual(3);
  expect(await findAxeViolations(person.page)).toEqual([]);
}, 90_000);

test("another device that signs in shows up within the slow refresh, and leaves again", async () => {
  const { page } = person;
  const loads = person.loads();
  const other = await signInBrowser(server.address, username, userAgents.phone);
  const row = page.getByRole("row", { name: /Safari on iOS/ });
  await row.first().waitFor(patience);
  await other.browser.post("/api/sign-out", {});
  await page
    .getByRole("region", { name: "Signed out recently" })
    .getByRole("row", { name: /Safari on iOS/ })
    .waitFor(patience);
  expect(person.loads()).toBe(loads);
}, 150_000);

test("what a person does works, and what they are told of others arrives without a socket", async () => {
  const { page } = person;
  await page
    .getByRole("button", { name: /^Rename/ })
    .first()
    .click();
  await page.getByLabel("Name of this device").fill("Desk behind the proxy");
  await page.keyboard.press("Enter");
  await page.getByText("This device is now called Desk behind the proxy.").waitFor();
});

test("the page is live again by itself when the proxy is mended", async () => {
  proxy.mend();
  await person.page.getByText("Live", { exact: true }).waitFor(patience);
  await person.page.getByText("Live updates are blocked").waitFor({ state: "detached" });
  // Rows do not join a list that somebody points at or writes in.
  await person.page.getByRole("heading", { name: "Your devices" }).click();
  await signInBrowser(server.address, username, userAgents.phone);
  await person.page
    .getByRole("region", { name: "Signed in now" })
    .getByRole("row", { name: /Safari on iOS/ })
    .waitFor();
}, 90_000);
