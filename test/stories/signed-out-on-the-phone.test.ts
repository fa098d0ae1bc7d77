// The main tale, in real browsers: a laptop ends the phone's session, an admin watches, and then takes a
// permission away. Nobody reloads a page.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { userAgents } from "../support/client.ts";
import { openBrowserOf, register, setUp, signIn, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let browser: Browser;
let admin: Person;
let laptop: Person;
let phone: Person;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer({ nodes: 2 }), launchBrowser()]);
  const [first, second] = server.nodes;
  admin = await openBrowserOf(browser, first.address);
  laptop = await openBrowserOf(browser, first.address, { userAgent: userAgents.laptop });
  phone = await openBrowserOf(browser, second.address, {
    userAgent: userAgents.phone,
    phone: true,
  });
  await setUp(admin, server.setupToken);
  await register(laptop, "mia");
  await signIn(phone, "mia");
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test("the laptop ends the phone: the phone says why, both lists lose the row, nobody reloads", async () => {
  await admin.page.getByRole("link", { name: "Live sessions", exact: true }).click();
  const watched = admin.page.getByRole("row", { name: /mia.*Safari on iOS/ });
  await watched.waitFor();
  const listed = laptop.page.getByRole("row", { name: /Safari on iOS/ });
  await listed.getByText("Online now").waitFor();
  const loads = [admin, laptop, phone].map((person) => person.loads());

  await listed.getByRole("button", { name: "Sign out Safari on iOS" }).click();
  await laptop.page.getByRole("button", { name: "Sign out device" }).click();

  await phone.page.getByRole("heading", { name: "You were signed out" }).waitFor();
  await phone.page.getByText("You signed this device out from another of your devices.").waitFor();
  await laptop.page
    .getByText(/Signed out\. Confirmed by 2 of 2 servers in [\d.,]+ ms, 1 open page closed\./)
    .waitFor();
  const signedIn = laptop.page.getByRole("region", { name: "Signed in now" });
  await signedIn.getByText("This is the only device").waitFor();
  await laptop.page
    .getByRole("region", { name: "Signed out recently" })
    .getByRole("row", { name: /Safari on iOS.*Signed out by you/ })
    .waitFor();
  await watched.waitFor({ state: "detached" });
  expect([admin, laptop, phone].map((person) => person.loads())).toEqual(loads);
});

test("what the phone asks for afterwards is refused with the reason", async () => {
  const answer = await phone.context.request.get("/api/sessions");
  expect(answer.status()).toBe(401);
  expect(await answer.json()).toMatchObject({ code: "session_ended", reason: "revoked" });
});

test("a permission given and taken shows in the open page at once, and nobody signs in again", async () => {
  const loads = laptop.loads();
  const navigation = laptop.page.getByRole("navigation", { name: "Main" });
  await admin.page.getByRole("link", { name: "Accounts" }).click();
  await admin.page.getByRole("link", { name: "mia" }).click();
  const permission = admin.page.getByRole("switch", { name: /See live sessions/ });

  await permission.click();
  await navigation.getByRole("link", { name: "Live sessions" }).click();
  await laptop.page.getByRole("row", { name: /admin/ }).first().waitFor();

  await permission.click();
  await laptop.page.getByRole("heading", { name: "This page is not for your account" }).waitFor();
  await navigation.getByRole("link", { name: "Live sessions" }).waitFor({ state: "detached" });
  const answer = await laptop.context.request.get("/api/admin/sessions");
  expect(answer.status()).toBe(403);
  expect(laptop.loads()).toBe(loads);
});

test("the admin signs one session out with a message, and the message is read on the page", async () => {
  await admin.page.getByRole("link", { name: "Live sessions", exact: true }).click();
  await admin.page.getByRole("button", { name: "Sign out mia on Firefox on Linux" }).click();
  await admin.page.getByLabel("Message to this person").fill("Please come by the desk");
  await admin.page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();

  await laptop.page.getByRole("heading", { name: "You were signed out" }).waitFor();
  await laptop.page.getByText("An administrator signed this device out.").waitFor();
  await laptop.page.getByText("Please come by the desk").waitFor();
  await laptop.page.getByText("admin", { exact: true }).waitFor();
});
