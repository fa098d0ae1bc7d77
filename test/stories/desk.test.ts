// From a visitor's first look at the catalogue to a unit in hand, in real browsers: a bin that two tabs fill
// and that comes along at sign-in, a reservation that a second device approves, and an admin who sees each
// step. Nobody reloads a page.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { z } from "zod";
import type { Permission } from "../../shared/contract/accounts.ts";
import type { NewResource } from "../../shared/contract/catalogue.ts";
import { launchBrowser } from "../support/browser.ts";
import {
  goodPassword,
  setUpAdmin,
  signInBrowser,
  userAgents,
  type Browser as Client,
} from "../support/client.ts";
import { openBrowserOf, signIn, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

/** Every step is awaited by what is seen; a busy machine may take long over each. */
vi.setConfig({ testTimeout: 120_000 });

let server: TestServer;
let browser: Browser;
let admin: Client;
const people: Person[] = [];

beforeAll(async () => {
  [server, browser] = await Promise.all([
    startServer({ nodes: 2, env: { RATE_LIMITS: "off" } }),
    launchBrowser(),
  ]);
  admin = await setUpAdmin(server.address, server.setupToken);
});
afterEach(() => Promise.all(people.splice(0).map(({ context }) => context.close())));
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(node: 0 | 1, options: Parameters<typeof openBrowserOf>[2]): Promise<Person> {
  const person = await openBrowserOf(browser, server.nodes[node].address, options);
  person.context.setDefaultTimeout(20_000);
  people.push(person);
  return person;
}
const openLaptop = () => open(0, { userAgent: userAgents.laptop });
const openPhone = () => open(1, { userAgent: userAgents.phone, phone: true });

async function addResource(body: z.input<typeof NewResource>, units: string[]): Promise<string> {
  const made = await admin.post("/api/admin/catalogue", body);
  expect(made.status).toBe(201);
  const { id } = made.body.resource;
  const added = await admin.post(`/api/admin/catalogue/${id}/units`, { units });
  expect(added.body).toMatchObject({ added: units.length });
  return id as string;
}

const headed = (page: Page, name: string) =>
  page.getByRole("heading", { name, level: 1 }).waitFor();
const seen = (page: Page, words: string | RegExp) => page.getByText(words).first().waitFor();
const press = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: true }).first().click();
const visit = (page: Page, place: "Catalogue" | "Bin" | "Reservations") =>
  page
    .getByRole("navigation", { name: "Main" })
    .getByRole("link", { name: new RegExp(`^${place}(?! and)`) })
    .click();
/** The one list item or row that is about this. */
const about = (page: Page, name: string) =>
  page.getByRole("main").getByRole("listitem").filter({ hasText: name }).first();
const quantityOf = (page: Page, name: string) =>
  page.getByRole("textbox", { name: `Quantity of ${name}` });

/** Somebody who may reserve, signed in on a laptop. */
async function openReserver(): Promise<{ laptop: Person; username: string }> {
  const { username } = await server.createAccount(["desk:reserve"]);
  const laptop = await openLaptop();
  await signIn(laptop, username);
  return { laptop, username };
}

test("a guest's bin becomes an account's, and a unit is reserved, approved on the phone and claimed", async () => {
  const secret = "the-code-of-the-concert";
  await addResource({ name: "Museum pass", task: "confirm", terms: "One day only." }, ["pass-1"]);
  await addResource({ name: "Concert ticket", task: "other_device" }, [secret, "another-code"]);
  const watcher = await open(1, {});
  await signIn(watcher, "admin");
  await watcher.page.getByRole("link", { name: "Activity", exact: true }).click();
  const happened = (sentence: RegExp) =>
    watcher.page
      .getByRole("log")
      .getByRole("listitem")
      .filter({ hasText: sentence })
      .first()
      .waitFor();

  // Two tabs of a stranger fill one bin.
  const laptop = await openLaptop();
  const { page } = laptop;
  await page.goto("/catalogue");
  const otherTab = await laptop.context.newPage();
  await otherTab.goto("/bin");
  await seen(otherTab, "Your bin is empty.");
  await page.bringToFront();
  await press(page, "One more of Museum pass");
  await press(page, "Add Museum pass to bin");
  await otherTab.getByRole("row", { name: /Museum pass/ }).waitFor();
  await expect.poll(() => quantityOf(otherTab, "Museum pass").inputValue()).toBe("2");
  await otherTab.bringToFront();
  await visit(otherTab, "Catalogue");
  await press(otherTab, "Add Concert ticket to bin");
  await page.bringToFront();
  await page.getByRole("link", { name: "Bin 2 things" }).click();
  await page.getByRole("row", { name: /Concert ticket/ }).waitFor();

  // From the bin to an account and back to the bin.
  const loads = laptop.loads();
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByLabel("Username").fill("mia");
  await page.getByLabel("Password", { exact: true }).fill(goodPassword);
  await press(page, "Create account");
  await headed(page, "Your bin");
  await seen(page, "2 things from this visit were added to your bin.");
  await page.getByRole("heading", { name: "Added from your visit" }).waitFor();
  await happened(/mia took a visit’s bin along/);

  // What one may not reserve says so, as soon as it is so.
  await permit("mia", []);
  await page.getByRole("row", { name: /Concert ticket.*Your account may not reserve/ }).waitFor();
  await permit("mia", ["desk:reserve"]);
  await page.getByRole("button", { name: "Reserve Concert ticket" }).waitFor();

  // A second device, which the account knows before anything is reserved.
  const phone = await openPhone();
  await signIn(phone, "mia");
  await press(page, "Yes, it was me");
  await press(page, "Reserve Concert ticket");
  await happened(/mia reserved Concert ticket/);
  await page.getByRole("row", { name: /Concert ticket/ }).waitFor({ state: "detached" });
  await visit(page, "Reservations");
  await about(page, "Concert ticket").getByText("Waiting for you on another device").waitFor();
  expect(await page.getByText("Approve?").count()).toBe(0);

  await seen(phone.page, "Concert ticket was reserved on Firefox on Linux. Approve?");
  await press(phone.page, "Approve");
  await press(page, "Claim Concert ticket");
  await seen(page, "Keep it somewhere safe.");
  const shown = [secret, "another-code"];
  const received = await page
    .getByRole("group", { name: "What you received: Concert ticket" })
    .innerText();
  expect(shown.filter((unit) => received.includes(unit))).toHaveLength(1);
  await happened(/mia claimed Concert ticket/);
  await phone.page.getByText("Approve?").waitFor({ state: "detached" });
  expect([laptop.loads(), phone.loads()]).toEqual([loads, 1]);

  // Once: whoever comes back sees that it was claimed, and what it was after asking.
  await visit(page, "Catalogue");
  await visit(page, "Reservations");
  await page.getByRole("row", { name: /Concert ticket Claimed/ }).waitFor();
  for (const unit of shown) expect(await page.getByText(unit).count()).toBe(0);
  await press(page, "Show what you received: Concert ticket");
  await page.getByRole("group", { name: "What you received: Concert ticket" }).waitFor();
});

async function permit(username: string, permissions: Permission[]): Promise<void> {
  const { accounts } = (await admin.get(`/api/admin/accounts?q=${username}`)).body;
  const path = `/api/admin/accounts/${accounts[0].id}/permissions`;
  const granted = await admin.put(path, { permissions });
  expect(granted.status).toBe(200);
}

test("terms are accepted in place, and the password is asked for in place", async () => {
  await addResource({ name: "Boat", task: "confirm", terms: "Bring it back dry." }, ["boat-7"]);
  await addResource({ name: "Vault", task: "reauthenticate" }, ["vault-9"]);
  const { laptop } = await openReserver();
  const { page } = laptop;
  await page.goto("/catalogue");
  await press(page, "Reserve Boat");
  await press(page, "Reserve Vault");
  await press(page, "Open reservations");

  await about(page, "Boat").getByRole("button", { name: "Read the terms" }).click();
  const terms = page.getByRole("dialog", { name: "Terms of Boat" });
  await terms.getByText("Bring it back dry.").waitFor();
  await terms.getByRole("button", { name: "Accept" }).click();
  await press(page, "Claim Boat");
  await seen(page, "boat-7");

  await about(page, "Vault").getByRole("button", { name: "Enter password" }).click();
  const password = page.getByRole("dialog", { name: "Enter your password again" });
  await password.getByLabel("Password").fill(goodPassword);
  await password.getByRole("button", { name: "Continue" }).click();
  await press(page, "Claim Vault");
  await seen(page, "vault-9");
});

test("a request for approval goes when it is given back, and “It was not me” gives it back", async () => {
  await addResource({ name: "Scooter", task: "other_device" }, ["scooter-1"]);
  const { laptop, username } = await openReserver();
  const phone = await openPhone();
  await signIn(phone, username);
  const { page } = laptop;
  await press(page, "Yes, it was me");
  await page.goto("/catalogue");

  await press(page, "Reserve Scooter");
  const question = phone.page.getByText("Scooter was reserved on");
  await question.waitFor();
  await press(page, "Open reservations");
  await press(page, "Give Scooter back");
  await press(page, "Give back");
  await question.waitFor({ state: "detached" });
  await about(page, "Scooter").getByText("It was given back.").waitFor();

  await visit(page, "Catalogue");
  await press(page, "Reserve Scooter");
  await question.waitFor();
  await phone.page.getByRole("link", { name: "Catalogue", exact: true }).click();
  await press(phone.page, "It was not me");
  await headed(phone.page, "Your devices");
  await about(page, "Scooter").getByText("1 free").waitFor();
});

test("whoever is too late sees the number go and is told why, and keeps it in the bin", async () => {
  const id = await addResource({ name: "Last chair", task: "none" }, ["chair-1", "chair-2"]);
  const { laptop } = await openReserver();
  const { page } = laptop;
  await page.goto("/catalogue");
  await about(page, "Last chair").getByText("2 free").waitFor();
  await press(page, "One more of Last chair");
  await press(page, "Add Last chair to bin");
  await visit(page, "Bin");
  await page.getByRole("row", { name: /Last chair.*2 free/ }).waitFor();

  const { browser: quick } = await signInBrowser(
    server.nodes[1].address,
    (await server.createAccount(["desk:reserve"])).username,
  );
  expect((await quick.post("/api/reservations", { resourceId: id })).status).toBe(201);
  await page.getByRole("row", { name: /Last chair.*1 free/ }).waitFor();
  await press(page, "Reserve Last chair");
  await seen(page, "There is none left right now. 1 of 2 not reserved.");
  await seen(page, "1 unit is held for you.");
  await page.getByRole("row", { name: /Last chair.*None free/ }).waitFor();
  await expect.poll(() => quantityOf(page, "Last chair").inputValue()).toBe("1");
});

test("reserving all leaves alone what the account may not have", async () => {
  await addResource({ name: "Pen", task: "none" }, ["pen-1"]);
  await addResource({ name: "Pencil", task: "none" }, ["pencil-1"]);
  await addResource({ name: "Polar pass", rule: { countries: ["AQ"] } }, ["polar-1"]);
  const { laptop, username } = await openReserver();
  const { page } = laptop;
  await page.goto("/catalogue");
  await about(page, "Polar pass").getByText("Your account does not say where you are.").waitFor();
  for (const name of ["Pen", "Polar pass", "Pencil"]) await press(page, `Add ${name} to bin`);
  await visit(page, "Bin");
  await page.getByRole("row", { name: /Pencil/ }).waitFor();
  await press(page, "Reserve all");
  await seen(page, "2 units are held for you.");
  await page.getByRole("row", { name: /Pencil/ }).waitFor({ state: "detached" });
  await page.getByRole("row", { name: /Polar pass/ }).waitFor();

  const { outcomes } = (await admin.get("/api/admin/outcomes?kind=hack")).body;
  const suspects = outcomes.map(
    ({ account }: { account: { username: string } }) => account.username,
  );
  expect(suspects).not.toContain(username);
});

test("a lost reply is asked for again and holds one unit, not two", async () => {
  await addResource({ name: "Tent", task: "none" }, ["tent-1", "tent-2"]);
  const { laptop } = await openReserver();
  const { page } = laptop;
  await page.goto("/catalogue");
  let isLost = false;
  await page.route("**/api/reservations", async (route) => {
    if (isLost || route.request().method() !== "POST") return route.continue();
    isLost = true;
    await route.fetch();
    await route.abort();
  });
  await press(page, "Reserve Tent");
  await seen(page, "The server cannot be reached.");
  await press(page, "Reserve Tent");
  await seen(page, "Tent is held for you.");
  await about(page, "Tent").getByText("1 free").waitFor();
  await page.getByRole("link", { name: "Reservations 1 held" }).waitFor();
});

test("what runs out goes back by itself, and the page says so without a reload", async () => {
  await addResource({ name: "Egg timer", task: "none", holdSeconds: 3 }, ["egg-1"]);
  const { laptop } = await openReserver();
  const { page } = laptop;
  await page.goto("/catalogue");
  await press(page, "Reserve Egg timer");
  await press(page, "Open reservations");
  await about(page, "Egg timer").getByText("The time was up, and it went back.").waitFor();
  await visit(page, "Catalogue");
  await about(page, "Egg timer").getByText("1 free").waitFor();
  await visit(page, "Reservations");
  await page.getByRole("row", { name: /Egg timer Expired/ }).waitFor();
});

test("what is taken out can be put back, and a change that fails shows what the server has", async () => {
  await addResource({ name: "Red lamp" }, ["lamp-1"]);
  await addResource({ name: "Blue lamp" }, ["lamp-2"]);
  const laptop = await openLaptop();
  const { page } = laptop;
  await page.goto("/catalogue");
  await press(page, "Add Red lamp to bin");
  await press(page, "Add Blue lamp to bin");
  await visit(page, "Bin");
  await quantityOf(page, "Red lamp").fill("17");
  await press(page, "Remove Red lamp");
  await seen(page, "Red lamp was taken out of your bin.");
  await press(page, "Undo");
  await expect.poll(() => quantityOf(page, "Red lamp").inputValue()).toBe("17");
  await press(page, "Empty the bin");
  await seen(page, "Your bin is empty.");
  await seen(page, "2 things were taken out of your bin.");
  await press(page, "Undo");
  await page.getByRole("row", { name: /Blue lamp/ }).waitFor();
  await expect.poll(() => quantityOf(page, "Red lamp").inputValue()).toBe("17");

  await page.route("**/api/bin/*", (route) => route.abort());
  await press(page, "One more of Red lamp");
  await seen(page, "The server cannot be reached.");
  await expect.poll(() => quantityOf(page, "Red lamp").inputValue()).toBe("17");
});

test("a merge can be looked through and undone", async () => {
  const kept = await addResource({ name: "Old map" }, ["map-1"]);
  await addResource({ name: "New map" }, ["map-2"]);
  const { username } = await server.createAccount();
  const { browser: before } = await signInBrowser(server.address, username);
  await before.put(`/api/bin/${kept}`, { quantity: 1 });

  const laptop = await openLaptop();
  const { page } = laptop;
  await page.goto("/catalogue");
  await press(page, "Add New map to bin");
  await press(page, "One more of Old map");
  await press(page, "Add Old map to bin");
  await page.getByRole("link", { name: "Bin 2 things" }).waitFor();
  await signIn(laptop, username);
  await seen(page, "2 things from this visit were added to your bin (1 was there already).");
  await press(page, "Review");
  await headed(page, "Your bin");
  await seen(page, "Old map: 2 instead of 1");
  await press(page, "Undo");
  await page.getByRole("row", { name: /New map/ }).waitFor({ state: "detached" });
  await expect.poll(() => quantityOf(page, "Old map").inputValue()).toBe("1");
});
