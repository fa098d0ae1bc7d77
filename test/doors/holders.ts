/**
 * Holders of the credentials of this folder's tests: browsers that stay signed in, apps with tokens of their own;
 * and what time does to them, done to their rows instead of waited for.
 */
import { family as familyKey, sessionRow } from "../../server/redis/keys.ts";
import type { FamilyId } from "../../server/domain/families.ts";
import type { SessionId } from "../../shared/ids.ts";
import { createBrowser, goodPassword, userAgents, type Browser } from "../support/client.ts";
import type { TestServer } from "../support/server.ts";

export interface Remembered {
  browser: Browser;
  id: SessionId;
}

export interface App {
  id: SessionId;
  accessToken: string;
  refreshToken: string;
}

export const sessionCookie = "rollcall";
export const rememberCookie = "rollcall-remember";
export const background = { "rollcall-background": "1" };
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A browser whose person wants to stay signed in on it. */
export async function openRemembered(
  address: string,
  username: string,
  userAgent = userAgents.laptop,
): Promise<Remembered> {
  const browser = createBrowser(address, userAgent);
  const body = { username, password: goodPassword, remember: true };
  const answer = await browser.post("/api/sign-in", body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return { browser, id: answer.body.session.id as SessionId };
}

/** An app that signs in for tokens. */
export async function openApp(
  address: string,
  username: string,
  device: { deviceId?: string; deviceName?: string } = {},
): Promise<App> {
  const body = { grant_type: "password", username, password: goodPassword, ...device };
  const answer = await createBrowser(address).post("/api/tokens", body);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  const { access_token: accessToken, refresh_token: refreshToken, session } = answer.body;
  return { id: session.id as SessionId, accessToken, refreshToken };
}

export const redeem = (address: string, refreshToken: string) =>
  createBrowser(address).post("/api/tokens", {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
  });

/** What a browser keeps when it is closed and opened again. */
export function restart(browser: Browser): void {
  browser.cookies.delete(sessionCookie);
}

/** Another machine with exactly these cookies: a thief's, or the same one as it was then. */
export function copyOf(browser: Browser, address: string, userAgent?: string): Browser {
  const copy = createBrowser(address, userAgent);
  for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
  return copy;
}

export async function familyOf(server: TestServer, id: SessionId): Promise<string | null> {
  const family = (await server.command("HGET", sessionRow(id), "f")) as FamilyId | null;
  return family && familyKey(family);
}

/** Since a password was proved, and since the family's head was last given. */
export async function letTimePass(server: TestServer, id: SessionId, by: number): Promise<void> {
  const family = await familyOf(server, id);
  if (family) await server.command("HINCRBY", family, "r", String(-by));
  await server.command("HINCRBY", sessionRow(id), "t", String(-by));
  forgetOn(server, id);
}

/** As after a night without a request: past its deadlines, and no node holds it any more. */
export async function putToSleep(server: TestServer, id: SessionId): Promise<void> {
  await server.command("HSET", sessionRow(id), "e", "1");
  forgetOn(server, id);
}

function forgetOn(server: TestServer, id: SessionId): void {
  for (const { core } of server.nodes) core.door.forget(id);
}
