// The inquiry bin through the front door: a guest's that is there again after the browser was closed, an account's
// that is the same on all its devices, both live on every page, and nothing at all for those who only look.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { allRoutes } from "../../server/http/app.ts";
import { mostItems } from "../../shared/contract/bin.ts";
import type { ResourceId } from "../../shared/ids.ts";
import { createBrowser, eventually, next, signInBrowser, userAgents } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { binOf, fill, putInto, quantitiesOf, stock } from "./shelf.ts";

let server: TestServer;
let things: ResourceId[];
let lamp: ResourceId, rope: ResourceId, tent: ResourceId;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  things = await stock(server, mostItems + 1);
  [lamp, rope, tent] = things;
});
afterAll(() => server.stop());

describe("a guest's bin", () => {
  test("begins with the first thing put into it; changes, and what is taken out is gone", async () => {
    const visitor = createBrowser(server.address);
    expect((await visitor.get("/api/bin")).body).toEqual({ owner: "guest", items: [] });
    expect(visitor.cookies.size).toBe(0);
    const first = await putInto(visitor, lamp, 2);
    expect(first).toMatchObject({ status: 200, body: { owner: "guest" } });
    expect(first.headers.getSetCookie().join("\n")).toMatch(/rollcall=.*Max-Age=34560000/);
    const [{ addedAt }] = first.body.items;
    expect((await putInto(visitor, rope, 1)).body.items).toHaveLength(2);
    const changed = await putInto(visitor, lamp, 5);
    // Where it stood, and as long as it was there: only the number is another.
    expect(changed.body.items[0]).toEqual({ resourceId: lamp, quantity: 5, addedAt });
    expect(changed.headers.getSetCookie()).toEqual([]);
    expect((await visitor.get("/api/bin")).body).toEqual(changed.body);
    expect(quantitiesOf((await visitor.delete(`/api/bin/${lamp}`)).body)).toEqual({ [rope]: 1 });
    expect((await visitor.delete(`/api/bin/${lamp}`)).status).toBe(200);
    expect((await visitor.delete("/api/bin")).body).toEqual({ owner: "guest", items: [] });
    expect(await binOf(visitor)).toEqual({});
  });

  test("is there again for whoever comes back with the browser's cookies, on a node that is new too", async () => {
    const visitor = createBrowser(server.address);
    await fill(visitor, { [lamp]: 3, [tent]: 1 });
    const { address, stop } = await server.startNode();
    const back = createBrowser(address);
    for (const [name, value] of visitor.cookies) back.cookies.set(name, value);
    expect(await binOf(back)).toEqual({ [lamp]: 3, [tent]: 1 });
    await fill(back, { [rope]: 2 });
    expect(await binOf(visitor)).toEqual({ [lamp]: 3, [tent]: 1, [rope]: 2 });
    await stop();
  });

  test("follows in all its tabs, on other nodes too, and nobody else's page hears of it", async () => {
    const visitor = createBrowser(server.nodes[0].address);
    await fill(visitor, { [lamp]: 1 });
    const here = await visitor.openPage();
    visitor.moveTo(server.nodes[1].address);
    const there = await visitor.openPage();
    const account = await server.createAccount();
    const somebody = await signInBrowser(server.nodes[1].address, account.username);
    const heard: unknown[] = [];
    (await somebody.browser.openPage()).on("bin:changed", (bin) => heard.push(bin));
    const [hereTold, thereTold] = [here, there].map((page) =>
      next(page, "bin:changed", ({ items }) => items.length === 2),
    );
    const { body } = await putInto(visitor, rope, 9);
    expect(await hereTold).toEqual(body);
    expect(await thereTold).toEqual(body);
    const emptied = next(here, "bin:changed", ({ items }) => items.length === 0);
    await visitor.delete("/api/bin");
    expect(await emptied).toEqual({ owner: "guest", items: [] });
    expect(heard).toEqual([]);
    visitor.close();
    somebody.browser.close();
  });

  test("loses nothing to two tabs on two nodes that change it at the same time", async () => {
    const visitor = createBrowser(server.nodes[0].address);
    await fill(visitor, { [lamp]: 1 });
    const tab = createBrowser(server.nodes[1].address);
    for (const [name, value] of visitor.cookies) tab.cookies.set(name, value);
    const page = await visitor.openPage();
    const all = Object.fromEntries(things.slice(0, 20).map((id, at) => [id, at + 1]));
    const whole = next(page, "bin:changed", (bin) => {
      const told = quantitiesOf(bin);
      return Object.entries(all).every(([id, quantity]) => told[id] === quantity);
    });
    const answers = await Promise.all(
      Object.entries(all).map(([id, quantity], at) =>
        putInto(at % 2 ? tab : visitor, id, quantity),
      ),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(await binOf(visitor)).toEqual(all);
    // Whatever came in between, every page ends with all of it.
    expect(quantitiesOf(await whole)).toEqual(all);
    visitor.close();
  });

  test("keeps what has left the catalogue since, but takes no more of it", async () => {
    const [boat] = await stock(server, 1);
    const visitor = createBrowser(server.address);
    await fill(visitor, { [boat]: 2 });
    await server.nodes[1].core.catalogue.remove(boat);
    expect(await binOf(visitor)).toEqual({ [boat]: 2 });
    const notFound = { status: 404, body: { code: "not_found" } };
    expect(await putInto(visitor, boat, 3)).toMatchObject(notFound);
    expect(await binOf(visitor)).toEqual({ [boat]: 2 });
    expect((await visitor.delete(`/api/bin/${boat}`)).body.items).toEqual([]);
  });

  test("dies with its session when that is ended by an admin", async () => {
    const admin = await signInBrowser(
      server.address,
      (await server.createAccount(["sessions:end"])).username,
    );
    const visitor = createBrowser(server.nodes[1].address);
    await fill(visitor, { [lamp]: 1 });
    const { id } = (await visitor.get("/api/me")).body.session;
    expect((await server.readRedis()).has(`{${id.slice(0, 3)}}bin:${id}`)).toBe(true);
    expect((await admin.browser.delete(`/api/admin/sessions/${id}`)).body.ended).toBe(1);
    expect(
      [...(await server.readRedis()).keys()].filter((key) => key.includes("bin:" + id)),
    ).toEqual([]);
    expect(await binOf(visitor)).toEqual({});
    await fill(visitor, { [rope]: 1 });
    expect((await visitor.get("/api/me")).body.session.id).not.toBe(id);
    expect(await binOf(visitor)).toEqual({ [rope]: 1 });
  });
});

test("a guest who stays away loses session and bin, and begins anew", async () => {
  const env = { RATE_LIMITS: "off", SESSION_IDLE: "2s", GUEST_LIFETIME: "2s" };
  const brief = await startServer({ env });
  const [thing] = await stock(brief, 1);
  const visitor = createBrowser(brief.address);
  await fill(visitor, { [thing]: 4 });
  const { id } = (await visitor.get("/api/me")).body.session;
  const key = `{${id.slice(0, 3)}}bin:${id}`;
  // At its absolute end it would be gone without anybody sweeping.
  const life = (await brief.command("PTTL", key)) as number;
  expect(life).toBeGreaterThan(399 * 24 * 60 * 60 * 1000);
  await eventually(async () => !(await brief.readRedis()).has(key), 60_000);
  expect(await binOf(visitor)).toEqual({});
  await fill(visitor, { [thing]: 1 });
  expect(await binOf(visitor)).toEqual({ [thing]: 1 });
  await brief.stop();
}, 100_000);

describe("whoever only reads", () => {
  const reads = allRoutes.filter(({ method }) => method === "GET");
  const nobody = "0".repeat(16);
  /** What nodes write by themselves, whoever asks. */
  const isOfNodes = (key: string) =>
    /^(\{ledger\}|\{activity\}|\{keys\}|\{stats\}|presence|sweeper:)/.test(key);

  test("leaves no key in Redis and no cookie in the browser, on any route", async () => {
    expect(reads.length).toBeGreaterThan(10);
    const keysNow = async () =>
      [...(await server.readRedis()).keys()].filter((key) => !isOfNodes(key)).sort();
    await server.nodes[0].core.settled();
    const before = await keysNow();
    const bot = createBrowser(server.address, "Googlebot/2.1 (+http://www.google.com/bot.html)");
    for (const { path } of reads)
      for (const id of [nobody, "0".repeat(20)]) await bot.get(path.replace(/:\w+/, id));
    expect(bot.cookies.size).toBe(0);
    await server.nodes[0].core.settled();
    expect(await keysNow()).toEqual(before);
    // Nor does somebody who takes out what was never in.
    expect((await bot.delete(`/api/bin/${lamp}`)).body).toEqual({ owner: "guest", items: [] });
    expect((await bot.delete("/api/bin")).body).toEqual({ owner: "guest", items: [] });
    expect(bot.cookies.size).toBe(0);
    expect(await keysNow()).toEqual(before);
  });
});

describe("an account's bin", () => {
  test("is the same on all its devices, and follows on each", async () => {
    const account = await server.createAccount();
    const laptop = await signInBrowser(server.nodes[0].address, account.username);
    const phone = await signInBrowser(server.nodes[1].address, account.username, userAgents.phone);
    const pages = [await laptop.browser.openPage(), await phone.browser.openPage()];
    const told = pages.map((page) => next(page, "bin:changed", ({ items }) => items.length === 1));
    const { body } = await putInto(laptop.browser, tent, 7);
    expect(body).toMatchObject({ owner: "account", items: [{ resourceId: tent, quantity: 7 }] });
    for (const one of told) expect(await one).toEqual(body);
    expect((await phone.browser.get("/api/bin")).body).toEqual(body);
    const emptied = next(pages[0], "bin:changed", ({ items }) => items.length === 0);
    await phone.browser.delete(`/api/bin/${tent}`);
    await emptied;
    for (const { browser } of [laptop, phone]) browser.close();
  });

  test("is an app's too, by its access token", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const { access_token } = (await browser.post("/api/tokens", { grant_type: "session" })).body;
    const app = createBrowser(server.nodes[1].address);
    const authorization = { authorization: `Bearer ${access_token}` };
    const answer = await app.put(`/api/bin/${rope}`, { quantity: 2 }, authorization);
    expect(answer).toMatchObject({ status: 200, body: { owner: "account" } });
    expect(app.cookies.size).toBe(0);
    expect(await binOf(browser)).toEqual({ [rope]: 2 });
  });

  test("stays with the account at sign-out, and the browser starts with an empty one", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    await fill(browser, { [lamp]: 2 });
    await browser.post("/api/sign-out");
    expect((await browser.get("/api/bin")).body).toEqual({ owner: "guest", items: [] });
    await browser.signIn(account.username);
    expect(await binOf(browser)).toEqual({ [lamp]: 2 });
  });

  test("is not another account's that signs in on the same browser", async () => {
    const [ada, bob] = [await server.createAccount(), await server.createAccount()];
    const { browser } = await signInBrowser(server.address, ada.username);
    await fill(browser, { [lamp]: 2 });
    const answer = await browser.signIn(bob.username);
    expect(answer.status).toBe(200);
    expect(answer.body).not.toHaveProperty("merged");
    expect(await binOf(browser)).toEqual({});
    await browser.signIn(ada.username);
    expect(await binOf(browser)).toEqual({ [lamp]: 2 });
  });

  test("is shown to whoever may read accounts, with its reservations", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    await fill(browser, { [rope]: 3 });
    const { username } = await server.createAccount(["accounts:read"]);
    const { browser: clerk } = await signInBrowser(server.nodes[1].address, username);
    const { status, body } = await clerk.get(`/api/admin/accounts/${account.id}/desk`);
    expect({ status, reservations: body.reservations }).toEqual({ status: 200, reservations: [] });
    expect(body.bin).toMatchObject({
      owner: "account",
      items: [{ resourceId: rope, quantity: 3 }],
    });
    expect(await clerk.get(`/api/admin/accounts/${"0".repeat(16)}/desk`)).toMatchObject({
      status: 404,
      body: { code: "not_found" },
    });
  });
});

describe("what is no quantity, no resource or too much", () => {
  let full: ReturnType<typeof createBrowser>;
  beforeEach(() => void (full = createBrowser(server.address)));

  test.each([
    ["zero", "0"],
    ["less than nothing", "-1"],
    ["a fraction", "1.5"],
    ["beyond the most", "100"],
    ["far beyond", "1e308"],
    ["infinite", "1e400"],
    ["text", '"3"'],
    ["nothing", "null"],
    ["a list", "[3]"],
    ["yes", "true"],
    ["not even JSON", "NaN"],
    ["missing", undefined],
  ])("refuses a quantity that is %s, and opens nothing for it", async (_what, quantity) => {
    const visitor = createBrowser(server.address);
    const body = quantity === undefined ? "{}" : `{"quantity":${quantity}}`;
    const answer = await visitor.put(`/api/bin/${lamp}`, body);
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request" } });
    const at = quantity === "NaN" ? "body" : "quantity";
    for (const { path } of answer.body.errors) expect(path).toBe(at);
    expect(answer.body.errors.length).toBeGreaterThan(0);
    expect(visitor.cookies.size).toBe(0);
  });

  test("refuses a body that is huge, and what is not in the catalogue", async () => {
    const huge = { quantity: 1, padding: "x".repeat(100_000) };
    expect((await full.put(`/api/bin/${lamp}`, huge)).status).toBe(413);
    expect(await putInto(full, "0".repeat(16), 1)).toMatchObject({
      status: 404,
      body: { code: "not_found" },
    });
    for (const id of ["x", lamp.toUpperCase(), `${lamp}0`, "%7Bdesk%7D", "..%2f"])
      expect((await putInto(full, id, 1)).status).toBe(400);
    expect(await binOf(full)).toEqual({});
  });

  test("holds a hundred different things and of each 99: one more is refused, and nothing is lost", async () => {
    const held = things.slice(0, mostItems);
    const one = things[mostItems];
    await putInto(full, held[0], 1);
    const answers = await Promise.all(held.slice(1).map((id) => putInto(full, id, 99)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(await putInto(full, one, 1)).toMatchObject({ status: 409, body: { code: "bin_full" } });
    expect((await putInto(full, held[0], 99)).body.items).toHaveLength(mostItems);
    await full.delete(`/api/bin/${held[5]}`);
    expect((await putInto(full, one, 1)).status).toBe(200);
    const quantities = await binOf(full);
    expect(Object.keys(quantities)).toHaveLength(mostItems);
    expect(quantities).not.toHaveProperty(held[5]);
  });
});
