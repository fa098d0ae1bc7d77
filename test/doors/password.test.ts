// A new password: who is signed out by it, who stays, and that what was issued under the old one is worth nothing.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createBrowser,
  goodPassword,
  next,
  signInBrowser,
  userAgents,
  type Browser,
} from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import {
  bearer,
  copyOf,
  familyOf,
  letTimePass,
  openApp,
  openRemembered,
  redeem,
  rememberCookie,
  restart,
} from "./holders.ts";

let server: TestServer;
let here: string;
let there: string;
const opened: Browser[] = [];
const nextPassword = "quiet meadow 51 turbine";
const changed = { status: 401, body: { code: "session_ended", reason: "password_changed" } };
const notSignedIn = { status: 401, body: { code: "not_signed_in" } };
const change = (browser: Browser, more: object = {}, headers?: Record<string, string>) =>
  browser.put("/api/password", { current: goodPassword, next: nextPassword, ...more }, headers);

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  [here, there] = server.nodes.map((node) => node.address);
});

afterAll(async () => {
  for (const browser of opened) browser.close();
  await server.stop();
});

async function openThree() {
  const account = await server.createAccount();
  const laptop = await openRemembered(here, account.username);
  const phone = await openRemembered(there, account.username, userAgents.phone);
  opened.push(laptop.browser, phone.browser);
  return { account, laptop, phone, app: await openApp(there, account.username) };
}

describe("changing one's own password", () => {
  test("signs all other devices out, says how many, and tells them why; this one goes on", async () => {
    const { account, laptop, phone, app } = await openThree();
    const page = await phone.browser.openPage();
    const own = await laptop.browser.openPage();
    const signedOut = next(page, "signed-out");
    const by = { id: account.id, username: account.username };
    const receipt = await change(laptop.browser);
    expect(receipt).toMatchObject({
      status: 200,
      body: { ended: 2, confirmed: { nodes: 2, of: 2 }, sockets: 1 },
    });
    expect(await signedOut).toMatchObject({ reason: "password_changed", by });
    expect(await phone.browser.get("/api/sessions")).toMatchObject({
      ...changed,
      body: { ...changed.body, by },
    });
    restart(phone.browser);
    expect(await phone.browser.get("/api/sessions")).toMatchObject(notSignedIn);
    expect(await createBrowser(there).get("/api/sessions", bearer(app.accessToken))).toMatchObject(
      changed,
    );
    expect(await redeem(there, app.refreshToken)).toMatchObject(notSignedIn);
    expect(own.connected).toBe(true);
    expect((await laptop.browser.get("/api/sessions")).body.sessions).toMatchObject([
      { id: laptop.id, fresh: true },
    ]);
    expect((await createBrowser(here).signIn(account.username)).status).toBe(401);
    expect((await createBrowser(there).signIn(account.username, nextPassword)).status).toBe(200);
  });

  test("re-issues what this device holds: its old secret and its old remember cookie open nothing", async () => {
    const { laptop } = await openThree();
    const before = copyOf(laptop.browser, there);
    const family = await familyOf(server, laptop.id);
    await change(laptop.browser);
    expect(laptop.browser.cookies.get(rememberCookie)).not.toBe(before.cookies.get(rememberCookie));
    expect(await server.command("EXISTS", family!)).toBe(0);
    expect(await before.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { code: "stale_token" },
    });
    restart(before);
    expect(await before.get("/api/sessions")).toMatchObject(notSignedIn);
    restart(laptop.browser);
    expect((await laptop.browser.get("/api/me")).body.session).toMatchObject({
      id: laptop.id,
      remembered: true,
    });
  });

  test("leaves the others signed in when its person says so", async () => {
    const { laptop, phone } = await openThree();
    expect((await change(laptop.browser, { endOthers: false })).body).toMatchObject({ ended: 0 });
    expect((await phone.browser.get("/api/sessions")).status).toBe(200);
  });

  test("takes the present password, from a session however old; a wrong or a weak one changes nothing", async () => {
    const { account, laptop, phone } = await openThree();
    await letTimePass(server, laptop.id, 60 * 60_000);
    expect(await change(laptop.browser, { current: "not the password" })).toMatchObject({
      status: 401,
      body: { code: "invalid_credentials" },
    });
    expect(await change(laptop.browser, { next: "password1" })).toMatchObject({
      status: 422,
      body: { code: "weak_password" },
    });
    expect((await phone.browser.get("/api/sessions")).status).toBe(200);
    expect((await createBrowser(here).signIn(account.username)).status).toBe(200);
    expect((await change(laptop.browser)).status).toBe(200);
  });

  test("from an app ends the others and asks the app to renew its access token", async () => {
    const { laptop, app } = await openThree();
    const answer = await change(createBrowser(here), {}, bearer(app.accessToken));
    expect(answer).toMatchObject({ status: 200, body: { ended: 2 } });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await laptop.browser.get("/api/sessions")).toMatchObject(changed);
    expect(await createBrowser(there).get("/api/me", bearer(app.accessToken))).toMatchObject({
      status: 401,
      body: { code: "stale_token" },
    });
    const renewed = await redeem(there, app.refreshToken);
    expect(renewed).toMatchObject({ status: 200, body: { session: { id: app.id, fresh: true } } });
  });
});

test("a reset by an admin ends every session of the account, remembered devices and apps included", async () => {
  const { account, laptop, phone, app } = await openThree();
  const admin = await signInBrowser(
    here,
    (await server.createAccount(["accounts:manage"])).username,
  );
  const reset = await admin.browser.put(`/api/admin/accounts/${account.id}/password`, {
    next: nextPassword,
  });
  expect(reset).toMatchObject({ status: 200, body: { receipt: { ended: 3 } } });
  for (const { browser } of [laptop, phone]) {
    expect(await browser.get("/api/sessions")).toMatchObject(changed);
    restart(browser);
    expect(await browser.get("/api/sessions")).toMatchObject(notSignedIn);
  }
  expect(await createBrowser(there).get("/api/sessions", bearer(app.accessToken))).toMatchObject(
    changed,
  );
  expect(await redeem(here, app.refreshToken)).toMatchObject(notSignedIn);
  expect((await createBrowser(here).signIn(account.username, nextPassword)).status).toBe(200);
});
