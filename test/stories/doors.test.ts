// The other ways in and out, in real browsers: a remembered browser, an unfamiliar device, a new password,
// a sign-out that only the browser itself can tell its tabs, and the way back to an app.
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { eventually, goodPassword, signInBrowser, userAgents } from "../support/client.ts";
import { openBrowserOf, signIn, type Person } from "../support/people.ts";
import { startServer, type TestAccount, type TestServer } from "../support/server.ts";

const app = "http://app.example:8080/reports?week=47";

let server: TestServer;
let browser: Browser;
let account: TestAccount;
const people: Person[] = [];

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer({ nodes: 2 }), launchBrowser()]);
});
afterEach(() => Promise.all(people.splice(0).map(({ context }) => context.close())));
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function openLaptop(address = server.address): Promise<Person> {
  const person = await openBrowserOf(browser, address, { userAgent: userAgents.laptop });
  people.push(person);
  return person;
}

async function openPhone(): Promise<Person> {
  const person = await openBrowserOf(browser, server.nodes[1].address, {
    userAgent: userAgents.phone,
    phone: true,
  });
  people.push(person);
  return person;
}

async function signInRemembered({ page }: Person): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("Username").fill(account.username);
  await page.getByLabel("Password", { exact: true }).fill(goodPassword);
  const remember = page.getByLabel("Stay signed in on this device");
  expect(await remember.isChecked()).toBe(false);
  await remember.check();
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Your devices" }).waitFor();
}

/** Closes the browser and starts it again: cookies without an expiry are gone. */
async function restart({ context }: Person): Promise<Person> {
  const cookies = (await context.cookies()).filter(({ expires }) => expires > 0);
  await context.close();
  const again = await openLaptop();
  await again.context.addCookies(cookies);
  return again;
}

/** A laptop that was remembered and started again: signed in, and not fresh. */
async function openRememberedLaptop(): Promise<Person> {
  const before = await openLaptop();
  await signInRemembered(before);
  const laptop = await restart(before);
  await laptop.page.goto("/");
  await laptop.page.getByRole("heading", { name: "Your devices" }).waitFor();
  return laptop;
}

async function givePassword(page: Page): Promise<void> {
  const dialog = page.getByRole("dialog", { name: "Enter your password again" });
  await dialog.getByLabel("Password").fill(goodPassword);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await dialog.waitFor({ state: "detached" });
}

/** A deployment that knows its own address, and the hosts of the apps it protects. */
async function startGateway(): Promise<TestServer> {
  const port = await findFreePort();
  const home = `http://127.0.0.1:${port}`;
  const env = { PORT: String(port), PUBLIC_URL: home, GATEWAY_HOSTS: "app.example" };
  return startServer({ env });
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

const noticeOn = (page: Page) => page.getByText("Was this you?", { exact: false }).first();
const isSignedOut = (page: Page) =>
  page.getByRole("heading", { name: "You were signed out" }).waitFor();

test("a remembered browser comes back without a password, and is asked for it to end others", async () => {
  account = await server.createAccount();
  const laptop = await openRememberedLaptop();
  const phone = await openPhone();
  await signIn(phone, account.username);
  const own = laptop.page.getByRole("row", { name: /Firefox on Linux.*This device/ });
  await own.getByText("Remembered").waitFor();
  await own.getByText("Stays signed in").waitFor();
  await laptop.page.getByRole("row", { name: /Safari on iOS/ }).waitFor();

  await laptop.page.getByRole("button", { name: "Sign out all other devices (1)" }).click();
  await laptop.page.getByRole("button", { name: "Sign out 1 device" }).click();
  await givePassword(laptop.page);

  await isSignedOut(phone.page);
  await laptop.page.getByText(/Signed out\. Confirmed by 2 of 2 servers/).waitFor();
  expect(laptop.loads()).toBe(1);
});

test("a remembered device that sleeps stays in the list, and can be ended there", async () => {
  account = await server.createAccount();
  const phone = await openPhone();
  await signInRemembered(phone);
  await phone.context.close();
  const laptop = await openLaptop();
  await signIn(laptop, account.username);

  const sleeping = laptop.page.getByRole("row", { name: /Safari on iOS.*Remembered.*Active/ });
  await sleeping.getByRole("button", { name: "Sign out Safari on iOS" }).click();
  await laptop.page.getByText("needs the password to come back").waitFor();
  await laptop.page.getByRole("button", { name: "Sign out device" }).click();
  await laptop.page
    .getByRole("region", { name: "Signed out recently" })
    .getByRole("row", { name: /Safari on iOS.*Signed out by you/ })
    .waitFor();
});

test("an unfamiliar device is asked about on every page, and No ends it and leads to the password", async () => {
  account = await server.createAccount();
  const laptop = await openRememberedLaptop();
  const otherTab = await laptop.context.newPage();
  await otherTab.goto("/password");
  const intruder = await openPhone();
  await signIn(intruder, account.username);
  await laptop.page.getByText("New sign-in: Safari on iOS. Was this you?").waitFor();
  await otherTab.getByText("New sign-in: Safari on iOS. Was this you?").waitFor();
  await intruder.page.getByRole("row", { name: /Safari on iOS.*This device/ }).waitFor();
  expect(await noticeOn(intruder.page).count()).toBe(0);

  await laptop.page.getByRole("button", { name: "No, sign it out" }).click();
  await givePassword(laptop.page);

  await isSignedOut(intruder.page);
  await laptop.page.getByRole("heading", { name: "Change password" }).waitFor();
  await laptop.page.getByText("Whoever used it knows your password").waitFor();
  await noticeOn(otherTab).waitFor({ state: "detached" });
  expect(laptop.loads()).toBe(1);
});

test("a question that nobody saw waits for the next page, and Yes answers it for good", async () => {
  account = await server.createAccount();
  const laptop = await openLaptop();
  await signIn(laptop, account.username);
  await laptop.page.goto("about:blank");
  await signInBrowser(server.address, account.username, userAgents.phone);

  await laptop.page.goto("/");
  await laptop.page.getByText("New sign-in: Safari on iOS. Was this you?").waitFor();
  const otherTab = await laptop.context.newPage();
  await otherTab.goto("/password");
  await noticeOn(otherTab).waitFor();
  await laptop.page.getByRole("button", { name: "Yes, it was me" }).click();

  await noticeOn(otherTab).waitFor({ state: "detached" });
  await noticeOn(laptop.page).waitFor({ state: "detached" });
  await laptop.page.reload();
  await laptop.page.getByRole("row", { name: /Safari on iOS/ }).waitFor();
  expect(await noticeOn(laptop.page).count()).toBe(0);
});

test("a new password signs the other device out with the reason, and says how many", async () => {
  account = await server.createAccount();
  const laptop = await openLaptop();
  await signIn(laptop, account.username);
  const phone = await openPhone();
  await signIn(phone, account.username);
  await laptop.page.getByRole("button", { name: `Account of ${account.username}` }).click();
  await laptop.page.getByRole("link", { name: "Change password" }).click();

  await laptop.page.getByLabel("Current password").fill("not the password");
  await laptop.page.getByLabel("New password").fill("velvet harbour notation 12");
  await laptop.page.getByRole("button", { name: "Change password" }).click();
  await laptop.page.getByText("The password is wrong.").waitFor();
  await laptop.page.getByLabel("Current password").fill(goodPassword);
  expect(await laptop.page.getByLabel("Sign out all other devices").isChecked()).toBe(true);
  await laptop.page.getByRole("button", { name: "Change password" }).click();

  await laptop.page.getByRole("heading", { name: "Your password is changed." }).waitFor();
  await laptop.page.getByText("1 other session signed out. Confirmed by 2 of 2 servers").waitFor();
  await isSignedOut(phone.page);
  await phone.page.getByText("The password of your account was changed.").waitFor();
  await laptop.page.getByRole("link", { name: "Go to your devices" }).click();
  await laptop.page.getByRole("row", { name: /Safari on iOS.*Password changed/ }).waitFor();
});

test("a sign-out is seen by a tab whose socket never comes through", async () => {
  account = await server.createAccount();
  const laptop = await openLaptop();
  await signIn(laptop, account.username);
  const deaf = await laptop.context.newPage();
  await deaf.routeWebSocket(/socket\.io/, (socket) => socket.close());
  let loads = 0;
  deaf.on("load", () => loads++);
  await deaf.goto("/");
  await deaf.getByText("Reconnecting", { exact: true }).waitFor();
  await deaf.getByRole("row", { name: /This device/ }).waitFor();

  await laptop.page.getByRole("button", { name: "Sign out", exact: true }).click();
  await laptop.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await deaf.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(loads).toBe(1);
});

test("a tab that slept past its session is signed in again by the remember cookie, and is live", async () => {
  const shortLived = await startServer({ env: { SESSION_IDLE: "2s" } });
  try {
    account = await shortLived.createAccount();
    const laptop = await openLaptop(shortLived.address);
    await signInRemembered(laptop);
    const { core } = shortLived.nodes[0];
    const [session] = (await core.sessionStore.list(account.id)).live;
    const isOnline = async () => (await core.presence.of([session.id]))[0] === 1;
    await eventually(isOnline);

    // Nobody touches the page: its session falls asleep, and the page wakes it.
    await laptop.page.waitForResponse(async (response) =>
      (await response.allHeaders())["set-cookie"]?.includes("rollcall-remember") ? true : false,
    );
    await eventually(isOnline);
    expect(await laptop.page.getByRole("heading", { name: "Your devices" }).count()).toBe(1);
    expect(laptop.loads()).toBe(1);
  } finally {
    await shortLived.stop();
  }
});

describe("an app behind the gateway", () => {
  let gateway: TestServer;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway?.stop());

  test("is where signing in leads back to, and no other host is", async () => {
    account = await gateway.createAccount();
    const laptop = await openLaptop(gateway.address);
    await laptop.context.route("http://app.example:8080/**", (route) =>
      route.fulfill({ contentType: "text/html", body: "<h1>Reports</h1>" }),
    );
    await laptop.page.goto(`/sign-in?return=${encodeURIComponent(app)}`);
    await laptop.page.getByLabel("Username").fill(account.username);
    await laptop.page.getByLabel("Password", { exact: true }).fill(goodPassword);
    await laptop.page.getByRole("button", { name: "Sign in", exact: true }).click();
    await laptop.page.getByRole("heading", { name: "Reports" }).waitFor();
    expect(laptop.page.url()).toBe(app);

    await laptop.page.goto(`/sign-in?return=${encodeURIComponent("https://evil.example/")}`);
    await laptop.page.getByRole("heading", { name: "Your devices" }).waitFor();
  });

  test("does not send people round who are signed in and whom it sends back", async () => {
    account = await gateway.createAccount();
    const laptop = await openLaptop(gateway.address);
    await laptop.context.route("http://app.example:8080/**", (route) =>
      route.fulfill({
        status: 302,
        headers: { Location: `${gateway.address}/sign-in?return=${encodeURIComponent(app)}` },
      }),
    );
    await signIn(laptop, account.username);
    await laptop.page.goto(`/sign-in?return=${encodeURIComponent(app)}`);
    await laptop.page.getByText("app.example:8080 sent you back").waitFor();
    await laptop.page.getByRole("heading", { name: "Your devices" }).waitFor();
  });
});
