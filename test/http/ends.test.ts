// Ending sessions, each way there is: always done on one node and seen on the other, over HTTP and in open pages.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SessionsBatch } from "../../shared/live.ts";
import type { Session } from "../../shared/contract/sessions.ts";
import {
  createBrowser,
  eventually,
  goodPassword,
  next,
  setUpAdmin,
  signInBrowser,
  userAgents,
  type Answer,
  type Browser,
  type Page,
} from "../support/client.ts";
import { setupToken, startServer, type TestAccount, type TestServer } from "../support/server.ts";

let server: TestServer;
let here: string;
let there: string;
let admin: Browser;
let adminId: string;
let adminPage: Page;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  [here, there] = server.nodes.map(({ address }) => address);
  admin = await setUpAdmin(here, setupToken);
  adminId = (await admin.get("/api/me")).body.account.id;
  adminPage = await admin.openPage();
  expect(await adminPage.emitWithAck("watch", { topic: "sessions" })).toEqual({ ok: true });
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

interface Device {
  browser: Browser;
  id: string;
  page: Page;
}

/** Signed in with one page open. */
async function openDevice(address: string, { username }: TestAccount): Promise<Device> {
  const { browser, id } = await signInBrowser(address, username, userAgents.phone);
  return { browser, id, page: await browser.openPage() };
}

/** All that the page of an ended device is told, and how its connection went. */
async function watchEnd(page: Page): Promise<{ told: unknown; how: string }> {
  const told = next(page, "signed-out");
  const gone = new Promise<string>((resolve) => page.once("disconnect", resolve));
  return { told: await told, how: await gone };
}

/** Resolves when the admin's page has been told of the ends of all these sessions. */
function watchBatches(ids: readonly string[]): Promise<SessionsBatch["ended"]> {
  const seen: SessionsBatch["ended"] = [];
  return new Promise((resolve) => {
    const listen = ({ ended }: SessionsBatch) => {
      seen.push(...ended.filter((one) => ids.includes(one.id)));
      if (!ids.every((id) => seen.some((one) => one.id === id))) return;
      adminPage.off("sessions", listen);
      resolve(seen);
    };
    adminPage.on("sessions", listen);
  });
}

/** The device is refused on both nodes, with these facts, and at the socket's door too. */
async function expectRefused({ browser }: Device, facts: object): Promise<void> {
  for (const address of [here, there]) {
    browser.moveTo(address);
    for (const refusal of [
      await browser.get("/api/sessions"),
      await browser.post("/api/reauthenticate", { password: "whatever it is" }),
      await browser.delete("/api/sessions?scope=all"),
    ]) {
      expect(refusal).toMatchObject({ status: 401, body: { code: "session_ended", ...facts } });
      expect(Date.parse(refusal.body.at)).toBeGreaterThan(0);
    }
    await expect(browser.openPage()).rejects.toMatchObject({ data: { code: "session_ended" } });
  }
}

async function expectAlive({ browser, page, id }: Device): Promise<void> {
  for (const address of [here, there]) {
    browser.moveTo(address);
    expect((await browser.get("/api/me")).body.session).toMatchObject({ id });
  }
  expect(page.connected).toBe(true);
}

/** Both nodes have confirmed, and this many sessions and pages are gone. */
const receiptOf = (ended: number, sockets: number) => ({
  ended,
  confirmed: { nodes: 2, of: 2 },
  sockets,
});

const close = (...devices: Device[]) => devices.forEach(({ browser }) => browser.close());

describe("one session", () => {
  test("ended from another device is refused everywhere, its pages are told why and closed", async () => {
    const account = await server.createAccount();
    const laptop = await openDevice(here, account);
    const phone = await openDevice(there, account);
    const secondPage = await phone.browser.openPage();
    const bystander = await openDevice(there, await server.createAccount());
    const ends = [watchEnd(phone.page), watchEnd(secondPage)];
    const heard = next(laptop.page, "session:ended");
    const batch = watchBatches([phone.id]);

    const answer = await laptop.browser.delete(`/api/sessions/${phone.id}`);

    expect(answer).toMatchObject({ status: 200, body: receiptOf(1, 2) });
    const by = { id: account.id, username: account.username };
    for (const { told, how } of await Promise.all(ends)) {
      expect(told).toMatchObject({ reason: "revoked", by });
      expect(how).toBe("io server disconnect");
    }
    expect(await heard).toMatchObject({ id: phone.id, reason: "revoked", by });
    expect(await batch).toMatchObject([{ id: phone.id, reason: "revoked", by }]);
    await expectRefused(phone, { reason: "revoked", by });
    await expectAlive(laptop);
    await expectAlive(bystander);
    const { body } = await laptop.browser.get("/api/sessions");
    expect(body.sessions.map((one: Session) => one.id)).toEqual([laptop.id]);
    expect(body.ended).toMatchObject([{ id: phone.id, reason: "revoked", by, sockets: 0 }]);
    close(laptop, phone, bystander);
  });

  test("ended by itself counts as signed out, whichever way, and the other devices see it", async () => {
    const account = await server.createAccount();
    const laptop = await openDevice(here, account);
    for (const signOut of [
      (browser: Browser, _id: string) => browser.post("/api/sign-out"),
      (browser: Browser, id: string) => browser.delete(`/api/sessions/${id}`),
    ]) {
      const phone = await openDevice(there, account);
      const cookie = phone.browser.cookies.get("rollcall") ?? "";
      const end = watchEnd(phone.page);
      const heard = next(laptop.page, "session:ended");
      expect([200, 204]).toContain((await signOut(phone.browser, phone.id)).status);
      expect((await end).told).toMatchObject({ reason: "signed_out" });
      expect(await heard).toMatchObject({ id: phone.id, reason: "signed_out" });
      // Whoever has copied the cookie before has nothing.
      phone.browser.cookies.set("rollcall", cookie);
      await expectRefused(phone, { reason: "signed_out" });
    }
    await expectAlive(laptop);
    close(laptop);
  });

  test("ended twice was ended once", async () => {
    const account = await server.createAccount();
    const laptop = await openDevice(here, account);
    const phone = await openDevice(there, account);
    const tries = await Promise.all([
      laptop.browser.delete(`/api/sessions/${phone.id}`),
      laptop.browser.delete(`/api/sessions/${phone.id}`),
    ]);
    expect(tries.map(({ body }) => body.ended as number).sort()).toEqual([0, 1]);
    const { endedAt } = (await laptop.browser.get("/api/sessions")).body.ended[0];
    const again = await laptop.browser.delete(`/api/sessions/${phone.id}`);
    expect(again).toMatchObject({
      status: 200,
      body: { ended: 0, confirmed: { nodes: 2, of: 2 } },
    });
    const byAdmin = await admin.delete(`/api/admin/sessions/${phone.id}?message=too+late`);
    expect(byAdmin.body.ended).toBe(0);
    // The first reason stands.
    const [row] = (await laptop.browser.get("/api/sessions")).body.ended;
    expect(row).toMatchObject({ reason: "revoked", endedAt });
    expect(row.message).toBeUndefined();
    await expectRefused(phone, { reason: "revoked" });
    close(laptop, phone);
  });

  test("of somebody else answers exactly like one that does not exist", async () => {
    const [ada, bob] = [await server.createAccount(), await server.createAccount()];
    const adas = await openDevice(here, ada);
    const bobs = await openDevice(there, bob);
    const missing = `${bobs.id.slice(0, 3)}${"0".repeat(17)}`;
    const without = ({ status, headers, body }: Answer) => {
      const { requestId, ...rest } = body;
      expect(requestId).toBeTruthy();
      const shown = [...headers].filter(([name]) => !/^(date|x-request-id)$/.test(name));
      return { status, headers: shown, body: rest };
    };
    for (const ask of [
      (id: string) => adas.browser.delete(`/api/sessions/${id}`),
      (id: string) => adas.browser.patch(`/api/sessions/${id}`, { name: "Mine" }),
    ]) {
      const [existing, none] = [without(await ask(bobs.id)), without(await ask(missing))];
      expect(existing.body.code).toBe("session_not_found");
      expect(existing.status).toBe(404);
      expect({ ...existing, headers: sizesOut(existing.headers) }).toEqual({
        ...none,
        headers: sizesOut(none.headers),
      });
    }
    await expectAlive(bobs);
    close(adas, bobs);
  });

  test("ended by an admin tells its person who and why", async () => {
    const account = await server.createAccount();
    const phone = await openDevice(there, account);
    const end = watchEnd(phone.page);
    const batch = watchBatches([phone.id]);
    const message = "Please call <b>the desk</b>";
    const answer = await admin.delete(
      `/api/admin/sessions/${phone.id}?message=${encodeURIComponent(message)}`,
    );
    expect(answer).toMatchObject({ status: 200, body: receiptOf(1, 1) });
    const facts = { reason: "admin", by: { id: adminId, username: "admin" }, message };
    expect((await end).told).toMatchObject(facts);
    // Watchers are told who and why, not what was said to the person.
    const [seen] = await batch;
    expect(seen).toMatchObject({ reason: "admin", by: { username: "admin" } });
    expect(seen).not.toHaveProperty("message");
    await expectRefused(phone, facts);
    expect((await phone.browser.get("/api/me")).body.ended).toMatchObject(facts);
  });

  test.each(["message", "reason"])(
    "takes the admin's words from a body's `%s` too",
    async (field) => {
      const phone = await openDevice(there, await server.createAccount());
      const end = watchEnd(phone.page);
      await admin.delete(`/api/admin/sessions/${phone.id}`, { [field]: "Said in the body" });
      expect((await end).told).toMatchObject({ message: "Said in the body" });
    },
  );

  test("of a guest is ended by an admin like any other", async () => {
    const visitor = createBrowser(there);
    await visitor.put("/api/preferences", { theme: "dark" });
    const { id } = (await visitor.get("/api/me")).body.session;
    const page = await visitor.openPage();
    const end = watchEnd(page);
    expect((await admin.delete(`/api/admin/sessions/${id}`)).body).toMatchObject(receiptOf(1, 1));
    expect(await end).toMatchObject({ told: { reason: "admin" }, how: "io server disconnect" });
    expect((await visitor.get("/api/me")).body).toMatchObject({
      session: null,
      ended: { reason: "admin" },
    });
  });
});

describe("many sessions", () => {
  test("all others of one's own: this one and its pages stay", async () => {
    const account = await server.createAccount();
    const laptop = await openDevice(here, account);
    const others = [await openDevice(here, account), await openDevice(there, account)];
    const ends = others.map(({ page }) => watchEnd(page));
    const batch = watchBatches(others.map(({ id }) => id));
    const answer = await laptop.browser.delete("/api/sessions?scope=others");
    expect(answer).toMatchObject({ status: 200, body: receiptOf(2, 2) });
    for (const { told, how } of await Promise.all(ends)) {
      expect(told).toMatchObject({ reason: "revoked", by: { username: account.username } });
      expect(how).toBe("io server disconnect");
    }
    expect(await batch).toHaveLength(2);
    for (const device of others) await expectRefused(device, { reason: "revoked" });
    await expectAlive(laptop);
    const none = await laptop.browser.delete("/api/sessions?scope=others");
    expect(none.body).toMatchObject(receiptOf(0, 0));
    close(laptop);
  });

  test("all of one's own, this one included", async () => {
    const account = await server.createAccount();
    const devices = [await openDevice(here, account), await openDevice(there, account)];
    const bystander = await openDevice(there, await server.createAccount());
    const ends = devices.map(({ page }) => watchEnd(page));
    const answer = await devices[0].browser.delete("/api/sessions?scope=all");
    expect(answer).toMatchObject({ status: 200, body: receiptOf(2, 2) });
    for (const { told } of await Promise.all(ends))
      expect(told).toMatchObject({ reason: "revoked" });
    for (const device of devices) await expectRefused(device, { reason: "revoked" });
    await expectAlive(bystander);
    // Signing in again works at once, in the same browser.
    expect((await devices[0].browser.signIn(account.username)).status).toBe(200);
    expect((await devices[0].browser.get("/api/sessions")).body.sessions).toHaveLength(1);
    close(bystander);
  });

  test("of one account, by an admin: that account's and nobody else's", async () => {
    const account = await server.createAccount();
    const devices = [await openDevice(here, account), await openDevice(there, account)];
    const bystander = await openDevice(there, await server.createAccount());
    const ends = devices.map(({ page }) => watchEnd(page));
    const batch = watchBatches(devices.map(({ id }) => id));
    const path = `/api/admin/accounts/${account.id}/sessions`;
    const answer = await admin.delete(`${path}?message=Maintenance`);
    expect(answer).toMatchObject({ status: 200, body: receiptOf(2, 2) });
    const facts = { reason: "admin", by: { username: "admin" }, message: "Maintenance" };
    for (const { told } of await Promise.all(ends)) expect(told).toMatchObject(facts);
    expect(await batch).toHaveLength(2);
    for (const device of devices) await expectRefused(device, facts);
    await expectAlive(bystander);
    expect((await admin.delete(path)).body).toMatchObject(receiptOf(0, 0));
    close(bystander);
  });

  test("of the admin's own account: the session that asks is kept", async () => {
    const other = await openDevice(there, { id: adminId as never, username: "admin" });
    const end = watchEnd(other.page);
    const answer = await admin.delete(`/api/admin/accounts/${adminId}/sessions`);
    expect(answer).toMatchObject({ status: 200, body: receiptOf(1, 1) });
    expect((await end).told).toMatchObject({ reason: "admin" });
    expect((await admin.get("/api/me")).body.account.id).toBe(adminId);
    expect(adminPage.connected).toBe(true);
  });

  test("of a disabled account, with the words that came with it", async () => {
    const account = await server.createAccount();
    const devices = [await openDevice(here, account), await openDevice(there, account)];
    const ends = devices.map(({ page }) => watchEnd(page));
    const path = `/api/admin/accounts/${account.id}/status`;
    const answer = await admin.put(path, { disabled: true, reason: "On leave" });
    expect(answer.body.receipt).toMatchObject(receiptOf(2, 2));
    const facts = { reason: "account_disabled", by: { username: "admin" }, message: "On leave" };
    for (const { told } of await Promise.all(ends)) expect(told).toMatchObject(facts);
    for (const device of devices) await expectRefused(device, facts);
  });

  test("of an account whose password an admin has set", async () => {
    const account = await server.createAccount();
    const devices = [await openDevice(here, account), await openDevice(there, account)];
    const ends = devices.map(({ page }) => watchEnd(page));
    const answer = await admin.put(`/api/admin/accounts/${account.id}/password`, {
      next: "harbour violin pepper 83",
    });
    expect(answer.body.receipt).toMatchObject(receiptOf(2, 2));
    for (const { told } of await Promise.all(ends))
      expect(told).toMatchObject({ reason: "password_changed" });
    for (const device of devices) await expectRefused(device, { reason: "password_changed" });
  });

  test("of everyone, guests included: only the caller stays, with its pages", async () => {
    const people = [await server.createAccount(), await server.createAccount()];
    const devices = [await openDevice(here, people[0]), await openDevice(there, people[1])];
    const visitor = createBrowser(there);
    await visitor.put("/api/preferences", { theme: "dark" });
    const guestPage = await visitor.openPage();
    const secondAdminPage = await admin.openPage();
    const adminElsewhere = await signInBrowser(there, "admin");
    const lostFromList = next(adminPage, "session:ended", ({ id }) => id === adminElsewhere.id);
    const ends = [...devices.map(({ page }) => watchEnd(page)), watchEnd(guestPage)];
    const reset = next(adminPage, "sessions", (batch) => batch.reset === true);

    const answer = await admin.delete("/api/admin/sessions?scope=all&message=Restart");

    expect(answer).toMatchObject({
      status: 200,
      body: { confirmed: { nodes: 2, of: 2 }, sockets: 3 },
    });
    expect(answer.body.ended).toBeGreaterThanOrEqual(3);
    const facts = { reason: "admin", by: { username: "admin" }, message: "Restart" };
    for (const { told, how } of await Promise.all(ends)) {
      expect(told).toMatchObject(facts);
      expect(how).toBe("io server disconnect");
    }
    for (const device of devices) await expectRefused(device, facts);
    expect((await visitor.get("/api/me")).body).toMatchObject({ session: null, ended: facts });
    await reset;
    expect(await lostFromList).toMatchObject({ reason: "admin", by: { username: "admin" } });
    expect([adminPage.connected, secondAdminPage.connected]).toEqual([true, true]);
    // Those pages go on at once as before.
    expect(await secondAdminPage.emitWithAck("watch", { topic: "sessions" })).toEqual({ ok: true });
    for (const address of [there, here]) {
      admin.moveTo(address);
      expect((await admin.get("/api/me")).body.account.id).toBe(adminId);
    }
    await eventually(async () => {
      const { body } = await admin.get("/api/admin/sessions");
      return body.sessions.length === 1 && body.total === 1;
    });
    // What the owner is shown of it is the same, once the tombstones are written.
    await devices[0].browser.signIn(people[0].username);
    const list = await eventually(async () => {
      const { body } = await devices[0].browser.get("/api/sessions");
      return body.ended.length === 1 && body;
    });
    expect(list.ended[0]).toMatchObject({ id: devices[0].id, ...facts });
    expect(list.sessions).toHaveLength(1);
    close(...devices);
  });
});

describe("a storm of sign-ins, ends and new secrets on both nodes", () => {
  test("leaves every door and every list of the same opinion", async () => {
    const account = await server.createAccount();
    const devices = await Promise.all(
      Array.from({ length: 12 }, (_, at) => signInBrowser([here, there][at % 2], account.username)),
    );
    const pages = await Promise.all(devices.map(({ browser }) => browser.openPage()));
    await Promise.all(
      devices.flatMap(({ browser, id }, at) => {
        const next = devices[(at + 1) % devices.length];
        const acts = [
          () => browser.post("/api/reauthenticate", { password: goodPassword }),
          () => browser.delete(`/api/sessions/${next.id}`),
          () => browser.put("/api/preferences", { theme: "dark" }),
          () => browser.patch(`/api/sessions/${id}`, { name: `Device ${at}` }),
          () => admin.delete(`/api/admin/sessions/${id}`),
          () => browser.get("/api/sessions"),
        ];
        // Half of them are ended by somebody; all are in use meanwhile.
        return at % 2 === 0 ? acts.slice(0, 4).map((act) => act()) : [acts[2](), acts[5]()];
      }),
    );
    const watcher = await signInBrowser(here, account.username);
    const { body } = await watcher.browser.get("/api/sessions");
    const live = (body.sessions as { id: string }[]).map(({ id }) => id);
    const ended = (body.ended as { id: string }[]).map(({ id }) => id);
    expect(ended.length).toBeGreaterThanOrEqual(6);
    expect([...live, ...ended].sort()).toEqual([...devices, watcher].map(({ id }) => id).sort());
    for (const [at, { browser, id }] of devices.entries()) {
      const expected = live.includes(id) ? 200 : 401;
      for (const address of [here, there]) {
        browser.moveTo(address);
        expect((await browser.get("/api/sessions")).status).toBe(expected);
      }
      if (expected === 401) await eventually(() => !pages[at].connected);
      expect(pages[at].connected).toBe(expected === 200);
      browser.close();
    }
  });
});

describe("the very first end after the start", () => {
  test("is confirmed by both nodes, and waits for no lease to run out", async () => {
    const fresh = await startServer({ nodes: 2, env: { RATE_LIMITS: "off", LEASE: "10s" } });
    const account = await fresh.createAccount();
    const { browser } = await signInBrowser(fresh.nodes[0].address, account.username);
    const { id } = await signInBrowser(fresh.nodes[1].address, account.username);
    const answer = await browser.delete(`/api/sessions/${id}`);
    expect(answer.body).toMatchObject(receiptOf(1, 0));
    expect(answer.body.confirmed.missing).toBeUndefined();
    await fresh.stop();
  });
});

/** Content-Length varies with the request id's digits. */
function sizesOut(headers: [string, string][]): [string, string][] {
  return headers.filter(([name]) => name !== "content-length");
}
