/** People in a real browser: one context each, who do what a person does on our pages. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { goodPassword } from "./client.ts";

export interface Person {
  context: BrowserContext;
  page: Page;
  /** How often this page's document was loaded: a story that must not reload asserts it stays the same. */
  loads(): number;
}

const phone = { width: 390, height: 844 };
const laptop = { width: 1440, height: 900 };

export async function openBrowserOf(
  browser: Browser,
  address: string,
  options: { phone?: boolean; userAgent?: string; dark?: boolean; locale?: string } = {},
): Promise<Person> {
  const context = await browser.newContext({
    baseURL: address,
    viewport: options.phone ? phone : laptop,
    colorScheme: options.dark ? "dark" : "light",
    ...(options.userAgent !== undefined && { userAgent: options.userAgent }),
    ...(options.locale !== undefined && { locale: options.locale }),
  });
  const page = await context.newPage();
  let loads = 0;
  page.on("load", () => loads++);
  return { context, page, loads: () => loads };
}

export async function setUp(person: Person, token: string): Promise<void> {
  await person.page.goto(`/setup#${token}`);
  await fillCredentials(person.page, "admin");
  await person.page.getByRole("button", { name: "Create administrator" }).click();
  await person.page.getByRole("heading", { name: "Your devices" }).waitFor();
}

export async function register(person: Person, username: string): Promise<void> {
  await person.page.goto("/register");
  await fillCredentials(person.page, username);
  await person.page.getByRole("button", { name: "Create account" }).click();
  await person.page.getByRole("heading", { name: "Your devices" }).waitFor();
}

export async function signIn(person: Person, username: string): Promise<void> {
  await person.page.goto("/sign-in");
  await fillCredentials(person.page, username);
  await person.page.getByRole("button", { name: "Sign in", exact: true }).click();
  await person.page.getByRole("heading", { name: "Your devices" }).waitFor();
}

async function fillCredentials(page: Page, username: string): Promise<void> {
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(goodPassword);
}
