// The administrator's desk, in real browsers: stock that moves while people reserve and claim on another server,
// and a suspicion judged where it stands, with all that follows. Nobody reloads a page.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import {
  createBrowser,
  signInBrowser,
  userAgents,
  type Browser as HttpBrowser,
} from "../support/client.ts";
import { openBrowserOf, setUp, signIn, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

// Passwords are hashed, large files sent and receipts waited for, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

let server: TestServer;
let browser: Browser;
let admin: Person;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "rollcall-units-"));
  [server, browser] = await Promise.all([
    startServer({ nodes: 2, env: { RATE_LIMITS: "off" } }),
    launchBrowser(),
  ]);
  admin = await openBrowserOf(browser, server.nodes[0].address);
  await setUp(admin, server.setupToken);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const rowsOf = (page: Page) => page.getByRole("log").getByRole("listitem");
const resourceRow = (page: Page, name: string) =>
  page.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) });

/** Longer than the poll would wait by itself: the machine may be busy. */
const poll = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: 20_000 });

/** The four places a unit can be in, as the page says them. */
const figuresOf = async (page: Page, name: string) => {
  const texts = await resourceRow(page, name).getByRole("definition").allInnerTexts();
  const [delivered, held, free, withdrawn] = texts.map((text) => text.trim());
  return { delivered, held, free, withdrawn };
};

const writeUnits = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};

/** Enough to take a while, some megabytes. */
const manyUnits = Array.from({ length: 200_000 }, (_, i) => `LARGE-${i}-${"x".repeat(30)}`);

const openUnits = async (page: Page, name: string) => {
  await page.getByRole("button", { name: `Add units to ${name}` }).click();
  return page.getByRole("dialog");
};

/** Somebody who may reserve, signed in on the second server. */
const openReserver = async () => {
  const account = await server.createAccount(["desk:reserve"]);
  const { browser: person } = await signInBrowser(server.nodes[1].address, account.username);
  return { account, person };
};

const idOf = async (person: HttpBrowser, name: string): Promise<string> => {
  const { body } = await person.get("/api/catalogue");
  return body.resources.find((resource: { name: string }) => resource.name === name).id as string;
};

/** Where the pointer and the focus hold nothing still. */
const lookAway = async (page: Page) => {
  await page.mouse.move(5, 5);
  await page.getByRole("heading", { level: 1 }).focus();
};

const name = "Night pass";

test("an admin makes a resource, and the server's faults stand beside the fields", async () => {
  const { page } = admin;
  await page.goto("/admin/catalogue");
  await page.getByText("There is nothing in the catalogue yet.").waitFor();
  await page.getByRole("button", { name: "New resource" }).click();
  const dialog = page.getByRole("dialog", { name: "New resource" });
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("Description").fill("Opens the side door.");
  await dialog.getByLabel("Countries").fill("Atlantis");
  await dialog.getByRole("button", { name: "Create resource" }).click();
  await dialog.getByText("There is no country called “Atlantis”.").waitFor();
  await dialog.getByLabel("Countries").fill("germany");
  await dialog.getByLabel("Countries").press("Enter");
  await dialog.getByRole("button", { name: "Take Germany out" }).click();
  await dialog.getByLabel("Cities").fill("Uppsala, Lund,");
  await dialog.getByRole("button", { name: "Take Uppsala out" }).click();
  await dialog.getByRole("button", { name: "Take Lund out" }).click();
  await dialog.getByLabel("Held for").fill("9");
  await dialog.getByLabel("Unit of time").selectOption("Days");
  await dialog.getByRole("button", { name: "Create resource" }).click();
  await dialog.getByText("From one second to a week.").waitFor();
  await dialog.getByLabel("Held for").fill("10");
  await dialog.getByLabel("Unit of time").selectOption("Minutes");
  await dialog.getByRole("button", { name: "Create resource" }).click();
  await dialog.waitFor({ state: "detached" });

  const row = resourceRow(page, name);
  await row.getByText("No units yet").waitFor();
  await row.getByText("Held for 10 minutes").waitFor();
  await poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe("H3");
});

test("units come by file and by typing, all or none, duplicates reported and never shown", async () => {
  const { page } = admin;
  let dialog = await openUnits(page, name);
  await dialog.getByLabel("A file").check();
  await dialog
    .getByLabel("File", { exact: true })
    .setInputFiles(writeUnits("broken.txt", "SECRET-1\nSECRET-2\nSECRET\u0007-3\n"));
  await dialog.getByRole("button", { name: "Add units" }).click();
  await dialog.getByText(/^Line 3 is not right\. .*Nothing was added\.$/).waitFor();
  // Refused long before all of it is sent.
  const broken = ["SECRET-1", "SECRET\u0007-2", ...manyUnits].join("\n");
  await dialog
    .getByLabel("File", { exact: true })
    .setInputFiles(writeUnits("large-broken.txt", broken));
  await dialog.getByRole("button", { name: "Add units" }).click();
  await dialog.getByText(/^Line 2 is not right\. .*Nothing was added\.$/).waitFor();

  await dialog
    .getByLabel("File", { exact: true })
    .setInputFiles(writeUnits("units.txt", "SECRET-1\r\nSECRET-2\r\n\r\nSECRET-1\r\nSECRET-3\r\n"));
  await dialog.getByRole("button", { name: "Add units" }).click();
  await dialog.getByText("3 units added.").waitFor();
  await dialog.getByText("1 duplicate left out (line 4).").waitFor();
  await dialog.getByRole("button", { name: "Add more" }).click();
  await dialog.getByLabel("Typed").check();
  await dialog.getByLabel("Units", { exact: true }).fill("SECRET-3\nSECRET-4");
  await dialog.getByRole("button", { name: "Add units" }).click();
  await dialog.getByText("1 unit added.").waitFor();
  await dialog.getByText("1 duplicate left out (line 1).").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await dialog.waitFor({ state: "detached" });

  await poll(() => figuresOf(page, name)).toEqual({
    delivered: "0",
    held: "0",
    free: "4",
    withdrawn: "0",
  });
  expect(await page.content()).not.toContain("SECRET");
  // Begun anew, the dialog is empty.
  dialog = await openUnits(page, name);
  expect(await dialog.getByLabel("Units", { exact: true }).inputValue()).toBe("");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});

test("a large file shows how far it has got, and can be called off", async () => {
  const { page } = admin;
  const file = writeUnits("large.txt", manyUnits.join("\n"));
  // A slow line, so that there is time to change one's mind.
  const session = await admin.context.newCDPSession(page);
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 };
  await session.send("Network.emulateNetworkConditions", slow);
  const dialog = await openUnits(page, name);
  await dialog.getByLabel("A file").check();
  await dialog.getByLabel("File", { exact: true }).setInputFiles(file);
  await dialog.getByRole("button", { name: "Add units" }).click();
  const progress = dialog.getByRole("progressbar", { name: "Sending" });
  await poll(async () => Number(await progress.getAttribute("value"))).toBeGreaterThan(0);
  await dialog.getByRole("button", { name: "Cancel upload" }).click();
  await dialog.getByText("Cancelled. Nothing was added.").waitFor();
  await session.send("Network.emulateNetworkConditions", { ...slow, uploadThroughput: -1 });

  // Until the server has noticed it refuses others: one upload at a time.
  const { resources } = await (await admin.context.request.get("/api/admin/catalogue")).json();
  const addOne = () =>
    admin.context.request.post(`/api/admin/catalogue/${resources[0].id}/units`, {
      data: { units: ["SECRET-5"] },
    });
  await poll(async () => (await addOne()).status()).toBe(201);
  await poll(async () => (await figuresOf(page, name)).free).toBe("5");
  await dialog.getByRole("button", { name: "Add units" }).click();
  await dialog.getByText("200,000 units added.").waitFor({ timeout: 60_000 });
  await dialog.getByRole("button", { name: "Done" }).click();
  await poll(async () => (await figuresOf(page, name)).free).toBe("200,005");
});

test("while people reserve and claim elsewhere, the figures move by themselves", async () => {
  const { page } = admin;
  const loads = admin.loads();
  const { person } = await openReserver();
  const resourceId = await idOf(person, name);
  const { body: first } = await person.post("/api/reservations", { resourceId });
  await poll(() => figuresOf(page, name)).toMatchObject({ held: "1", free: "200,004" });
  expect((await person.post(`/api/reservations/${first.id}/claim`)).status).toBe(200);
  await poll(() => figuresOf(page, name)).toMatchObject({ held: "0", delivered: "1" });
  const { body: second } = await person.post("/api/reservations", { resourceId });
  await person.delete(`/api/reservations/${second.id}`);

  const row = resourceRow(page, name);
  await row.getByText("1 of 2 reservations claimed (50%)").waitFor();
  await row.getByText("1 given back").waitFor();
  await row.getByRole("img", { name: "1 delivered, 0 held, 200,004 free, 0 withdrawn" }).waitFor();
  expect(admin.loads()).toBe(loads);
});

test("a hack appears as it happens, is judged, and what follows is offered in the same place", async () => {
  const { page } = admin;
  const { account: holder, person: honest } = await openReserver();
  const { account: thief, person: robber } = await openReserver();
  const resourceId = await idOf(honest, name);
  const { body: foreign } = await honest.post("/api/reservations", { resourceId });
  await robber.post("/api/reservations", { resourceId });
  const victim = await openBrowserOf(browser, server.nodes[1].address, {
    userAgent: userAgents.phone,
  });
  await signIn(victim, thief.username);

  await page.getByRole("link", { name: "Outcomes", exact: true }).first().click();
  await page.getByRole("heading", { name: "Outcomes", level: 1 }).waitFor();
  await rowsOf(page)
    .filter({ hasText: `claimed ${name}` })
    .first()
    .waitFor();
  await page.getByRole("navigation", { name: "Logs" }).getByRole("link", { name: "Hack" }).click();
  await page.getByText("Nothing suspicious has happened.").waitFor();
  await lookAway(page);
  const loads = admin.loads();

  const refused = await robber.post(`/api/reservations/${foreign.id}/claim`, undefined, {
    "x-forwarded-for": "198.51.100.23",
  });
  expect(refused.status).toBe(404);
  const row = rowsOf(page).filter({ hasText: thief.username });
  await row.getByText("198.51.100.23").waitFor();
  await row.getByText("127.0.0.1").waitFor();
  await row.getByText("Firefox/144.0").waitFor();
  expect(
    await row.getByRole("link", { name: thief.username, exact: true }).getAttribute("href"),
  ).toBe(`/admin/accounts/${thief.id}`);
  expect(await row.innerText()).not.toContain(holder.username);

  await row.getByRole("button", { name: `Judge what ${thief.username} did a mistake` }).click();
  await row.getByText("A mistake, judged by you").waitFor();
  await row.getByRole("button", { name: `Judge what ${thief.username} did a hack` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "It is a hack" }).click();
  await row.getByText("A hack, judged by you").waitFor();
  await row.getByText(`1 unit held by ${thief.username} went back to stock.`).waitFor();

  await row.getByRole("button", { name: `End all sessions of ${thief.username}` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Message to this person").fill("Please come to the desk");
  await dialog.getByRole("button", { name: "Sign out everywhere" }).click();
  await row.getByText(/^2 sessions signed out\. Confirmed by/).waitFor();
  await victim.page.getByRole("heading", { name: "You were signed out" }).waitFor();
  await victim.page.getByText("Please come to the desk").waitFor();

  await row.getByRole("button", { name: `Disable ${thief.username}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable account" }).click();
  await row.getByText(`${thief.username} is disabled.`).waitFor();
  expect((await robber.get("/api/sessions")).status).toBe(401);
  expect((await honest.get("/api/sessions")).status).toBe(200);
  expect(admin.loads()).toBe(loads);
  await victim.context.close();
});

test("what arrives while the log is read waits behind a count, and filters are in the address", async () => {
  const { page } = admin;
  const { account, person } = await openReserver();
  const ghost = (last: string) => `/api/reservations/${"0".repeat(19)}${last}/claim`;
  await rowsOf(page).first().hover();
  await person.post(ghost("1"));
  await person.post(ghost("2"));
  await page.getByRole("button", { name: "2 new" }).waitFor();
  expect(await rowsOf(page).count()).toBe(1);
  await lookAway(page);
  await poll(() => rowsOf(page).count()).toBe(3);

  await page.getByLabel("Why").selectOption("No such reservation");
  await poll(() => rowsOf(page).count()).toBe(2);
  await page.getByLabel("Judged").selectOption("Judged");
  await page.getByText("Nothing in this log matches these filters.").waitFor();
  await page.getByRole("button", { name: "Clear filters" }).click();
  await poll(() => rowsOf(page).count()).toBe(3);
  await page.goto(`/admin/outcomes?kind=hack&account=${account.id}`);
  await page.getByText(`Only ${account.username}`).waitFor();
  await poll(() => rowsOf(page).count()).toBe(2);
  await page.getByRole("button", { name: "Show all accounts" }).click();
  await poll(() => rowsOf(page).count()).toBe(3);
});

test("a log is taken home as NDJSON, and forgotten up to a day", async () => {
  const { page } = admin;
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export the log “Hack” as NDJSON" }).click();
  const lines = readFileSync(await (await downloading).path(), "utf8")
    .trim()
    .split("\n");
  const exported = lines.map((line) => JSON.parse(line) as { kind: string; code: string });
  expect(exported.map(({ code }) => code)).toEqual([
    "not_yours",
    "unknown_reservation",
    "unknown_reservation",
  ]);
  expect(lines.join()).not.toContain("SECRET");

  await page.getByRole("button", { name: "Forget older…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Everything before").fill("2020-01-01");
  await dialog.getByRole("button", { name: "Forget them" }).click();
  await page.getByText("There was nothing that old.").waitFor();
  await page.getByRole("button", { name: "Forget older…" }).click();
  await dialog.getByLabel("Everything before").fill("2199-01-01");
  await dialog.getByRole("button", { name: "Forget them" }).click();
  await page.getByText("3 outcomes forgotten.").waitFor();
  await page.getByText("Nothing suspicious has happened.").waitFor();
});

test("a resource is removed: what is free is withdrawn, what is held runs out", async () => {
  const { page } = admin;
  await page.goto("/admin/catalogue");
  // By keyboard alone: the dialog begins in its first field, and Enter sends it.
  await page.getByRole("button", { name: `Edit ${name}` }).press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("Day pass");
  await page.keyboard.press("Enter");
  await resourceRow(page, "Day pass").waitFor();
  await page.getByRole("button", { name: "Remove Day pass" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("One unit is held").waitFor();
  await dialog.getByRole("button", { name: "Remove resource" }).click();
  await page.getByRole("heading", { name: "Removed from the catalogue" }).waitFor();
  await poll(() => figuresOf(page, "Day pass")).toMatchObject({ free: "0", held: "1" });
  const stranger = createBrowser(server.nodes[1].address);
  expect((await stranger.get("/api/catalogue")).body.resources).toEqual([]);
});
