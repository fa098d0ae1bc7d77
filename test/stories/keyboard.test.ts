// The tour by keyboard alone: sign in, end another device, look at everybody as an administrator, force a
// logout. The mouse is never used; wherever the focus is, it can be seen.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import {
  eventually,
  goodPassword,
  setUpAdmin,
  signInBrowser,
  userAgents,
} from "../support/client.ts";
import { openBrowserOf, type Person } from "../support/people.ts";
import { startServer, type TestAccount, type TestServer } from "../support/server.ts";

let server: TestServer;
let browser: Browser;
let admin: Person;
let person: TestAccount;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  const setUp = await setUpAdmin(server.address, server.setupToken);
  await setUp.post("/api/sign-out");
  person = await server.createAccount();
  admin = await openBrowserOf(browser, server.address, { userAgent: userAgents.laptop });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

interface Focused {
  name: string;
  isVisible: boolean;
}

/** What has the focus, by the name a screen reader says, and whether its ring can be seen. */
const focusedOn = (page: Page): Promise<Focused> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    // Between the end of the page and its beginning nothing has it.
    if (element === document.body) return { name: "", isVisible: true };
    const label =
      element.getAttribute("aria-label") ??
      (element as HTMLInputElement).labels?.[0]?.textContent ??
      element.textContent ??
      "";
    const { width, height } = element.getBoundingClientRect();
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return {
      name: label.replace(/\s+/g, " ").trim(),
      isVisible: width > 0 && height > 0 && outlineStyle !== "none" && outlineWidth !== "0px",
    };
  });

/** Press Tab until this has the focus; every stop on the way must be seen. */
async function tabTo(page: Page, name: string | RegExp, key = "Tab"): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press(key);
    const focused = await focusedOn(page);
    expect(focused, `the ring of “${focused.name}”`).toMatchObject({ isVisible: true });
    if (typeof name === "string" ? focused.name === name : name.test(focused.name)) return;
    passed.push(focused.name);
  }
  throw new Error(`no way by keyboard to ${String(name)}; passed ${passed.join(", ")}`);
}

async function press(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press("Enter");
}

test("an administrator signs in, ends an own device and forces somebody out, by keyboard alone", async () => {
  const { page } = admin;
  await page.goto("/sign-in");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  // The form begins where one types.
  if (!(await focusedOn(page)).name.startsWith("Username")) await tabTo(page, /^Username/);
  await page.keyboard.type("admin");
  await tabTo(page, /^Password/);
  await page.keyboard.type(goodPassword);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your devices" }).waitFor();

  const phone = await signInBrowser(server.address, "admin", userAgents.phone);
  await page.getByRole("row", { name: /iPhone|iOS/ }).waitFor();
  await press(page, /^Yes, it was me$/);
  await press(page, /^Sign out (Safari|Mobile Safari|.*iOS|.*iPhone)/);
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  // What ends something begins on Cancel; Escape calls it off, and the focus goes back where it was.
  expect((await focusedOn(page)).name).toBe("Cancel");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await eventually(async () => /^Sign out /.test((await focusedOn(page)).name));
  await page.keyboard.press("Enter");
  await press(page, "Sign out device");
  await page.getByText(/Confirmed by 1 of 1 server/).waitFor();
  expect((await phone.browser.get("/api/sessions")).body.code).toBe("session_ended");

  const target = await openBrowserOf(browser, server.address, { userAgent: userAgents.phone });
  const { browser: held } = await signInBrowser(server.address, person.username, userAgents.phone);
  await target.context.addCookies(
    [...held.cookies].map(([name, value]) => ({ name, value, url: server.address })),
  );
  await target.page.goto("/");
  await target.page.getByRole("heading", { name: "Your devices" }).waitFor();

  await press(page, "Live sessions");
  await page.getByRole("heading", { name: "Live sessions" }).waitFor();
  await press(page, new RegExp(`^Sign out ${person.username} on `));
  await dialog.waitFor();
  await tabTo(page, /^Message to this person/, "Shift+Tab");
  await page.keyboard.type("Please come to the desk");
  await press(page, /^Sign out$/);
  await dialog.waitFor({ state: "detached" });
  await target.page.getByText("Please come to the desk").waitFor();
  await target.page.getByRole("heading", { name: "You were signed out" }).waitFor();
});
