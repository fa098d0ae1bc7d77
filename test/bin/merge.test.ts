// What a visitor has collected comes along when they sign in: once, told, and for a day to be undone. The guest's
// cookie is worth nothing afterwards, and whatever its other tabs were doing meanwhile is neither lost nor doubled.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ResourceId } from "../../shared/ids.ts";
import {
  createBrowser,
  eventually,
  goodPassword,
  next,
  signInBrowser,
  type Answer,
  type Browser,
} from "../support/client.ts";
import { setupToken, startServer, type TestServer } from "../support/server.ts";
import { binOf, fill, putInto, quantitiesOf, stock, type Quantities } from "./shelf.ts";

let server: TestServer;
let things: ResourceId[];
let lamp: ResourceId, rope: ResourceId, tent: ResourceId;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  things = await stock(server, 101);
  [lamp, rope, tent] = things;
});
afterAll(() => server.stop());

const day = 24 * 60 * 60 * 1000;

/** A browser that has collected these and is not signed in, and its guest's id. */
async function visit(quantities: Quantities, address = server.address) {
  const visitor = createBrowser(address);
  await fill(visitor, quantities);
  const { id } = (await visitor.get("/api/me")).body.session;
  return { visitor, guest: id as string, cookie: visitor.cookies.get("rollcall") ?? "" };
}

/** An account whose bin holds these, and a device of it. */
async function owner(quantities: Quantities) {
  const account = await server.createAccount();
  const { browser } = await signInBrowser(server.nodes[1].address, account.username);
  await fill(browser, quantities);
  return { account, device: browser };
}

const register = (browser: Browser, username: string) =>
  browser.post("/api/accounts", { username, password: goodPassword });

const mergedEvents = async (browser: Browser) =>
  ((await browser.get("/api/activity")).body.events as { type: string; items?: number }[]).filter(
    ({ type }) => type === "bin.merged",
  );

describe("signing in", () => {
  test("brings the guest's bin along: the larger quantity stays, and it is told what changed", async () => {
    const { account, device } = await owner({ [lamp]: 4, [rope]: 3 });
    const { visitor, guest } = await visit({ [tent]: 1, [lamp]: 2, [rope]: 5 });
    const page = await device.openPage();
    const told = next(page, "bin:changed", ({ merged }) => merged !== undefined);

    const { status, body } = await visitor.signIn(account.username);

    expect(status).toBe(200);
    expect(body.merged.items).toEqual([
      { resourceId: tent, quantity: 1, was: 0 },
      { resourceId: rope, quantity: 5, was: 3 },
    ]);
    const bin = (await visitor.get("/api/bin")).body;
    expect(bin.owner).toBe("account");
    expect(quantitiesOf(bin)).toEqual({ [lamp]: 4, [rope]: 5, [tent]: 1 });
    expect(bin.merged).toMatchObject(body.merged);
    const left = Date.parse(bin.merged.until) - Date.now();
    expect(left).toBeGreaterThan(day - 60_000);
    expect(left).toBeLessThanOrEqual(day + 1000);
    expect(await told).toEqual(bin);
    const events = await eventually(async () => {
      const found = await mergedEvents(visitor);
      return found.length > 0 && found;
    });
    expect(events).toMatchObject([{ items: 2, account: { id: account.id } }]);
    // The guest is gone with all that was its own.
    await eventually(async () => {
      const keys = [...(await server.readRedis()).keys()];
      return !keys.some((key) => key.includes(`s:${guest}`) || key.includes(`bin:${guest}`));
    });
    device.close();
  });

  test("says nothing where nothing changed", async () => {
    const { account, device } = await owner({ [lamp]: 4 });
    const { visitor } = await visit({ [lamp]: 4 });
    expect((await visitor.signIn(account.username)).body).not.toHaveProperty("merged");
    const { visitor: emptyHanded } = await visit({ [lamp]: 1 });
    await emptyHanded.delete("/api/bin");
    expect((await emptyHanded.signIn(account.username)).body).not.toHaveProperty("merged");
    expect((await device.get("/api/bin")).body).not.toHaveProperty("merged");
    expect(await mergedEvents(device)).toEqual([]);
    expect((await device.post("/api/bin/undo-merge")).status).toBe(404);
  });

  test("fills an account's bin up to its hundred things, the longest collected first", async () => {
    const { account, device } = await owner({});
    const own = things.slice(0, 98);
    await Promise.all(own.map((id) => putInto(device, id, 1)));
    const [first, second, third] = things.slice(98);
    const { visitor } = await visit({ [first]: 1, [own[0]]: 9, [second]: 2, [third]: 3 });
    const { merged } = (await visitor.signIn(account.username)).body;
    expect(merged.items.map(({ resourceId }: { resourceId: string }) => resourceId)).toEqual([
      first,
      own[0],
      second,
    ]);
    const quantities = await binOf(visitor);
    expect(Object.keys(quantities)).toHaveLength(100);
    expect(quantities).toMatchObject({ [first]: 1, [second]: 2, [own[0]]: 9 });
    expect(quantities).not.toHaveProperty(third);
  });

  test("in two tabs at once, or by a button pressed twice, merges once", async () => {
    const { account, device } = await owner({ [lamp]: 1, [rope]: 7 });
    for (let round = 0; round < 3; round++) {
      const quantity = 20 + round;
      const { visitor, guest } = await visit({ [lamp]: quantity, [rope]: 2 });
      const tab = createBrowser(server.nodes[1].address);
      for (const [name, value] of visitor.cookies) tab.cookies.set(name, value);
      const answers = await Promise.all(
        [visitor, tab].map((browser) => browser.signIn(account.username)),
      );
      // Both are this device: who came second has replaced the other, maybe before that was answered.
      const taken = answers.filter(({ status }) => status === 200);
      expect(taken.length).toBeGreaterThan(0);
      for (const { body } of taken) if (body.merged) expect(body.merged.id).toBe(guest);
      const bin = (await device.get("/api/bin")).body;
      expect(quantitiesOf(bin)).toEqual({ [lamp]: quantity, [rope]: 7 });
      const was = round === 0 ? 1 : quantity - 1;
      expect(bin.merged).toMatchObject({ id: guest, items: [{ resourceId: lamp, quantity, was }] });
    }
    await eventually(async () => (await mergedEvents(device)).length >= 3);
    expect(await mergedEvents(device)).toHaveLength(3);
  });

  test("with a wrong password changes nothing", async () => {
    const { account, device } = await owner({ [lamp]: 1 });
    const { visitor, guest } = await visit({ [lamp]: 5 });
    expect((await visitor.signIn(account.username, "not the password")).status).toBe(401);
    expect(await fill(visitor, { [rope]: 2 })).toBeUndefined();
    expect((await visitor.get("/api/me")).body.session.id).toBe(guest);
    expect(await binOf(visitor)).toEqual({ [lamp]: 5, [rope]: 2 });
    expect(await binOf(device)).toEqual({ [lamp]: 1 });
  });

  test("again after signing out brings only what was collected since", async () => {
    const { account, device } = await owner({});
    const { visitor } = await visit({ [lamp]: 5 });
    await visitor.signIn(account.username);
    await visitor.delete(`/api/bin/${lamp}`);
    await visitor.post("/api/sign-out");
    expect(await binOf(visitor)).toEqual({});
    await fill(visitor, { [rope]: 1 });
    const { merged } = (await visitor.signIn(account.username)).body;
    expect(merged.items).toEqual([{ resourceId: rope, quantity: 1, was: 0 }]);
    expect(await binOf(device)).toEqual({ [rope]: 1 });
  });
});

describe("making an account", () => {
  test("keeps what was collected before: the first admin's, and everybody's who registers", async () => {
    const fresh = await startServer({ env: { RATE_LIMITS: "off" } });
    const [thing] = await stock(fresh, 1);
    const { visitor } = await visit({ [thing]: 2 }, fresh.address);
    const admin = await visitor.post("/api/setup", {
      token: setupToken,
      username: "first",
      password: goodPassword,
    });
    const items = [{ resourceId: thing, quantity: 2, was: 0 }];
    expect(admin).toMatchObject({ status: 201, body: { merged: { items } } });
    const { visitor: newcomer } = await visit({ [thing]: 2 }, fresh.address);
    expect(await register(newcomer, "newcomer")).toMatchObject({
      status: 201,
      body: { merged: { items } },
    });
    for (const browser of [visitor, newcomer])
      expect((await browser.get("/api/bin")).body).toMatchObject({
        owner: "account",
        items: [{ resourceId: thing, quantity: 2 }],
        merged: { items },
      });
    await fresh.stop();
  });
});

describe("undoing what was merged", () => {
  const undo = (browser: Browser) => browser.post("/api/bin/undo-merge");
  const nothingToUndo = { status: 404, body: { code: "not_found" } };

  test("takes back each thing that is still as the merge left it, once, on every device", async () => {
    const { account, device } = await owner({ [lamp]: 4, [rope]: 3 });
    const { visitor } = await visit({ [rope]: 5, [tent]: 1, [things[3]]: 2, [things[4]]: 6 });
    await visitor.signIn(account.username);
    await putInto(visitor, things[3], 8);
    await visitor.delete(`/api/bin/${things[4]}`);
    await putInto(visitor, things[5], 1);
    const page = await device.openPage();
    const told = next(page, "bin:changed", ({ merged }) => merged === undefined);

    const { status, body } = await undo(visitor);

    expect(status).toBe(200);
    expect(quantitiesOf(body)).toEqual({ [lamp]: 4, [rope]: 3, [things[3]]: 8, [things[5]]: 1 });
    expect(body).not.toHaveProperty("merged");
    expect(await told).toEqual(body);
    expect(await undo(visitor)).toMatchObject(nothingToUndo);
    expect(await binOf(device)).toEqual(quantitiesOf(body));
    device.close();
  });

  test("is for the newest merge, and not to be had by two requests", async () => {
    const { account, device } = await owner({});
    const { visitor: first } = await visit({ [lamp]: 1 });
    await first.signIn(account.username);
    const { visitor: second, guest } = await visit({ [rope]: 1 });
    await second.signIn(account.username);
    expect((await device.get("/api/bin")).body.merged.id).toBe(guest);
    const answers = await Promise.all([first, second, device].map(undo));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404]);
    expect(await binOf(device)).toEqual({ [lamp]: 1 });
  });

  test("ends with the day", async () => {
    const { account } = await owner({});
    const { visitor, guest } = await visit({ [lamp]: 1 });
    await visitor.signIn(account.username);
    const slot = `{${account.id.slice(0, 3)}}`;
    const keys = [`${slot}merge:${account.id}:${guest}`, `${slot}merged:${account.id}`];
    for (const key of keys) {
      const life = (await server.command("PTTL", key)) as number;
      expect(life).toBeGreaterThan(day - 60_000);
      expect(life).toBeLessThanOrEqual(day);
    }
    // As the night would.
    for (const key of keys) await server.command("PEXPIRE", key, "1");
    await eventually(async () => !(await server.readRedis()).has(keys[0]));
    expect((await visitor.get("/api/bin")).body).not.toHaveProperty("merged");
    expect(await undo(visitor)).toMatchObject(nothingToUndo);
    expect(await binOf(visitor)).toEqual({ [lamp]: 1 });
  });
});

describe("the guest's cookie, once its browser has signed in", () => {
  const stale = { status: 401, body: { code: "stale_token" } };

  test("reads nothing and changes nothing, on any node, and gets no session of its own", async () => {
    const { account, device } = await owner({});
    const { visitor, cookie } = await visit({ [lamp]: 3 });
    await visitor.signIn(account.username);
    for (const { address } of server.nodes) {
      const thief = createBrowser(address);
      thief.cookies.set("rollcall", cookie);
      expect((await thief.get("/api/bin")).body).toEqual({ owner: "guest", items: [] });
      expect((await thief.get("/api/me")).body.session).toBeNull();
      const answers: Answer[] = [
        await putInto(thief, rope, 1),
        await thief.delete(`/api/bin/${lamp}`),
        await thief.delete("/api/bin"),
        await thief.put("/api/preferences", { theme: "dark" }),
      ];
      for (const answer of answers) {
        // A tab that was quicker than its new cookie asks again with it; a guest's would have replaced it.
        expect(answer).toMatchObject(stale);
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
      expect((await thief.post("/api/bin/undo-merge")).status).toBe(401);
    }
    expect(await binOf(device)).toEqual({ [lamp]: 3 });
  });

  test("in another tab's requests, all the while: each thing ends up in the account's bin", async () => {
    const wanted = things.slice(0, 12);
    for (let round = 0; round < 5; round++) {
      const { account, device } = await owner({});
      const { visitor } = await visit({ [things[20]]: 1 });
      const tabs = server.nodes.map(({ address }) => {
        const tab = createBrowser(address);
        for (const [name, value] of visitor.cookies) tab.cookies.set(name, value);
        return tab;
      });
      let signedIn = false;
      const signingIn = visitor.signIn(account.username).finally(() => (signedIn = true));
      const refused: string[] = [];
      for (let at = 0; at < wanted.length || !signedIn; at++) {
        const thing = wanted[at % wanted.length];
        const answer = await putInto(tabs[at % 2], thing, 1 + (at % 9));
        expect([200, 401]).toContain(answer.status);
        if (answer.status === 401) {
          expect(answer.body.code).toBe("stale_token");
          refused.push(thing);
        }
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
      expect((await signingIn).status).toBe(200);
      // As our page does: once more, with the cookie that the browser has now.
      for (const thing of refused) expect((await putInto(visitor, thing, 1)).status).toBe(200);
      const ends = await binOf(device);
      expect(Object.keys(ends).sort()).toEqual([...wanted, things[20]].sort());
    }
  });
});

test("a session of an account that another signs in over brings nothing along, nor does an app's", async () => {
  const { device } = await owner({ [lamp]: 4 });
  const other = await owner({ [rope]: 1 });
  device.moveTo(server.address);
  const answer = await device.signIn(other.account.username);
  expect(answer.status).toBe(200);
  expect(answer.body).not.toHaveProperty("merged");
  expect(await binOf(device)).toEqual({ [rope]: 1 });
  const { visitor } = await visit({ [tent]: 2 });
  const app = await visitor.post("/api/tokens", {
    grant_type: "password",
    username: other.account.username,
    password: goodPassword,
  });
  expect(app.status).toBe(200);
  expect(await binOf(visitor)).toEqual({ [tent]: 2 });
  expect(await binOf(device)).toEqual({ [rope]: 1 });
});
