// One's own sessions: what a browser is given, what is kept of it, and how it stays one row.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createBrowser,
  eventually,
  goodPassword,
  next,
  signInBrowser,
  userAgents,
  type Browser,
} from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

interface Row {
  id: string;
  device: { name: string; type: string };
  lastSeenAt: string;
}

let server: TestServer;
beforeAll(async () => {
  const env = { RATE_LIMITS: "off", SESSIONS_PER_ACCOUNT: "3", SESSION_IDLE: "1m" };
  server = await startServer({ nodes: 2, env });
});
afterAll(() => server.stop());

const secretOf = (browser: Browser): string =>
  browser.cookies.get("rollcall")?.split(".")[1] ?? "no session cookie";
const liveIds = async (browser: Browser): Promise<string[]> =>
  ((await browser.get("/api/sessions")).body.sessions as Row[]).map(({ id }) => id);
const endedRows = async (browser: Browser): Promise<{ id: string; reason: string }[]> =>
  (await browser.get("/api/sessions")).body.ended;
const reauthenticate = (browser: Browser, password = goodPassword) =>
  browser.post("/api/reauthenticate", { password });

describe("a session", () => {
  test("has an id that stays through requests, new secrets and nodes", async () => {
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.nodes[0].address, account.username);
    const firstSecret = secretOf(browser);
    expect((await reauthenticate(browser)).body.session.id).toBe(id);
    expect(secretOf(browser)).not.toBe(firstSecret);
    browser.moveTo(server.nodes[1].address);
    expect((await browser.get("/api/me")).body.session.id).toBe(id);
    expect(await liveIds(browser)).toEqual([id]);
  });

  test("never shows its secret in a body, a log line or Redis, where only a hash of it is", async () => {
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.address, account.username);
    const secrets = [secretOf(browser)];
    const answers = [await browser.get("/api/me"), await reauthenticate(browser)];
    secrets.push(secretOf(browser));
    answers.push(await browser.get("/api/sessions"));
    answers.push(await browser.patch(`/api/sessions/${id}`, { name: "Desk" }));
    answers.push(await browser.put("/api/preferences", { theme: "dark" }));
    const device = browser.cookies.get("rollcall-device") ?? "no device cookie";
    const redis = await server.readRedis();

    const kept = [...redis].flat().join("\n");
    const seen = answers.map(({ body }) => JSON.stringify(body)).join("\n");
    const logged = server.nodes.flatMap((node) => node.logged).join("\n");
    expect(kept).toContain(id);
    for (const secret of [...secrets, device, goodPassword]) {
      expect(secret.length).toBeGreaterThan(20);
      for (const text of [kept, seen, logged]) expect(text).not.toContain(secret);
    }
    const row = [...redis].find(([key]) => key.endsWith(`s:${id}`))?.[1] ?? "";
    for (const secret of secrets)
      expect(row).toContain(createHash("sha256").update(secret).digest("base64url"));
  });

  test("keeps its id to itself: a guessed secret opens nothing, and a made-up id creates nothing", async () => {
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.address, account.username);
    const thief = createBrowser(server.address);
    thief.cookies.set("rollcall", `${id}.${"A".repeat(43)}`);
    expect(await thief.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { code: "not_signed_in" },
    });
    const madeUp = `${"0".repeat(20)}.${"A".repeat(43)}`;
    thief.cookies.set("rollcall", madeUp);
    const signedIn = await thief.signIn(account.username);
    expect(signedIn.body.session.id).not.toBe("0".repeat(20));
    expect(thief.cookies.get("rollcall")).not.toBe(madeUp);
    expect([...(await server.readRedis()).keys()].join()).not.toContain("0".repeat(20));
    expect((await browser.get("/api/sessions")).status).toBe(200);
  });

  test("tells what it runs on and where from", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username, userAgents.phone);
    const { session } = (await browser.get("/api/me")).body;
    expect(session).toMatchObject({
      kind: "account",
      method: "password",
      ip: "127.0.0.1",
      location: "This computer",
      device: { name: "Safari on iOS", type: "phone", browser: "Safari", os: "iOS" },
    });
  });
});

describe("a device", () => {
  test("is one row: signing in again on it replaces the session of before", async () => {
    const account = await server.createAccount();
    const { browser, id: first } = await signInBrowser(server.address, account.username);
    const page = await browser.openPage();
    const signedOut = next(page, "signed-out");
    const { body } = await browser.signIn(account.username);
    const second = body.session.id as string;
    expect(second).not.toBe(first);
    expect(await signedOut).toMatchObject({ reason: "replaced" });
    expect(await liveIds(browser)).toEqual([second]);
    expect(await endedRows(browser)).toMatchObject([{ id: first, reason: "replaced" }]);
    browser.close();
  });

  test("is one row also when its session cookie is gone and only the device is known", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    browser.cookies.delete("rollcall");
    const { body } = await browser.signIn(account.username);
    expect(await liveIds(browser)).toEqual([body.session.id]);
  });

  test("is one row after 20 sign-ins at the same time, over two nodes", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const device = browser.cookies.get("rollcall-device") ?? "";
    const tabs = server.nodes.flatMap((node) =>
      Array.from({ length: 10 }, () => {
        const tab = createBrowser(node.address);
        tab.cookies.set("rollcall-device", device);
        return tab;
      }),
    );
    const answers = await Promise.all(tabs.map((tab) => tab.signIn(account.username)));
    // One that was replaced before it could answer says so by a 503; none fails otherwise.
    for (const { status } of answers) expect([200, 503]).toContain(status);
    const alive: string[][] = [];
    for (const tab of tabs) {
      const { status, body } = await tab.get("/api/sessions");
      if (status === 200) alive.push((body.sessions as Row[]).map(({ id }) => id));
    }
    expect(alive).toHaveLength(1);
    expect(alive[0]).toHaveLength(1);
  });

  test("leaves somebody else's session in the same browser ended as replaced", async () => {
    const [ada, bob] = [await server.createAccount(), await server.createAccount()];
    const { browser: elsewhere } = await signInBrowser(server.address, ada.username);
    const { browser, id: adas } = await signInBrowser(server.address, ada.username);
    const page = await elsewhere.openPage();
    const ended = next(page, "session:ended");
    expect((await browser.signIn(bob.username)).status).toBe(200);
    expect((await browser.get("/api/me")).body.account.username).toBe(bob.username);
    expect(await ended).toMatchObject({ id: adas, reason: "replaced" });
    expect(await endedRows(elsewhere)).toMatchObject([{ id: adas, reason: "replaced" }]);
    elsewhere.close();
  });

  test("belongs to each of two accounts that share a browser by turns", async () => {
    const [ada, bob] = [await server.createAccount(), await server.createAccount()];
    const { browser } = await signInBrowser(server.address, ada.username);
    await browser.signIn(bob.username);
    await browser.signIn(ada.username);
    expect(await liveIds(browser)).toHaveLength(1);
  });

  test.each([
    ["markup", "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
    ["controls", "  Kitchen\u0000 \u202Etablet\r\n\u001b[31m ", "Kitchen tablet [31m"],
    ["60 000 letters", "x".repeat(60_000), "x".repeat(64)],
  ])(
    "has a name its owner chose, stored capped and as plain text (%s)",
    async (_what, name, shown) => {
      const account = await server.createAccount();
      const { browser, id } = await signInBrowser(server.address, account.username);
      const page = await browser.openPage();
      const changed = next(page, "session:changed", ({ device }) => device.name === shown);
      const answer = await browser.patch(`/api/sessions/${id}`, { name });
      expect(answer.body.device.name).toBe(shown);
      expect(answer.headers.get("content-type")).toContain("application/json");
      expect((await changed).id).toBe(id);
      expect((await browser.get("/api/me")).body.session.device.name).toBe(shown);
      expect((await browser.patch(`/api/sessions/${id}`, { name: "" })).body.device.name).toBe(
        "Firefox on Linux",
      );
      browser.close();
    },
  );

  test("whose name is longer than any request may be is refused, and keeps the name it had", async () => {
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.address, account.username);
    const answer = await browser.patch(`/api/sessions/${id}`, { name: "x".repeat(70_000) });
    expect(answer).toMatchObject({ status: 413, body: { code: "too_large" } });
    expect((await browser.get("/api/me")).body.session.device.name).toBe("Firefox on Linux");
  });

  test.each([
    ["markup", "<script>alert(1)</script>"],
    ["colours", "Mozilla \u001b[31mred"],
    ["nothing but letters", "x".repeat(8000)],
    ["a browser named like a weapon", "A".repeat(3000) + "/" + "9".repeat(3000)],
  ])(
    "with a hostile user agent is listed under a short plain name (%s)",
    async (_what, userAgent) => {
      const account = await server.createAccount();
      // Header values cannot hold control characters; everything else arrives as it was sent.
      const header = userAgent.replaceAll("\u001b", "");
      const { browser } = await signInBrowser(server.address, account.username, header);
      const [row] = (await browser.get("/api/sessions")).body.sessions as Row[];
      expect(row.device.name.length).toBeLessThanOrEqual(90);
      const stored = [...(await server.readRedis())].find(([key]) => key.endsWith(`s:${row.id}`));
      expect(stored?.[1].length).toBeLessThan(1000);
    },
  );

  test("of somebody else cannot be named", async () => {
    const [ada, bob] = [await server.createAccount(), await server.createAccount()];
    const { id } = await signInBrowser(server.address, ada.username);
    const { browser } = await signInBrowser(server.address, bob.username);
    expect(await browser.patch(`/api/sessions/${id}`, { name: "Mine" })).toMatchObject({
      status: 404,
      body: { code: "session_not_found" },
    });
  });
});

describe("a guest", () => {
  test("exists from the first write on: a visitor who only reads leaves nothing in Redis", async () => {
    const before = [...(await server.readRedis()).keys()].filter(isOfSessions);
    for (const path of [
      "/",
      "/api/me",
      "/api/preferences",
      "/api/openapi.json",
      "/nowhere",
      "/robots.txt",
    ]) {
      const visitor = createBrowser(
        server.address,
        "Googlebot/2.1 (+http://www.google.com/bot.html)",
      );
      for (let visit = 0; visit < 5; visit++) await visitor.get(path);
      expect(visitor.cookies.size).toBe(0);
    }
    expect([...(await server.readRedis()).keys()].filter(isOfSessions)).toEqual(before);
    const visitor = createBrowser(server.address);
    const answer = await visitor.put("/api/preferences", { theme: "dark" });
    expect(answer.headers.getSetCookie().join("\n")).toMatch(/rollcall=.*Max-Age=34560000/);
    const { session, account } = (await visitor.get("/api/me")).body;
    expect(account).toBeNull();
    expect(session).toMatchObject({ kind: "guest", method: "guest", fresh: false });
    expect(session.account).toBeUndefined();
    expect((await visitor.get("/api/preferences")).body).toEqual({ theme: "dark" });
  });

  test("who sends something wrong is refused before a session is opened", async () => {
    const visitor = createBrowser(server.address);
    expect((await visitor.put("/api/preferences", { theme: "purple" })).status).toBe(400);
    expect(visitor.cookies.size).toBe(0);
  });

  test("is not signed in: what takes an account is refused", async () => {
    const visitor = createBrowser(server.address);
    await visitor.put("/api/preferences", { theme: "dark" });
    expect(await visitor.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { code: "not_signed_in" },
    });
  });

  test("who signs in is dissolved without a trace, open pages included", async () => {
    const account = await server.createAccount();
    const visitor = createBrowser(server.address);
    await visitor.put("/api/preferences", { theme: "light" });
    const guest = (await visitor.get("/api/me")).body.session.id as string;
    const guestCookie = visitor.cookies.get("rollcall") ?? "";
    const page = await visitor.openPage();
    const signedOut = next(page, "signed-out");
    expect((await visitor.signIn(account.username)).body.session.id).not.toBe(guest);
    expect(await signedOut).toMatchObject({ reason: "replaced" });
    const traces = async () =>
      [...(await server.readRedis())]
        .filter(([key]) => isOfSessions(key))
        .filter(([key, text]) => key.includes(guest) || text.includes(guest));
    // The lists that led to it are cleared after the answer.
    await eventually(async () => (await traces()).length === 0);
    const before = createBrowser(server.address);
    before.cookies.set("rollcall", guestCookie);
    const me = await before.get("/api/me");
    expect(me.body.session).toBeNull();
    visitor.close();
  });
});

describe("the limit of sessions per account", () => {
  test("ends the least recently seen one and tells its page so", async () => {
    const account = await server.createAccount();
    const first = await signInBrowser(server.address, account.username);
    const second = await signInBrowser(server.address, account.username);
    const third = await signInBrowser(server.address, account.username);
    // The first was opened first and is used last.
    const seenAt = async (id: string) =>
      ((await third.browser.get("/api/sessions")).body.sessions as Row[]).find(
        (row) => row.id === id,
      )?.lastSeenAt ?? "";
    const openedAt = await seenAt(third.id);
    await eventually(async () => {
      await first.browser.get("/api/me");
      return (await seenAt(first.id)) > openedAt;
    });
    const page = await second.browser.openPage();
    const signedOut = next(page, "signed-out");

    const fourth = await signInBrowser(server.address, account.username);

    expect(await signedOut).toMatchObject({ reason: "limit" });
    expect(await second.browser.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { code: "session_ended", reason: "limit" },
    });
    expect((await liveIds(fourth.browser)).sort()).toEqual([first.id, third.id, fourth.id].sort());
    second.browser.close();
  });

  test("holds after 50 sign-ins at the same time, over two nodes", async () => {
    const account = await server.createAccount();
    const browsers = Array.from({ length: 50 }, (_, at) =>
      createBrowser(server.nodes[at % 2].address),
    );
    const answers = await Promise.all(browsers.map((one) => one.signIn(account.username)));
    // Beyond the queue for hashing a sign-in is told to come again.
    for (const { status } of answers) expect([200, 429, 503]).toContain(status);
    const checks = await Promise.all(browsers.map((one) => one.get("/api/sessions")));
    expect(checks.filter(({ status }) => status === 200)).toHaveLength(3);
    const limited = checks.filter(({ body }) => body.code === "session_ended");
    for (const { body } of limited) expect(body.reason).toBe("limit");
  });
});

describe("proving the password again", () => {
  test("changes the secret and nothing else: same id, pages stay, the old secret is stale", async () => {
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.nodes[0].address, account.username);
    const old = createBrowser(server.nodes[0].address);
    const oldOnTheOtherNode = createBrowser(server.nodes[1].address);
    for (const one of [old, oldOnTheOtherNode]) {
      one.cookies.set("rollcall", browser.cookies.get("rollcall") ?? "");
      expect((await one.get("/api/sessions")).status).toBe(200);
    }
    const here = await browser.openPage();
    browser.moveTo(server.nodes[1].address);
    const there = await browser.openPage();

    const answer = await reauthenticate(browser);

    expect(answer.body.session).toMatchObject({ id, fresh: true });
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    for (const one of [old, oldOnTheOtherNode]) {
      const stale = { status: 401, body: { code: "stale_token" } };
      expect(await one.get("/api/sessions")).toMatchObject(stale);
      expect(await one.get("/api/me")).toMatchObject(stale);
      await expect(one.openPage()).rejects.toMatchObject({ data: { code: "stale_token" } });
    }
    expect([here.connected, there.connected]).toEqual([true, true]);
    // They still are this session's pages: renaming it reaches both.
    const heard = [here, there].map((page) =>
      next(page, "session:changed", ({ device }) => device.name === "Renamed"),
    );
    await browser.patch(`/api/sessions/${id}`, { name: "Renamed" });
    for (const session of await Promise.all(heard)) expect(session.id).toBe(id);
    expect(await endedRows(browser)).toEqual([]);
    browser.close();
  });

  test("with a wrong password changes nothing", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const secret = secretOf(browser);
    expect(await reauthenticate(browser, "wrong horse battery")).toMatchObject({
      status: 401,
      body: { code: "invalid_credentials" },
    });
    expect(secretOf(browser)).toBe(secret);
    expect((await browser.get("/api/sessions")).status).toBe(200);
  });

  test("in two tabs at the same time leaves exactly one of the two new secrets", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const tabs = server.nodes.map((node) => {
      const tab = createBrowser(node.address);
      for (const [name, value] of browser.cookies) tab.cookies.set(name, value);
      return tab;
    });
    const answers = await Promise.all(tabs.map((tab) => reauthenticate(tab)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 401]);
    for (const [at, { status, body }] of answers.entries()) {
      if (status === 401) expect(body.code).toBe("stale_token");
      expect((await tabs[at].get("/api/sessions")).status).toBe(status);
    }
  });
});

describe("the step-up window", () => {
  test("is needed for ending others and for an admin's ends, and never for signing oneself out", async () => {
    const strict = await server.startNode({ STEP_UP_WINDOW: "1s" });
    const account = await server.createAccount([
      "sessions:end",
      "sessions:read",
      "accounts:manage",
    ]);
    const { id: other } = await signInBrowser(strict.address, account.username);
    const { browser, id } = await signInBrowser(strict.address, account.username);
    await eventually(async () => (await browser.get("/api/me")).body.session.fresh === false);
    const wanting = { status: 403, body: { code: "reauthentication_required" } };
    expect(await browser.delete(`/api/sessions/${other}`)).toMatchObject(wanting);
    expect(await browser.delete("/api/sessions?scope=others")).toMatchObject(wanting);
    expect(await browser.delete(`/api/admin/sessions/${other}`)).toMatchObject(wanting);
    expect(await browser.delete("/api/admin/sessions?scope=all")).toMatchObject(wanting);
    expect(
      await browser.put(`/api/admin/accounts/${account.id}/permissions`, { permissions: [] }),
    ).toMatchObject(wanting);
    // Looking never needs it.
    expect((await browser.get("/api/sessions")).body.sessions).toHaveLength(2);
    expect((await browser.get("/api/admin/sessions")).status).toBe(200);

    expect((await reauthenticate(browser)).status).toBe(200);
    expect((await browser.delete(`/api/sessions/${other}`)).body.ended).toBe(1);
    await eventually(async () => (await browser.get("/api/me")).body.session.fresh === false);
    expect(await browser.delete(`/api/sessions/${id}`)).toMatchObject({
      status: 200,
      body: { ended: 1 },
    });
    const { browser: again } = await signInBrowser(strict.address, account.username);
    await eventually(async () => (await again.get("/api/me")).body.session.fresh === false);
    expect((await again.post("/api/sign-out")).status).toBe(204);
    expect(again.cookies.has("rollcall")).toBe(false);
    expect(again.cookies.has("rollcall-device")).toBe(true);
    expect((await again.get("/api/me")).body.account).toBeNull();
    await strict.stop();
  });

  test("signing out with a superseded cookie ends nothing by half: the page asks again", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const before = browser.cookieHeader();
    expect((await reauthenticate(browser)).status).toBe(200);

    const stale = await createBrowser(server.address).post("/api/sign-out", undefined, {
      cookie: before,
    });
    expect(stale).toMatchObject({ status: 401, body: { code: "stale_token" } });
    expect(stale.headers.getSetCookie()).toEqual([]);
    expect((await browser.post("/api/sign-out")).status).toBe(204);
  });
});

/** Keys that hold sessions; others (news, acknowledgements, leases) come and go by themselves. */
function isOfSessions(key: string): boolean {
  return /^\{...\}/.test(key) || key.startsWith("index:") || key === "{deadlines}";
}
