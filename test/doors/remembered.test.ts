// "Stay signed in on this device": what the browser keeps, what its owner and the other devices see, and what
// happens when somebody else has it too.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sessionRow } from "../../server/redis/keys.ts";
import { createBrowser, eventually, goodPassword, next, signInBrowser } from "../support/client.ts";
import { userAgents, type Browser } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import {
  background,
  bearer,
  copyOf,
  familyOf,
  letTimePass,
  openApp,
  openRemembered,
  putToSleep,
  redeem,
  rememberCookie,
  restart,
  sessionCookie,
} from "./holders.ts";

let server: TestServer;
let here: string;
let there: string;
const opened: Browser[] = [];
const hour = 60 * 60_000;
const afterTheMoment = 31_000;
const refusedAs = (code: string, facts: object = {}) => ({ status: 401, body: { code, ...facts } });

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  [here, there] = server.nodes.map((node) => node.address);
});

afterAll(async () => {
  for (const browser of opened) browser.close();
  await server.stop();
});

/** A remembered laptop, and a phone of the same account with a page open on the other node. */
async function openTwo() {
  const account = await server.createAccount();
  const laptop = await openRemembered(here, account.username);
  const phone = await signInBrowser(there, account.username, userAgents.phone);
  opened.push(laptop.browser, phone.browser);
  return { account, laptop, phone: { ...phone, page: await phone.browser.openPage() } };
}

const listOf = async (browser: Browser) => (await browser.get("/api/sessions", background)).body;
const headOf = async (id: string) =>
  Number(await server.command("HGET", (await familyOf(server, id as never))!, "n"));

describe("a remembered browser", () => {
  test("keeps a cookie that outlives it, out of reach of scripts, and says that it is remembered", async () => {
    const { username } = await server.createAccount();
    const browser = createBrowser(here);
    const answer = await browser.post("/api/sign-in", {
      username,
      password: goodPassword,
      remember: true,
    });
    expect(answer.body.session).toMatchObject({
      remembered: true,
      method: "password",
      fresh: true,
    });
    const set = answer.headers.getSetCookie();
    const cookie = set.find((one) => one.startsWith(`${rememberCookie}=`)) ?? "";
    expect(cookie).toMatch(/; Path=\/; Max-Age=(2591999|2592000); HttpOnly; SameSite=Lax$/);
    expect(set.find((one) => one.startsWith(`${sessionCookie}=`))).not.toContain("Max-Age");
    expect((await browser.get("/api/me")).body.session.remembered).toBe(true);
  });

  test("has a cookie of this host only, over https only, where there is https", async () => {
    const node = await server.startNode({
      PUBLIC_URL: "https://id.example.com",
      RATE_LIMITS: "on",
    });
    const { username } = await server.createAccount();
    const answer = await createBrowser(node.address).post("/api/sign-in", {
      username,
      password: goodPassword,
      remember: true,
    });
    const cookie = answer.headers.getSetCookie().find((one) => one.includes("remember"));
    expect(cookie).toMatch(
      /^__Host-rollcall-remember=.*; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$/,
    );
    await node.stop();
    server.nodes.splice(server.nodes.indexOf(node), 1);
  });

  test("is shown as remembered on the account's other pages without a reload", async () => {
    const account = await server.createAccount();
    const phone = await signInBrowser(there, account.username, userAgents.phone);
    opened.push(phone.browser);
    const page = await phone.browser.openPage();
    const told = next(page, "session:changed", ({ remembered }) => remembered);
    const { id } = await openRemembered(here, account.username);
    expect((await told).id).toBe(id);
  });

  test("is signed in again without a password, as the same device, but not fresh", async () => {
    const { laptop, phone } = await openTwo();
    restart(laptop.browser);
    laptop.browser.moveTo(there);
    const told = next(phone.page, "session:changed", ({ method }) => method === "remembered");
    const { body } = await laptop.browser.get("/api/me");
    expect(body.session).toMatchObject({
      id: laptop.id,
      remembered: true,
      method: "remembered",
      fresh: false,
    });
    expect(await told).toMatchObject({ id: laptop.id, remembered: true, fresh: false });
    const refused = await laptop.browser.delete(`/api/sessions/${phone.id}`);
    expect(refused).toMatchObject({ status: 403, body: { code: "reauthentication_required" } });
    expect(await listOf(laptop.browser)).toMatchObject({
      sessions: [{ id: phone.id }, { id: laptop.id }],
      ended: [],
    });
  });

  test("spends its cookie once: what it had before opens nothing, and the next restart works too", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    const before = copyOf(browser, there);
    for (let restarts = 0; restarts < 3; restarts++) {
      restart(browser);
      expect((await browser.get("/api/me")).body.session.id).toBe(id);
    }
    expect(await headOf(id)).toBe(4);
    before.cookies.delete(rememberCookie);
    expect(await before.get("/api/sessions")).toMatchObject({ status: 401 });
  });

  test("is not remembered when its person did not ask for it, and forgotten when they sign out", async () => {
    const { username } = await server.createAccount();
    const { browser } = await openRemembered(here, username);
    const kept = copyOf(browser, here);
    expect((await browser.post("/api/sign-out")).status).toBe(204);
    expect([...browser.cookies.keys()]).toEqual(["rollcall-device"]);
    restart(kept);
    expect((await kept.get("/api/me")).body).toMatchObject({ account: null, session: null });
    expect((await browser.signIn(username)).body.session.remembered).toBe(false);
    expect(browser.cookies.has(rememberCookie)).toBe(false);
  });

  test("spends nothing at the gateway and in a socket's handshake, which could not hand on the successor", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    opened.push(browser);
    restart(browser);
    const verified = await browser.get("/verify");
    expect(verified.status).toBe(401);
    expect(verified.headers.getSetCookie()).toEqual([]);
    await browser.openPage();
    expect(await headOf(id)).toBe(1);
    expect((await browser.get("/api/me")).body.session.id).toBe(id);
    expect(await headOf(id)).toBe(2);
  });

  test("is remembered no longer than it was promised at sign-in, however often it comes back", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    const family = (await familyOf(server, id))!;
    const promised = await server.command("HGET", family, "e");
    restart(browser);
    await browser.get("/api/me");
    expect(await server.command("HGET", family, "e")).toBe(promised);
    expect(await server.command("HGET", sessionRow(id), "q")).toBe(promised);
    // Its last day has passed.
    await server.command("HSET", family, "e", "1");
    await server.command("HSET", sessionRow(id), "q", "1");
    await putToSleep(server, id);
    const ended = refusedAs("session_ended", { reason: "expired_lifetime" });
    expect(await browser.get("/api/sessions")).toMatchObject(ended);
    restart(browser);
    expect(await browser.get("/api/sessions")).toMatchObject(refusedAs("not_signed_in"));
  });

  test("leaves no row behind that Redis drops before its end can be told", async () => {
    const { username } = await server.createAccount();
    const { id } = await openRemembered(here, username);
    const until = Number(await server.command("HGET", sessionRow(id), "q"));
    expect(await server.command("PEXPIRETIME", sessionRow(id))).toBeGreaterThan(until + hour);
    expect(await server.command("PEXPIRETIME", (await familyOf(server, id))!)).toBe(until);
  });
});

describe("a tab that comes late", () => {
  test("does not overwrite what a password has given another tab meanwhile", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    restart(browser);
    const late = copyOf(browser, there);
    await browser.get("/api/me");
    expect((await browser.post("/api/reauthenticate", { password: goodPassword })).status).toBe(
      200,
    );
    const answer = await late.get("/api/me");
    expect(answer).toMatchObject(refusedAs("stale_token"));
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await browser.get("/api/me")).body.session).toMatchObject({ id, fresh: true });
  });

  test("does not clear what a sign-in has set meanwhile", async () => {
    const { username } = await server.createAccount();
    const { browser } = await openRemembered(here, username);
    const late = copyOf(browser, there);
    restart(late);
    await browser.post("/api/sign-in", { username, password: goodPassword, remember: true });
    const answer = await late.get("/api/me");
    expect(answer.body.session).toBeNull();
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test("signs nobody out by half: a sign-out with a superseded cookie is asked for again", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    const late = copyOf(browser, there);
    late.cookies.delete(rememberCookie);
    await browser.post("/api/reauthenticate", { password: goodPassword });
    const answer = await late.post("/api/sign-out");
    expect(answer).toMatchObject(refusedAs("stale_token"));
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await browser.get("/api/me")).body.session.id).toBe(id);
  });

  test("gets its session back when the answer to its password never arrived", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    await copyOf(browser, here).post("/api/reauthenticate", { password: goodPassword });
    expect(await browser.get("/api/me")).toMatchObject(refusedAs("stale_token"));
    await letTimePass(server, id, afterTheMoment);
    expect((await browser.get("/api/me")).body.session).toMatchObject({ id, fresh: false });
    expect((await listOf(browser)).sessions).toHaveLength(1);
  });

  test("gets its session back when the first answer after a restart, with the password in it, was lost", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    restart(browser);
    await copyOf(browser, here).post("/api/reauthenticate", { password: goodPassword });
    await letTimePass(server, id, hour);
    expect((await browser.get("/api/me")).body.session.id).toBe(id);
    expect((await browser.get("/api/sessions")).status).toBe(200);
  });

  test("wakes after a night that began before the answer arrived", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    restart(browser);
    await copyOf(browser, here).get("/api/me");
    await letTimePass(server, id, 8 * hour);
    await putToSleep(server, id);
    expect((await browser.get("/api/me")).body.session.id).toBe(id);
    expect((await browser.get("/api/sessions")).status).toBe(200);
  });

  test("is believed when Redis has lost the last rotation in a failover", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    restart(browser);
    await browser.get("/api/me");
    await server.command("HSET", (await familyOf(server, id))!, "n", "1");
    restart(browser);
    expect((await browser.get("/api/me")).body.session.id).toBe(id);
    expect(await headOf(id)).toBe(3);
  });
});

describe("a device that sleeps", () => {
  test("stays in its owner's list, keeps id and name when it is opened again, and leaves no tombstone", async () => {
    const { laptop, phone } = await openTwo();
    await laptop.browser.patch(`/api/sessions/${laptop.id}`, { name: "Kitchen laptop" });
    await putToSleep(server, laptop.id);
    const sleeping = (await listOf(phone.browser)).sessions.find(
      (one: { id: string }) => one.id === laptop.id,
    );
    expect(sleeping).toMatchObject({
      remembered: true,
      online: false,
      device: { name: "Kitchen laptop" },
    });
    const woken = await laptop.browser.get("/api/me");
    expect(woken.body.session).toMatchObject({
      id: laptop.id,
      method: "remembered",
      device: { name: "Kitchen laptop" },
    });
    expect((await listOf(phone.browser)).ended).toEqual([]);
  });

  test("is ended there by its owner, and its cookie opens nothing afterwards", async () => {
    const { laptop, phone } = await openTwo();
    await putToSleep(server, laptop.id);
    const family = await familyOf(server, laptop.id);
    const receipt = await phone.browser.delete(`/api/sessions/${laptop.id}`);
    expect(receipt).toMatchObject({
      status: 200,
      body: { ended: 1, confirmed: { nodes: 2, of: 2 } },
    });
    expect(await server.command("EXISTS", family!)).toBe(0);
    for (const address of [here, there]) {
      laptop.browser.moveTo(address);
      expect(await laptop.browser.get("/api/sessions")).toMatchObject(
        refusedAs("session_ended", { reason: "revoked" }),
      );
    }
    expect((await listOf(phone.browser)).ended).toMatchObject([
      { id: laptop.id, reason: "revoked" },
    ]);
  });

  test.each([
    ["signing out everywhere", (phone: Browser) => phone.delete("/api/sessions?scope=all")],
    [
      "a new password",
      (phone: Browser) =>
        phone.put("/api/password", { current: goodPassword, next: "quiet meadow 51 turbine" }),
    ],
  ])("is ended by %s", async (_, end) => {
    const { laptop, phone } = await openTwo();
    await putToSleep(server, laptop.id);
    expect((await end(phone.browser)).status).toBe(200);
    restart(laptop.browser);
    expect(await laptop.browser.get("/api/sessions")).toMatchObject(refusedAs("not_signed_in"));
    expect(
      [...(await server.readRedis()).keys()].filter((key) =>
        key.includes("f:" + laptop.id.slice(0, 3)),
      ),
    ).toEqual([]);
  });

  test("is ended when its account is disabled", async () => {
    const { account, laptop } = await openTwo();
    await putToSleep(server, laptop.id);
    await server.nodes[1].core.accounts.setStatus(account.id, true);
    restart(laptop.browser);
    expect(await laptop.browser.get("/api/sessions")).toMatchObject(refusedAs("not_signed_in"));
  });
});

describe("a thief", () => {
  /** The owner's browser restarts: the copy holds what has been spent, and the owner goes on. */
  async function goOn(browser: Browser): Promise<void> {
    restart(browser);
    expect((await browser.get("/api/me")).body.session).not.toBeNull();
    expect((await browser.get("/api/sessions")).status).toBe(200);
  }

  test("who replays what was used is found out every time: family and session end, all other devices see it live", async () => {
    const { account, laptop, phone } = await openTwo();
    const page = await laptop.browser.openPage();
    const signedOut = next(page, "signed-out");
    const told = next(phone.page, "session:ended");
    const stolen = copyOf(laptop.browser, there);
    restart(stolen);
    await goOn(laptop.browser);
    const family = await familyOf(server, laptop.id);
    await letTimePass(server, laptop.id, afterTheMoment);
    const theft = { reason: "theft" };
    expect(await stolen.get("/api/sessions")).toMatchObject(refusedAs("session_ended", theft));
    expect(await told).toMatchObject({ id: laptop.id, ...theft });
    expect(await signedOut).toMatchObject(theft);
    expect(await server.command("EXISTS", family!)).toBe(0);
    for (const address of [here, there]) {
      laptop.browser.moveTo(address);
      expect(await laptop.browser.get("/api/sessions")).toMatchObject(
        refusedAs("session_ended", theft),
      );
    }
    expect((await listOf(phone.browser)).ended).toMatchObject([{ id: laptop.id, ...theft }]);
    expect((await listOf(phone.browser)).sessions).toMatchObject([{ id: phone.id }]);
    const events = JSON.stringify(await server.command("XRANGE", "{activity}log", "-", "+"));
    expect(events).toContain(
      JSON.stringify(
        JSON.stringify({
          type: "theft.detected",
          sessionId: laptop.id,
          account: { id: account.id, username: account.username },
        }),
      ).slice(1, -1),
    );
  });

  test("is found out also while the device sleeps, and however old the spoils are", async () => {
    for (const restarts of [1, 2, 3]) {
      const { username } = await server.createAccount();
      const { browser, id } = await openRemembered(here, username);
      const stolen = copyOf(browser, there, userAgents.phone);
      restart(stolen);
      for (let count = 0; count < restarts; count++) await goOn(browser);
      if (restarts === 1) await letTimePass(server, id, afterTheMoment);
      await putToSleep(server, id);
      expect(await stolen.get("/api/sessions")).toMatchObject(
        refusedAs("session_ended", { reason: "theft" }),
      );
      restart(browser);
      expect(await browser.get("/api/sessions")).toMatchObject(refusedAs("not_signed_in"));
    }
  });

  test("who is quicker is found out by the owner's next restart", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    const stolen = copyOf(browser, there, userAgents.phone);
    await goOn(stolen);
    await letTimePass(server, id, afterTheMoment);
    restart(browser);
    const ended = refusedAs("session_ended", { reason: "theft" });
    expect(await browser.get("/api/sessions")).toMatchObject(ended);
    expect(await stolen.get("/api/sessions")).toMatchObject(ended);
  });

  test("of a refresh token ends the app's session, access tokens included", async () => {
    const { username } = await server.createAccount();
    const app = await openApp(here, username);
    const renewed = (await redeem(here, app.refreshToken)).body;
    const owner = createBrowser(there);
    expect((await owner.get("/api/sessions", bearer(renewed.access_token))).status).toBe(200);
    await letTimePass(server, app.id, afterTheMoment);
    const ended = refusedAs("session_ended", { reason: "theft" });
    expect(await redeem(there, app.refreshToken)).toMatchObject(ended);
    for (const address of [here, there]) {
      owner.moveTo(address);
      expect(await owner.get("/api/sessions", bearer(renewed.access_token))).toMatchObject(ended);
      expect(await redeem(address, renewed.refresh_token)).toMatchObject(
        refusedAs("not_signed_in"),
      );
    }
  });
});

describe("a remembered device that idles out by itself", () => {
  test("loses its page without being signed out, is listed as asleep, and wakes as it was", async () => {
    const idling = await startServer({ nodes: 2, env: { SESSION_IDLE: "1s", LEASE: "500ms" } });
    const { username } = await idling.createAccount();
    const laptop = await openRemembered(idling.nodes[0].address, username);
    const phone = await signInBrowser(idling.nodes[1].address, username, userAgents.phone);
    const page = await laptop.browser.openPage();
    let signedOut = false;
    page.on("signed-out", () => (signedOut = true));
    const closed = new Promise((resolve) => page.once("disconnect", resolve));
    let gone = false;
    void closed.then(() => (gone = true));
    // The phone is in use all the while.
    const list = await eventually(async () => {
      const { body } = await phone.browser.get("/api/sessions");
      const row = body.sessions.find((one: { id: string }) => one.id === laptop.id);
      return gone && !row.online && { ...body, row };
    }, 20_000);
    expect(await closed).toBe("io server disconnect");
    expect(signedOut).toBe(false);
    expect(list.row).toMatchObject({ remembered: true, sockets: 0 });
    expect(list.ended).toEqual([]);
    expect((await laptop.browser.get("/api/me")).body.session).toMatchObject({
      id: laptop.id,
      method: "remembered",
    });
    phone.browser.close();
    await idling.stop();
  });
});

test("no credential is kept or logged in clear", async () => {
  const { username } = await server.createAccount();
  const { browser } = await openRemembered(here, username);
  const app = await openApp(there, username);
  restart(browser);
  await browser.get("/api/me");
  const secrets = [
    browser.cookies.get(sessionCookie)?.split(".")[1],
    browser.cookies.get(rememberCookie)?.split(".")[2],
    app.refreshToken.split(".")[2],
    app.accessToken.split(".")[2],
  ];
  const kept = [...(await server.readRedis())].flat().join("\n");
  const logged = server.nodes.flatMap((node) => node.logged).join("\n");
  for (const secret of secrets) {
    expect(secret?.length).toBeGreaterThan(40);
    expect(kept).not.toContain(secret);
    expect(logged).not.toContain(secret);
  }
});
