// "Was this you?": a sign-in from a device the account has not used before is asked about on its other pages, until
// somebody who was there before has answered.
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
import { openApp } from "./holders.ts";

let server: TestServer;
let here: string;
let there: string;
const opened: Browser[] = [];

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  [here, there] = server.nodes.map((node) => node.address);
});

afterAll(async () => {
  for (const browser of opened) browser.close();
  await server.stop();
});

async function openOwner() {
  const account = await server.createAccount();
  const owner = await signInBrowser(here, account.username);
  opened.push(owner.browser);
  return { account, owner: { ...owner, page: await owner.browser.openPage() } };
}

const rowOf = async (browser: Browser, id: string) =>
  (await browser.get("/api/sessions")).body.sessions.find((one: { id: string }) => one.id === id);

describe("a sign-in from a device the account has not used", () => {
  test("shows up on the account's other pages at once, and in its list until it is answered", async () => {
    const { account, owner } = await openOwner();
    const asked = next(owner.page, "device:unfamiliar");
    const intruder = await signInBrowser(there, account.username, userAgents.phone);
    expect(await asked).toMatchObject({
      id: intruder.id,
      unfamiliar: true,
      current: false,
      account: { id: account.id },
    });
    expect(await rowOf(owner.browser, intruder.id)).toMatchObject({ unfamiliar: true });
    // The next page that opens finds the question too.
    const later = createBrowser(there);
    for (const [name, value] of owner.browser.cookies) later.cookies.set(name, value);
    expect(await rowOf(later, intruder.id)).toMatchObject({ unfamiliar: true });
    const told = next(owner.page, "session:changed", ({ id }) => id === intruder.id);
    const answer = await owner.browser.patch(`/api/sessions/${intruder.id}`, { recognised: true });
    expect(answer).toMatchObject({ status: 200, body: { id: intruder.id } });
    expect(answer.body).not.toHaveProperty("unfamiliar");
    expect(await told).not.toHaveProperty("unfamiliar");
    expect(await rowOf(later, intruder.id)).not.toHaveProperty("unfamiliar");
    expect((await intruder.browser.get("/api/sessions")).status).toBe(200);
  });

  test("that nobody knows is ended by saying so, everywhere", async () => {
    const { account, owner } = await openOwner();
    const intruder = await signInBrowser(there, account.username, userAgents.phone);
    opened.push(intruder.browser);
    const page = await intruder.browser.openPage();
    const signedOut = next(page, "signed-out");
    const told = next(owner.page, "session:ended");
    const answer = await owner.browser.patch(`/api/sessions/${intruder.id}`, { recognised: false });
    expect(answer).toMatchObject({
      status: 200,
      body: { id: intruder.id, online: false, sockets: 0 },
    });
    expect(await signedOut).toMatchObject({ reason: "revoked", by: { id: account.id } });
    expect(await told).toMatchObject({ id: intruder.id, reason: "revoked" });
    expect(await intruder.browser.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { reason: "revoked" },
    });
    // A device that was disowned is no more known than before: the next time is asked about again.
    const askedAgain = next(owner.page, "device:unfamiliar");
    await intruder.browser.signIn(account.username);
    expect(await askedAgain).toMatchObject({ unfamiliar: true });
  });

  test("cannot answer for itself", async () => {
    const { account, owner } = await openOwner();
    const intruder = await signInBrowser(there, account.username, userAgents.phone);
    const answer = await intruder.browser.patch(`/api/sessions/${intruder.id}`, {
      recognised: true,
    });
    expect(answer).toMatchObject({ status: 403, body: { code: "forbidden" } });
    expect(await rowOf(owner.browser, intruder.id)).toMatchObject({ unfamiliar: true });
  });

  test("is asked about for apps too, and nobody else can answer", async () => {
    const { account, owner } = await openOwner();
    const asked = next(owner.page, "device:unfamiliar");
    const app = await openApp(there, account.username, { deviceName: "Backup job" });
    expect(await asked).toMatchObject({
      id: app.id,
      kind: "token",
      device: { name: "Backup job" },
    });
    const { owner: somebody } = await openOwner();
    for (const recognised of [true, false])
      expect(await somebody.browser.patch(`/api/sessions/${app.id}`, { recognised })).toMatchObject(
        {
          status: 404,
          body: { code: "session_not_found" },
        },
      );
    expect(await rowOf(owner.browser, app.id)).toMatchObject({ unfamiliar: true });
  });
});

describe("no question is asked", () => {
  test("about the first device of an account, nor about one that has signed in before", async () => {
    const { account, owner } = await openOwner();
    expect(await rowOf(owner.browser, owner.id)).not.toHaveProperty("unfamiliar");
    const questions: string[] = [];
    owner.page.on("device:unfamiliar", ({ id }) => questions.push(id));
    const phone = await signInBrowser(there, account.username, userAgents.phone);
    await owner.browser.patch(`/api/sessions/${phone.id}`, { recognised: true });
    await phone.browser.post("/api/sign-out");
    const back = await phone.browser.signIn(account.username);
    expect(back.body.session).not.toHaveProperty("unfamiliar");
    // One that is new comes last: whatever was to be asked before has been.
    const asked = next(owner.page, "device:unfamiliar", ({ id }) => id !== phone.id);
    const last = await signInBrowser(there, account.username);
    await asked;
    expect(questions).toEqual([phone.id, last.id]);
  });

  test("on a page of somebody else", async () => {
    const { owner } = await openOwner();
    const { account } = await openOwner();
    const questions: string[] = [];
    owner.page.on("device:unfamiliar", ({ id }) => questions.push(id));
    await createBrowser(there).post("/api/sign-in", {
      username: account.username,
      password: goodPassword,
    });
    const asked = next(owner.page, "device:unfamiliar");
    const { body } = await owner.browser.get("/api/me");
    const own = await signInBrowser(there, body.account.username, userAgents.phone);
    await asked;
    expect(questions).toEqual([own.id]);
  });
});
