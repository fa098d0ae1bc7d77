// What is sensitive takes a password proved lately: every route that says so, for a session that is only
// remembered and for one whose password was proved long ago, at both doors.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sessionRow } from "../../server/redis/keys.ts";
import { allRoutes } from "../../server/http/app.ts";
import { permissions as allPermissions } from "../../shared/contract/accounts.ts";
import type { Route } from "../../shared/route.ts";
import {
  createBrowser,
  goodPassword,
  next,
  signInBrowser,
  type Browser,
} from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { bearer, copyOf, letTimePass, openApp, openRemembered, restart } from "./holders.ts";

let server: TestServer;
let here: string;
let there: string;
const opened: Browser[] = [];
const hour = 60 * 60_000;
const wanting = { status: 403, body: { code: "reauthentication_required" } };
const prove = (browser: Browser, password = goodPassword, headers?: Record<string, string>) =>
  browser.post("/api/reauthenticate", { password }, headers);

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  [here, there] = server.nodes.map((node) => node.address);
});

afterAll(async () => {
  for (const browser of opened) browser.close();
  await server.stop();
});

interface Target {
  account: string;
  session: string;
  resource: string;
  hack: string;
}

/** How each route that takes a fresh session is asked for something it can do. */
const requests: Record<
  string,
  (target: Target) => { path: string; body?: object | string; headers?: Record<string, string> }
> = {
  "POST /api/admin/catalogue/:id/units": ({ resource }) => ({
    path: `/api/admin/catalogue/${resource}/units`,
    body: { units: ["a code"] },
  }),
  "PUT /api/admin/catalogue/:id/units": ({ resource }) => ({
    path: `/api/admin/catalogue/${resource}/units`,
    body: "another code\n",
    headers: { "content-type": "text/plain" },
  }),
  "PATCH /api/admin/catalogue/:id": ({ resource }) => ({
    path: `/api/admin/catalogue/${resource}`,
    body: { task: "none" },
  }),
  "DELETE /api/admin/catalogue/:id": ({ resource }) => ({
    path: `/api/admin/catalogue/${resource}`,
  }),
  "POST /api/admin/outcomes/:id/judge": ({ hack }) => ({
    path: `/api/admin/outcomes/${hack}/judge`,
    body: { verdict: "mistake" },
  }),
  "DELETE /api/admin/outcomes": () => ({
    path: "/api/admin/outcomes?kind=fail&before=2020-01-01T00:00:00Z",
  }),
  "DELETE /api/sessions": () => ({ path: "/api/sessions?scope=others" }),
  "DELETE /api/admin/sessions/:id": ({ session }) => ({ path: `/api/admin/sessions/${session}` }),
  "DELETE /api/admin/accounts/:id/sessions": ({ account }) => ({
    path: `/api/admin/accounts/${account}/sessions`,
  }),
  "DELETE /api/admin/sessions": () => ({ path: "/api/admin/sessions?scope=all" }),
  "POST /api/admin/accounts": ({ session }) => ({
    path: "/api/admin/accounts",
    body: { username: `new-${session}`, password: "quiet meadow 51 turbine" },
  }),
  "PATCH /api/admin/accounts/:id": ({ account }) => ({
    path: `/api/admin/accounts/${account}`,
    body: { city: "Oslo" },
  }),
  "PUT /api/admin/accounts/:id/password": ({ account }) => ({
    path: `/api/admin/accounts/${account}/password`,
    body: { next: "quiet meadow 51 turbine" },
  }),
  "PUT /api/admin/accounts/:id/permissions": ({ account }) => ({
    path: `/api/admin/accounts/${account}/permissions`,
    body: { permissions: [] },
  }),
  "PUT /api/admin/accounts/:id/status": ({ account }) => ({
    path: `/api/admin/accounts/${account}/status`,
    body: { disabled: true },
  }),
};

/** A resource, and the hack of somebody who claims what was never reserved. */
async function fillDesk(username: string): Promise<Pick<Target, "resource" | "hack">> {
  const manager = await server.createAccount(["catalogue:manage"]);
  const { browser } = await signInBrowser(here, manager.username);
  const made = await browser.post("/api/admin/catalogue", { name: "Something" });
  const { browser: other } = await signInBrowser(there, username);
  await other.post(`/api/reservations/${"0".repeat(20)}/claim`);
  const { body } = await browser.get("/api/admin/outcomes?kind=hack&limit=1");
  return { resource: made.body.resource.id, hack: body.outcomes[0].id };
}

const nameOfRoute = ({ method, path }: Route): string => `${method} ${path}`;
const sensitive = allRoutes.filter(({ fresh }) => fresh);

/** A session of an admin that is not fresh, and how it proves the password. */
const holders = {
  "only remembered": async (username: string) => {
    const { browser } = await openRemembered(here, username);
    restart(browser);
    return { ask: browser.ask, reauthenticate: async () => void (await prove(browser)) };
  },
  old: async (username: string) => {
    const { browser, id } = await signInBrowser(here, username);
    await letTimePass(server, id as never, hour);
    return { ask: browser.ask, reauthenticate: async () => void (await prove(browser)) };
  },
  "an app's, and old": async (username: string) => {
    const app = await openApp(here, username);
    await letTimePass(server, app.id, hour);
    let token = app.accessToken;
    const ask: Browser["ask"] = (method, path, body, headers) =>
      createBrowser(there).ask(method, path, body, { ...headers, ...bearer(token) });
    return {
      ask,
      async reauthenticate() {
        const answer = await prove(createBrowser(there), goodPassword, bearer(token));
        token = answer.body.tokens.access_token as string;
      },
    };
  },
};

describe("what takes a fresh session", () => {
  test("is known to this test, all of it", () => {
    expect(sensitive.map(nameOfRoute).toSorted()).toEqual(Object.keys(requests).toSorted());
  });

  describe.each(Object.keys(holders) as (keyof typeof holders)[])(
    "from a session that is %s",
    (kind) => {
      test.each(sensitive.map(nameOfRoute))(
        "%s: asks for the password, and works once it is proved",
        async (name) => {
          const admin = await server.createAccount([...allPermissions]);
          // Somebody must be left who can manage accounts, whoever is disabled here.
          const target = await server.createAccount();
          const { id: session } = await signInBrowser(there, target.username);
          const holder = await holders[kind](admin.username);
          const desk = await fillDesk(target.username);
          const { path, body, headers } = requests[name]({ account: target.id, session, ...desk });
          const [method] = name.split(" ");
          const refused = await holder.ask(method, path, body, headers);
          expect(refused).toMatchObject(wanting);
          expect(await server.command("HGET", sessionRow(session as never), "z")).toBeNull();
          await holder.reauthenticate();
          const done = await holder.ask(method, path, body, headers);
          expect(done.status, JSON.stringify(done.body)).toBeLessThan(300);
        },
      );
    },
  );
});

describe("one's own devices", () => {
  async function openOldAndOther() {
    const { username } = await server.createAccount();
    const other = await signInBrowser(there, username);
    const { browser, id } = await signInBrowser(here, username);
    opened.push(browser);
    await letTimePass(server, id as never, hour);
    return { browser, id, other };
  }

  test("are ended, and disowned, only from a fresh session", async () => {
    const { browser, other } = await openOldAndOther();
    const asks = [
      () => browser.delete(`/api/sessions/${other.id}`),
      () => browser.delete("/api/sessions?scope=others"),
      () => browser.delete("/api/sessions?scope=all"),
      () => browser.patch(`/api/sessions/${other.id}`, { recognised: false }),
    ];
    for (const ask of asks) expect(await ask()).toMatchObject(wanting);
    expect((await other.browser.get("/api/sessions")).status).toBe(200);
    await prove(browser);
    expect(await browser.patch(`/api/sessions/${other.id}`, { recognised: false })).toMatchObject({
      status: 200,
    });
    expect(await other.browser.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { reason: "revoked" },
    });
  });

  test("are listed and named, and this one is signed out, without asking for a password", async () => {
    const { browser, id, other } = await openOldAndOther();
    const { account } = (await browser.get("/api/me")).body;
    const remembered = await openRemembered(here, account.username as string);
    restart(remembered.browser);
    expect((await remembered.browser.get("/api/sessions")).status).toBe(200);
    expect((await remembered.browser.post("/api/sign-out")).status).toBe(204);
    expect((await browser.patch(`/api/sessions/${other.id}`, { name: "Phone" })).status).toBe(200);
    expect(await browser.delete(`/api/sessions/${id}`)).toMatchObject({
      status: 200,
      body: { ended: 1 },
    });
    expect(await browser.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { reason: "signed_out" },
    });
  });
});

describe("proving the password again", () => {
  test("rotates the secret: the old one is stale, row and open pages stay", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await openRemembered(here, username);
    opened.push(browser);
    const page = await browser.openPage();
    const before = copyOf(browser, there);
    before.cookies.delete("rollcall-remember");
    const told = next(page, "session:changed");
    const answer = await prove(browser);
    expect(answer).toMatchObject({
      status: 200,
      body: { session: { id, fresh: true, remembered: true } },
    });
    expect(answer.headers.getSetCookie().map((one) => one.split("=")[0])).toEqual(["rollcall"]);
    for (const address of [here, there]) {
      before.moveTo(address);
      expect(await before.get("/api/sessions")).toMatchObject({
        status: 401,
        body: { code: "stale_token" },
      });
    }
    await browser.patch(`/api/sessions/${id}`, { name: "Still here" });
    expect((await told).device.name).toBe("Still here");
    expect(page.connected).toBe(true);
    expect((await browser.get("/api/sessions")).body).toMatchObject({
      sessions: [{ id }],
      ended: [],
    });
  });

  test("makes one session fresh and no other", async () => {
    const { username } = await server.createAccount();
    const { browser, id } = await signInBrowser(here, username);
    const other = await signInBrowser(there, username);
    for (const one of [id, other.id]) await letTimePass(server, one as never, hour);
    await prove(browser);
    expect(await other.browser.delete(`/api/sessions/${id}`)).toMatchObject(wanting);
    expect((await browser.delete(`/api/sessions/${other.id}`)).status).toBe(200);
  });

  test("is limited by itself: whoever guesses too often here may still sign in, and is not let through by the right one", async () => {
    const node = await server.startNode({ RATE_LIMITS: "on" });
    const { username } = await server.createAccount();
    const { browser } = await signInBrowser(node.address, username);
    for (let guesses = 0; guesses < 5; guesses++)
      expect(await prove(browser, "a wrong guess")).toMatchObject({
        status: 401,
        body: { code: "invalid_credentials" },
      });
    const limited = await prove(browser);
    expect(limited).toMatchObject({ status: 429, body: { code: "too_many_attempts" } });
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    // The same purse: the password page is no second chance.
    const change = { current: goodPassword, next: "quiet meadow 51 turbine" };
    expect(await browser.put("/api/password", change)).toMatchObject({ status: 429 });
    expect((await createBrowser(node.address).signIn(username)).status).toBe(200);
    await node.stop();
    server.nodes.splice(server.nodes.indexOf(node), 1);
  });

  test("while the password is changed elsewhere leaves nobody fresh by the old one", async () => {
    const { username } = await server.createAccount();
    const { browser } = await signInBrowser(here, username);
    const other = await signInBrowser(there, username);
    const change = { current: goodPassword, next: "quiet meadow 51 turbine" };
    const [proved, changed] = await Promise.all([
      prove(browser),
      other.browser.put("/api/password", change),
    ]);
    expect(changed.status).toBe(200);
    expect([200, 401]).toContain(proved.status);
    expect(await browser.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { reason: "password_changed" },
    });
    expect(await prove(browser)).toMatchObject({ status: 401, body: { code: "session_ended" } });
  });

  test("is nothing for strangers", async () => {
    expect(await prove(createBrowser(here))).toMatchObject({
      status: 401,
      body: { code: "not_signed_in" },
    });
  });
});
