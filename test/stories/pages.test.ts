// Every page, in both themes and both sizes: axe finds nothing, nothing breaks the content security policy,
// nothing scrolls sideways. With SCREENSHOTS=<folder> each is kept as a picture, to be looked at.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { createBrowser, goodPassword, setUpAdmin, userAgents } from "../support/client.ts";
import { openBrowserOf, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let browser: Browser;
let adminCookies: string;
let endedCookies: string;
let askedCookies: string;
let accountId: string;
let guestCookies: string;
let reserverCookies: string;
let approverCookies: string;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  const admin = await setUpAdmin(server.address, server.setupToken);
  adminCookies = admin.cookieHeader();
  await furnish(admin);
  await furnishDesk(admin);
  await furnishVisits(admin);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** Accounts, devices and ends enough that no list is empty. */
async function furnish(admin: ReturnType<typeof createBrowser>): Promise<void> {
  const profile = { password: goodPassword, name: "Mia Ahlberg", country: "SE", city: "Uppsala" };
  const made = await admin.post("/api/admin/accounts", { username: "mia", ...profile });
  accountId = (made.body as { account: { id: string } }).account.id;
  for (const username of ["noor", "otto"])
    await admin.post("/api/admin/accounts", { username, password: goodPassword });
  const asked = createBrowser(server.address, userAgents.laptop);
  await asked.signIn("noor");
  askedCookies = asked.cookieHeader();
  for (const [username, agent] of [
    ["mia", userAgents.laptop],
    ["mia", userAgents.phone],
    ["noor", userAgents.phone],
    ["admin", userAgents.phone],
    ["admin", "curl/8.5.0"],
  ] as const)
    await createBrowser(server.address, agent).signIn(username);
  await recogniseAll(admin);
  const lost = createBrowser(server.address, userAgents.phone);
  const signedIn = await lost.signIn("admin");
  endedCookies = lost.cookieHeader();
  const { id } = (signedIn.body as { session: { id: string } }).session;
  await admin.delete(`/api/admin/sessions/${id}?message=Found%20in%20the%20canteen`);
}

/** Resources in every state, and outcomes in every log. */
async function furnishDesk(admin: ReturnType<typeof createBrowser>): Promise<void> {
  // Judged before anything is held: a hack gives back what its account holds.
  for (const last of ["1", "2"])
    await admin.post(`/api/reservations/${"0".repeat(19)}${last}/claim`, undefined, {
      "x-forwarded-for": "198.51.100.23, 203.0.113.9",
    });
  const { body } = await admin.get("/api/admin/outcomes?kind=hack");
  const [newest] = (body as { outcomes: { id: string }[] }).outcomes;
  await admin.post(`/api/admin/outcomes/${newest?.id}/judge`, { verdict: "hack" });

  const addResource = async (resource: object, units: number): Promise<string> => {
    const { body } = await admin.post("/api/admin/catalogue", resource);
    const { id } = (body as { resource: { id: string } }).resource;
    const codes = Array.from({ length: units }, (_, i) => `${id}-${i}`);
    if (units > 0) await admin.post(`/api/admin/catalogue/${id}/units`, { units: codes });
    return id;
  };
  const reserve = async (resourceId: string): Promise<string> =>
    ((await admin.post("/api/reservations", { resourceId })).body as { id: string }).id;

  const description = "Opens the side door and the bicycle cellar from six in the evening.";
  const rule = { countries: ["SE", "DE"], cities: ["Uppsala"] };
  const pass = await addResource({ name: "Night pass", description, limit: 20 }, 12);
  for (let claims = 0; claims < 5; claims++)
    await admin.post(`/api/reservations/${await reserve(pass)}/claim`);
  await admin.delete(`/api/reservations/${await reserve(pass)}`);
  await reserve(pass);
  await addResource({ name: "Guest network voucher", rule, holdSeconds: 7_200 }, 3);
  const terms = "Handle with care. Bring it back.";
  const camera = await addResource({ name: "Camera", task: "confirm", terms }, 1);
  await admin.post(`/api/reservations/${await reserve(camera)}/claim`);
  await reserve(camera);
  await addResource({ name: "Parking space" }, 0);
  const gone = await addResource({ name: "Summer ticket" }, 4);
  await reserve(gone);
  await admin.delete(`/api/admin/catalogue/${gone}`);
}

/** A guest's bin; and mia's, merged from a visit, with a unit in every state and one to approve on her phone. */
async function furnishVisits(admin: ReturnType<typeof createBrowser>): Promise<void> {
  const addResource = async (resource: object): Promise<string> => {
    const { body } = await admin.post("/api/admin/catalogue", resource);
    const { id } = (body as { resource: { id: string } }).resource;
    await admin.post(`/api/admin/catalogue/${id}/units`, { units: [`${id}-1`, `${id}-2`] });
    return id;
  };
  const room = await addResource({
    name: "Study room",
    task: "other_device",
    holdSeconds: 172_800,
  });
  const locker = await addResource({ name: "Locker", task: "reauthenticate" });
  const bench = await addResource({ name: "Workbench", task: "confirm", terms: "Sweep it after." });
  const [guest, laptop, phone] = [
    createBrowser(server.address, userAgents.laptop),
    createBrowser(server.address, userAgents.laptop),
    createBrowser(server.address, userAgents.phone),
  ];
  for (const visitor of [guest, laptop])
    for (const [i, id] of [room, locker].entries())
      await visitor.put(`/api/bin/${id}`, { quantity: i + 1 });
  guestCookies = guest.cookieHeader();
  for (const device of [phone, laptop]) await device.signIn("mia");
  for (const device of [phone, laptop]) await recogniseAll(device);
  [reserverCookies, approverCookies] = [laptop.cookieHeader(), phone.cookieHeader()];

  const reserve = async (resourceId: string): Promise<string> =>
    ((await laptop.post("/api/reservations", { resourceId })).body as { id: string }).id;
  const claimed = await reserve(bench);
  await laptop.post(`/api/reservations/${claimed}/task`, { accept: true });
  await laptop.post(`/api/reservations/${claimed}/claim`);
  await laptop.delete(`/api/reservations/${await reserve(locker)}`);
  for (const id of [room, locker, bench]) await reserve(id);
}

/** Answered, so that "was this you?" stands only where a picture of it is wanted. */
async function recogniseAll(person: ReturnType<typeof createBrowser>): Promise<void> {
  const { sessions } = (await person.get("/api/sessions")).body as { sessions: { id: string }[] };
  for (const { id } of sessions) await person.patch(`/api/sessions/${id}`, { recognised: true });
}

interface Visit {
  page: string;
  path: () => string;
  cookies?: () => string;
  heading: string;
  /** Until this is there, the page is still filling. */
  ready?: (page: Page) => Promise<void>;
  then?: (page: Page) => Promise<void>;
}

const table = (page: Page): Promise<void> => page.getByRole("table").first().waitFor();
const asAdmin = { cookies: () => adminCookies };

const visits: Visit[] = [
  { page: "sign-in", path: () => "/sign-in", heading: "Sign in" },
  { page: "register", path: () => "/register", heading: "Create an account" },
  { page: "setup", path: () => "/setup#token", heading: "Set up Rollcall" },
  { page: "devices", path: () => "/", heading: "Your devices", ready: table, ...asAdmin },
  {
    page: "unfamiliar-device",
    path: () => "/",
    heading: "Your devices",
    ready: (page) => page.getByRole("button", { name: "No, sign it out" }).waitFor(),
    cookies: () => askedCookies,
  },
  {
    page: "password",
    path: () => "/password?because=unfamiliar",
    heading: "Change password",
    ...asAdmin,
  },
  {
    page: "account-menu",
    path: () => "/password",
    heading: "Change password",
    then: (page) => page.getByRole("button", { name: "Account of admin" }).click(),
    ...asAdmin,
  },
  {
    page: "devices-details",
    path: () => "/",
    heading: "Your devices",
    ready: table,
    then: (page) => page.getByText("Details").first().click(),
    ...asAdmin,
  },
  {
    page: "devices-confirm",
    path: () => "/",
    heading: "Your devices",
    ready: table,
    then: async (page) => {
      await page.getByRole("button", { name: /Sign out all other devices/ }).click();
      await page.getByRole("dialog").waitFor();
    },
    ...asAdmin,
  },
  {
    page: "live-sessions",
    path: () => "/admin/sessions",
    heading: "Live sessions",
    ready: table,
    ...asAdmin,
  },
  {
    page: "live-sessions-message",
    path: () => "/admin/sessions",
    heading: "Live sessions",
    ready: table,
    then: async (page) => {
      await page
        .getByRole("button", { name: /^Sign out noor/ })
        .first()
        .click();
      await page.getByRole("dialog").waitFor();
    },
    ...asAdmin,
  },
  {
    page: "live-sessions-chosen",
    path: () => "/admin/sessions",
    heading: "Live sessions",
    ready: table,
    then: async (page) => {
      for (const at of [0, 1])
        await page
          .getByRole("checkbox", { name: /^Select mia/ })
          .nth(at)
          .check();
      await page.getByRole("button", { name: "Sign out 2 sessions" }).waitFor();
    },
    ...asAdmin,
  },
  {
    page: "overview",
    path: () => "/admin/overview",
    heading: "Overview",
    ready: (page) => page.getByRole("img", { name: /^At the desk/ }).waitFor(),
    ...asAdmin,
  },
  {
    page: "overview-tables",
    path: () => "/admin/overview?window=15m",
    heading: "Overview",
    ready: (page) => page.getByRole("img", { name: /^At the desk/ }).waitFor(),
    then: async (page) => {
      for (let charts = 4; charts > 0; charts--)
        await page
          .getByRole("button", { name: /^Show as table/ })
          .first()
          .click();
    },
    ...asAdmin,
  },
  {
    page: "activity",
    path: () => "/admin/activity",
    heading: "Activity",
    ready: (page) => page.getByRole("listitem").first().waitFor(),
    ...asAdmin,
  },
  {
    page: "activity-paused",
    path: () => "/admin/activity?q=nobody-by-that-name",
    heading: "Activity",
    ready: (page) => page.getByText("Nothing that happened matches these filters.").waitFor(),
    then: (page) => page.getByRole("button", { name: "Pause" }).click(),
    ...asAdmin,
  },
  {
    page: "history",
    path: () => "/activity",
    heading: "History",
    ready: (page) => page.getByRole("listitem").first().waitFor(),
    ...asAdmin,
  },
  {
    page: "accounts",
    path: () => "/admin/accounts",
    heading: "Accounts",
    ready: table,
    ...asAdmin,
  },
  { page: "account", path: () => `/admin/accounts/${accountId}`, heading: "mia", ...asAdmin },
  {
    page: "account-sessions",
    path: () => `/admin/accounts/${accountId}?view=sessions`,
    heading: "mia",
    ready: table,
    then: (page) => page.getByText("Details").first().click(),
    ...asAdmin,
  },
  {
    page: "account-desk",
    path: () => `/admin/accounts/${accountId}?view=desk`,
    heading: "mia",
    ready: (page) => page.getByRole("heading", { name: "Reservations", level: 2 }).waitFor(),
    ...asAdmin,
  },
  {
    page: "account-history",
    path: () => `/admin/accounts/${accountId}?view=history`,
    heading: "mia",
    ready: (page) => page.getByRole("listitem").first().waitFor(),
    ...asAdmin,
  },
  {
    page: "admin-catalogue",
    path: () => "/admin/catalogue",
    heading: "Catalogue and stock",
    ready: (page) => page.getByRole("heading", { name: "Removed from the catalogue" }).waitFor(),
    ...asAdmin,
  },
  {
    page: "admin-catalogue-edit",
    path: () => "/admin/catalogue",
    heading: "Catalogue and stock",
    then: async (page) => {
      await page.getByRole("button", { name: "Edit Guest network voucher" }).click();
      await page.getByRole("dialog").waitFor();
    },
    ...asAdmin,
  },
  {
    page: "admin-catalogue-remove",
    path: () => "/admin/catalogue",
    heading: "Catalogue and stock",
    then: async (page) => {
      await page.getByRole("button", { name: "Remove Night pass" }).click();
      await page.getByRole("dialog").waitFor();
    },
    ...asAdmin,
  },
  {
    page: "admin-catalogue-units",
    path: () => "/admin/catalogue",
    heading: "Catalogue and stock",
    then: async (page) => {
      await page.getByRole("button", { name: "Add units to Parking space" }).click();
      await page.getByLabel("A file").check();
    },
    ...asAdmin,
  },
  {
    page: "admin-outcomes",
    path: () => "/admin/outcomes?kind=fail",
    heading: "Outcomes",
    ready: (page) => page.getByRole("listitem").first().waitFor(),
    ...asAdmin,
  },
  {
    page: "admin-outcomes-hack",
    path: () => "/admin/outcomes?kind=hack",
    heading: "Outcomes",
    ready: (page) => page.getByText("A hack, judged by you").waitFor(),
    ...asAdmin,
  },
  {
    page: "admin-outcomes-trim",
    path: () => "/admin/outcomes?kind=success",
    heading: "Outcomes",
    ready: (page) => page.getByRole("listitem").first().waitFor(),
    then: async (page) => {
      await page.getByRole("button", { name: "Forget older…" }).click();
      await page.getByRole("dialog").waitFor();
    },
    ...asAdmin,
  },
  {
    page: "catalogue",
    path: () => "/catalogue",
    heading: "Catalogue",
    ready: (page) => page.getByRole("heading", { name: "Study room" }).waitFor(),
  },
  {
    page: "catalogue-of-an-account",
    path: () => "/catalogue",
    heading: "Catalogue",
    ready: (page) => page.getByRole("button", { name: "Reserve Study room" }).waitFor(),
    cookies: () => reserverCookies,
  },
  {
    page: "bin-empty",
    path: () => "/bin",
    heading: "Your bin",
    ready: (page) => page.getByText("Your bin is empty.").waitFor(),
  },
  {
    page: "bin-of-a-guest",
    path: () => "/bin",
    heading: "Your bin",
    ready: (page) => page.getByRole("link", { name: "Sign in to reserve" }).waitFor(),
    cookies: () => guestCookies,
  },
  {
    page: "bin-merged",
    path: () => "/bin",
    heading: "Your bin",
    ready: (page) => page.getByRole("button", { name: "Reserve all" }).waitFor(),
    cookies: () => reserverCookies,
  },
  {
    page: "reservations",
    path: () => "/reservations",
    heading: "Your reservations",
    ready: table,
    then: (page) => page.getByRole("button", { name: /^Show what you received/ }).click(),
    cookies: () => reserverCookies,
  },
  {
    page: "reservations-terms",
    path: () => "/reservations",
    heading: "Your reservations",
    then: async (page) => {
      await page.getByRole("button", { name: "Read the terms" }).click();
      await page.getByRole("dialog").waitFor();
    },
    cookies: () => reserverCookies,
  },
  {
    page: "approval",
    path: () => "/password",
    heading: "Change password",
    ready: (page) => page.getByRole("button", { name: "It was not me" }).waitFor(),
    cookies: () => approverCookies,
  },
  {
    page: "signed-out",
    path: () => "/",
    heading: "You were signed out",
    cookies: () => endedCookies,
  },
  { page: "not-found", path: () => "/nowhere", heading: "There is no such page", ...asAdmin },
];

const looks = [
  { look: "light-desktop", phone: false, dark: false },
  { look: "dark-desktop", phone: false, dark: true },
  { look: "light-phone", phone: true, dark: false },
  { look: "dark-phone", phone: true, dark: true },
];

describe.each(looks)("in $look", ({ look, phone, dark }) => {
  test.each(visits)("$page is accessible and keeps to the policy", async (visit) => {
    const person = await openBrowserOf(browser, server.address, { phone, dark });
    const complaints: string[] = [];
    person.page.on("console", (message) => {
      if (/Content Security Policy/i.test(message.text())) complaints.push(message.text());
    });
    person.page.on("pageerror", (error) => complaints.push(String(error)));
    try {
      await open(person, visit);
      await keepPicture(person.page, `${visit.page}-${look}`);
      // Playwright's own context cannot open the blank page axe wants under our policy; legacy mode needs none.
      const { violations } = await new AxeBuilder({ page: person.page })
        .setLegacyMode(true)
        .analyze();
      const findings = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join()}`,
      );
      expect(findings).toEqual([]);
      expect(complaints).toEqual([]);
      expect(await sidewaysScroll(person.page)).toBeLessThanOrEqual(0);
    } finally {
      await person.context.close();
    }
  });
});

async function open({ context, page }: Person, visit: Visit): Promise<void> {
  if (visit.cookies) await context.addCookies(cookiesOf(visit.cookies()));
  await page.goto(visit.path());
  await page.getByRole("heading", { name: visit.heading, exact: true, level: 1 }).waitFor();
  await visit.ready?.(page);
  await visit.then?.(page);
  // Whatever slides or fades in has arrived, or is gone with what it moved: contrast is judged as people read it.
  await page.evaluate(async () => {
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
  });
}

const cookiesOf = (header: string) =>
  header.split("; ").map((pair) => {
    const [name = "", value = ""] = pair.split("=");
    return { name, value, url: server.address };
  });

const sidewaysScroll = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
