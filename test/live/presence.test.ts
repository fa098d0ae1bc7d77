// Who has pages open: counted over all nodes, told to the owner and to watchers as it changes.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Session } from "../../shared/contract/sessions.ts";
import type { SessionsBatch } from "../../shared/live.ts";
import {
  createBrowser,
  eventually,
  next,
  setUpAdmin,
  signInBrowser,
  type Browser,
  type Page,
} from "../support/client.ts";
import { setupToken, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let here: string;
let there: string;
let admin: Browser;
let adminPage: Page;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  [here, there] = server.nodes.map(({ address }) => address);
  admin = await setUpAdmin(here, setupToken);
  adminPage = await admin.openPage();
  await adminPage.emitWithAck("watch", { topic: "sessions" });
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

/** The page is told that this session has so many pages open. */
const toldCount = (page: Page, id: string, sockets: number) =>
  next(page, "session:changed", (session) => session.id === id && session.sockets === sockets);

/** The admin's page is sent a row of which this holds; answers that row. */
async function watched(holds: (row: Session) => boolean): Promise<Session | undefined> {
  const rowsIn = ({ opened, changed }: SessionsBatch) => [...opened, ...changed];
  const batch = await next(adminPage, "sessions", (one) => rowsIn(one).some(holds));
  return rowsIn(batch).find(holds);
}

const rowOf = async (browser: Browser, id: string): Promise<Session> => {
  const { body } = await browser.get("/api/sessions");
  return body.sessions.find((one: Session) => one.id === id);
};

describe("open pages", () => {
  test("are counted over both nodes and told to the owner and the watcher as they come and go", async () => {
    const account = await server.createAccount();
    const { browser: laptop } = await signInBrowser(here, account.username);
    const laptopPage = await laptop.openPage();
    const { browser: phone, id } = await signInBrowser(there, account.username);
    expect(await rowOf(laptop, id)).toMatchObject({ online: false, sockets: 0 });

    const counts = [];
    const toAdmin = watched((row) => row.id === id && row.sockets === 2);
    for (const address of [there, here]) {
      const told = toldCount(laptopPage, id, counts.length + 1);
      phone.moveTo(address);
      counts.push(await phone.openPage());
      expect(await told).toMatchObject({ online: true, current: false });
    }
    expect(await toAdmin).toMatchObject({ online: true, account: { username: account.username } });
    expect(await rowOf(laptop, id)).toMatchObject({ online: true, sockets: 2 });
    const { body } = await admin.get(`/api/admin/sessions?q=${account.username}&online=true`);
    expect(body.sessions.map((one: Session) => one.sockets).sort()).toEqual([1, 2]);

    const offline = watched((row) => row.id === id && !row.online);
    for (const [at, page] of counts.entries()) {
      const told = toldCount(laptopPage, id, 1 - at);
      page.disconnect();
      expect(await told).toMatchObject({ online: at === 0 });
    }
    await offline;
    expect(await rowOf(laptop, id)).toMatchObject({ online: false, sockets: 0 });
    laptop.close();
  });

  test("of a node that is gone are gone with it", async () => {
    const third = await server.startNode();
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(here, account.username);
    browser.moveTo(third.address);
    await browser.openPage();
    browser.moveTo(here);
    await eventually(async () => (await rowOf(browser, id)).sockets === 1);
    await third.stop();
    await eventually(async () => (await rowOf(browser, id)).sockets === 0);
    browser.close();
  });

  test("of a stranger are nobody's", async () => {
    const strangers = await createBrowser(there).openPage();
    const { body } = await admin.get("/api/admin/sessions?online=true");
    expect(body.sessions.every((one: Session) => one.account !== undefined)).toBe(true);
    strangers.disconnect();
  });
});

describe("sessions that are opened", () => {
  test("appear in the account's other pages and the watcher's, on whichever node, with all they show", async () => {
    const account = await server.createAccount();
    const { browser: laptop } = await signInBrowser(here, account.username);
    const page = await laptop.openPage();
    const told = next(page, "session:opened");
    const toAdmin = watched((row) => row.account?.username === account.username && !row.online);
    const { id } = await signInBrowser(there, account.username);
    const opened = await told;
    expect(opened).toMatchObject({
      id,
      kind: "account",
      current: false,
      account: { id: account.id, username: account.username },
      device: { name: "Firefox on Linux" },
    });
    // The row that is pushed is the row that is fetched.
    expect(await rowOf(laptop, id)).toEqual(opened);
    await toAdmin;
    laptop.close();
  });

  test("are told to watchers in batches, with the exact total, also when they are many", async () => {
    const account = await server.createAccount();
    const batches: SessionsBatch[] = [];
    const listen = (batch: SessionsBatch) => void batches.push(batch);
    adminPage.on("sessions", listen);
    const browsers = Array.from({ length: 20 }, (_, at) => createBrowser([here, there][at % 2]));
    const answers = await Promise.all(browsers.map((one) => one.signIn(account.username)));
    const ids = answers.map(({ body }) => body.session.id as string);
    await eventually(() =>
      ids.every((id) => batches.some(({ opened }) => opened.some((row) => row.id === id))),
    );
    adminPage.off("sessions", listen);
    expect(batches.length).toBeLessThan(20);
    const { body } = await admin.get("/api/admin/sessions?limit=1");
    expect(batches.at(-1)?.total).toBe(body.total);
    expect(body.next).not.toBeNull();
  });

  test("by a guest are the watchers' to see, and nobody's else", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(there, account.username);
    const page = await browser.openPage();
    const overheard: string[] = [];
    page.onAny((event: string) => overheard.push(event));
    const toAdmin = watched((row) => row.kind === "guest");
    await createBrowser(there).put("/api/preferences", { theme: "dark" });
    const row = await toAdmin;
    expect(row).not.toHaveProperty("account");
    expect(overheard).not.toContain("session:opened");
    browser.close();
  });
});

describe("the admin's list of live sessions", () => {
  test("is paged without gaps or repeats while sessions come and go", async () => {
    const account = await server.createAccount();
    for (let at = 0; at < 6; at++) await signInBrowser(here, account.username);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const { body } = await admin.get(
        `/api/admin/sessions?limit=4${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      seen.push(...body.sessions.map((one: Session) => one.id));
      cursor = body.next;
      await signInBrowser(there, account.username);
    }
    expect(new Set(seen).size).toBe(seen.length);
    const { body } = await admin.get("/api/admin/sessions?limit=200");
    const createdBefore = body.sessions.filter((one: Session) => seen.includes(one.id));
    expect(createdBefore.map((one: Session) => one.id)).toEqual(seen);
  });

  test("is searched by the beginning of a username or by an exact address", async () => {
    const account = await server.createAccount();
    const { id } = await signInBrowser(here, account.username);
    const ids = async (query: string): Promise<string[]> =>
      (await admin.get(`/api/admin/sessions?${query}`)).body.sessions.map((one: Session) => one.id);
    expect(await ids(`q=${account.username.toUpperCase()}`)).toEqual([id]);
    expect(await ids("q=127.0.0.1&limit=200")).toContain(id);
    expect(await ids("q=127.0.0.2")).toEqual([]);
    expect(await ids("q=nobody-is-called-this")).toEqual([]);
    expect(await ids("kind=token")).toEqual([]);
    // A cursor that is not ours begins at the beginning.
    expect(await ids(`q=${account.username}&cursor=nonsense`)).toEqual([id]);
  });
});
