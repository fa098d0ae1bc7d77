// Every page in German: a browser that prefers it is spoken to in it from the first moment, no heading, button or
// label is left in English, and a language chosen in one tab is spoken in all, without losing what was typed.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { de } from "../../client/text/de.ts";
import { en } from "../../client/text/en.ts";
import { launchBrowser } from "../support/browser.ts";
import { createBrowser, goodPassword, setUpAdmin } from "../support/client.ts";
import { openBrowserOf, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let browser: Browser;
let person: Person;
let accountId: string;

beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
  const admin = await setUpAdmin(server.address, server.setupToken);
  const profile = { password: goodPassword, name: "Mia Ahlberg", country: "SE", city: "Uppsala" };
  const made = await admin.post("/api/admin/accounts", { username: "mia", ...profile });
  accountId = (made.body as { account: { id: string } }).account.id;
  await admin.post("/api/admin/catalogue", { name: "Lizenz", task: "confirm" });
  await createBrowser(server.address).signIn("mia");
  person = await openBrowserOf(browser, server.address, { locale: "de-DE" });
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const isWords = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Every sentence that stands in one dictionary and differs in the other. */
const listOwnSentences = (words: object, other: object): string[] =>
  Object.entries(words).flatMap(([key, value]: [string, unknown]) => {
    const counterpart: unknown = Reflect.get(other, key);
    if (isWords(value)) return isWords(counterpart) ? listOwnSentences(value, counterpart) : [];
    return typeof value === "string" && value !== counterpart ? [value] : [];
  });

/** What a German page may say all the same is not English: "Name", "App". */
const spokenGerman = new Set(listOwnSentences(de, {}).concat(listOwnSentences(de, en)));
const english = new Set(listOwnSentences(en, de).filter((said) => !spokenGerman.has(said)));

/** What the page says in its headings, controls and labels, seen or only heard. */
const readPage = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const places = "h1,h2,h3,th,dt,button,label,legend,summary,option,nav a,.muted,[role=status]";
    const texts = [...document.querySelectorAll<HTMLElement>(places)].map((one) => one.innerText);
    const named = [...document.querySelectorAll("[aria-label],[title],[placeholder]")];
    const names = named.flatMap((one) =>
      ["aria-label", "title", "placeholder"].map((name) => one.getAttribute(name) ?? ""),
    );
    return [document.title, ...texts, ...names].map((said) => said.trim()).filter(Boolean);
  });

const expectGerman = async (page: Page, heading: string): Promise<void> => {
  await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
  // What the page fetches has words of its own.
  await page.waitForLoadState("networkidle");
  const said = await readPage(page);
  expect(said.length).toBeGreaterThan(3);
  expect(said.filter((sentence) => english.has(sentence))).toEqual([]);
  expect(said.filter((sentence) => /undefined|\[object|=>|\bNaN\b/.test(sentence))).toEqual([]);
  expect(await page.locator("html").getAttribute("lang")).toBe("de");
};

describe("a browser that prefers German", () => {
  test("knows hundreds of English sentences to look out for", () => {
    expect(english.size).toBeGreaterThan(200);
    expect(english).toContain("Your devices");
  });

  test.each([
    ["/sign-in", "Anmelden"],
    ["/register", "Konto anlegen"],
    ["/catalogue", "Katalog"],
    ["/bin", "Ihre Merkliste"],
    ["/nowhere", "Diese Seite gibt es nicht"],
  ])("reads %s in German before it signs in", async (path, heading) => {
    await person.page.goto(path);
    await expectGerman(person.page, heading);
  });

  test("is told in German what is wrong, and signs in", async () => {
    const { page } = person;
    await page.goto("/sign-in");
    await page.getByLabel("Benutzername").fill("admin");
    await page.getByLabel("Passwort", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Anmelden", exact: true }).click();
    await page.getByText("Benutzername oder Passwort ist falsch.").waitFor();
    await page.getByLabel("Passwort", { exact: true }).fill(goodPassword);
    await page.getByRole("button", { name: "Anmelden", exact: true }).click();
    await page.getByRole("row", { name: /Dieses Gerät/ }).waitFor();
    await expectGerman(page, "Ihre Geräte");
  });

  test.each([
    ["/password", "Passwort ändern"],
    ["/activity", "Verlauf"],
    ["/reservations", "Ihre Reservierungen"],
    ["/admin/overview", "Überblick"],
    ["/admin/sessions", "Laufende Sitzungen"],
    ["/admin/activity", "Ereignisse"],
    ["/admin/accounts", "Konten"],
    ["/admin/catalogue", "Katalog und Bestand"],
    ["/admin/outcomes", "Vorgänge"],
  ])("reads %s in German", async (path, heading) => {
    await person.page.goto(path);
    await expectGerman(person.page, heading);
  });

  test("reads an account in German, and the dialogs that end something", async () => {
    const { page } = person;
    await page.goto(`/admin/accounts/${accountId}`);
    await expectGerman(page, "mia");
    await page.getByRole("button", { name: de.adminAccount.disable, exact: true }).first().click();
    await page.getByRole("dialog").getByText(de.adminAccount.disableBody).waitFor();
    await expectGerman(page, "mia");
  });

  test("is told in German why it was signed out", async () => {
    const lost = await openBrowserOf(browser, server.address, { locale: "de-DE" });
    const mia = createBrowser(server.address);
    await mia.signIn("mia");
    const [name = "", value = ""] = (
      mia
        .cookieHeader()
        .split("; ")
        .find((one) => one.startsWith("rollcall=")) ?? ""
    ).split("=");
    await lost.context.addCookies([{ name, value, url: server.address }]);
    await lost.page.goto("/devices");
    await expectGerman(lost.page, "Ihre Geräte");
    await mia.post("/api/sign-out", {});
    await lost.page.getByText(de.endSentences.signed_out).waitFor();
    await expectGerman(lost.page, "Sie wurden abgemeldet");
    await lost.context.close();
  });
});

test("a language chosen in one tab is spoken in all, kept, and loses nothing that was typed", async () => {
  const reader = await openBrowserOf(browser, server.address, { locale: "en-GB" });
  const { page, context } = reader;
  const fetched: string[] = [];
  context.on("request", (request) => fetched.push(new URL(request.url()).pathname));
  await page.goto("/sign-in");
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  const dictionaries = () => fetched.filter((path) => /\/(?:en|de)-[^/]+\.js$/.test(path));
  expect(dictionaries()).toHaveLength(1);
  const other = await context.newPage();
  await other.goto("/register");
  await other.getByLabel("Username").fill("half-written");

  await page.bringToFront();
  await page.getByLabel("Username").fill("noor");
  await page.getByText("Deutsch", { exact: true }).click();
  await page.getByRole("heading", { name: "Anmelden", exact: true }).waitFor();
  expect(await page.getByLabel("Benutzername").inputValue()).toBe("noor");
  await other.getByRole("heading", { name: "Konto anlegen" }).waitFor();
  expect(await other.getByLabel("Benutzername").inputValue()).toBe("half-written");

  await page.reload();
  await page.getByRole("heading", { name: "Anmelden", exact: true }).waitFor();
  expect(reader.loads()).toBe(2);
  await context.close();
});
