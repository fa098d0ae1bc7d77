// Every door against every end: what one server has given a receipt for is refused by the other one, at whichever
// door it knocks, the moment the receipt is there.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { permissions as allPermissions } from "../../shared/contract/accounts.ts";
import type { EndReason } from "../../shared/contract/sessions.ts";
import { createBrowser, goodPassword, next, signInBrowser, userAgents } from "../support/client.ts";
import type { Answer, Browser, Page } from "../support/client.ts";
import { startServer, type TestAccount, type TestServer } from "../support/server.ts";
import {
  bearer,
  copyOf,
  letTimePass,
  openApp,
  openRemembered,
  redeem,
  rememberCookie,
  restart,
  type App,
  type Remembered,
} from "./holders.ts";

/** Somebody with a credential for every door, all of them in use on the other server. */
interface Subject {
  account: TestAccount;
  /** A device of theirs that does what they do themselves. */
  desk: Browser;
  laptop: Remembered;
  page: Page;
  /** An access token of the laptop's session. */
  pageToken: string;
  app: App;
  /** What a thief copied before it was used. */
  stolen: { browser: Browser; refreshToken: string };
}

let server: TestServer;
let here: string;
let there: string;
let admin: Browser;
const opened: Browser[] = [];

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  [here, there] = server.nodes.map((node) => node.address);
  admin = (await signInBrowser(here, (await server.createAccount([...allPermissions])).username))
    .browser;
});

afterAll(async () => {
  for (const browser of opened) browser.close();
  await server.stop();
});

async function openSubject(): Promise<Subject> {
  const account = await server.createAccount();
  const { username } = account;
  const desk = (await signInBrowser(here, username, userAgents.phone)).browser;
  const laptop = await openRemembered(there, username);
  const first = await openApp(there, username);
  const stolen = { browser: copyOf(laptop.browser, here), refreshToken: first.refreshToken };
  restart(stolen.browser);
  // The owner goes on with what came after.
  restart(laptop.browser);
  await laptop.browser.get("/api/me");
  const renewed = (await redeem(there, first.refreshToken)).body;
  const app = {
    id: first.id,
    accessToken: renewed.access_token,
    refreshToken: renewed.refresh_token,
  };
  const issued = await laptop.browser.post("/api/tokens", { grant_type: "session" });
  opened.push(laptop.browser);
  const page = await laptop.browser.openPage();
  return { account, desk, laptop, page, pageToken: issued.body.access_token, app, stolen };
}

/** The doors of the other server, each tried with this subject's credential for it. */
const doors: Record<string, (subject: Subject) => Promise<Answer>> = {
  "API by cookie": ({ laptop }) => copyWithout(laptop.browser, rememberCookie).get("/api/sessions"),
  "API by the bearer token of an app": ({ app }) =>
    createBrowser(there).get("/api/sessions", bearer(app.accessToken)),
  "API by the bearer token of a page": ({ pageToken }) =>
    createBrowser(there).get("/api/sessions", bearer(pageToken)),
  "/verify by cookie": ({ laptop }) => copyOf(laptop.browser, there).get("/verify"),
  "/verify by bearer token": ({ app }) =>
    createBrowser(there).get("/verify", bearer(app.accessToken)),
  "new access token": ({ laptop }) =>
    copyWithout(laptop.browser, rememberCookie).post("/api/tokens", { grant_type: "session" }),
};

/** Tried after those, because success would spend them. */
const spendingDoors: typeof doors = {
  "remember cookie": ({ laptop }) => {
    const browser = copyOf(laptop.browser, there);
    restart(browser);
    return browser.get("/api/sessions");
  },
  "refresh token": ({ app }) => redeem(there, app.refreshToken),
};

function copyWithout(browser: Browser, cookie: string): Browser {
  const copy = copyOf(browser, there);
  copy.cookies.delete(cookie);
  return copy;
}

const both = ({ laptop, app }: Subject) => [laptop.id, app.id];

/** What ends both of its sessions on the first server. Each resolves when the receipt is there. */
const ends: Record<string, { reason: EndReason; end(subject: Subject): Promise<Answer[]> }> = {
  "ended by their owner, one by one": {
    reason: "revoked",
    end: (subject) =>
      Promise.all(both(subject).map((id) => subject.desk.delete(`/api/sessions/${id}`))),
  },
  "signed out everywhere": {
    reason: "revoked",
    end: async ({ desk }) => [await desk.delete("/api/sessions?scope=all")],
  },
  "ended by an admin": {
    reason: "admin",
    end: (subject) =>
      Promise.all(both(subject).map((id) => admin.delete(`/api/admin/sessions/${id}`))),
  },
  "ended by an admin with all of the account": {
    reason: "admin",
    end: async ({ account }) => [await admin.delete(`/api/admin/accounts/${account.id}/sessions`)],
  },
  "ended with everyone's": {
    reason: "admin",
    end: async () => [await admin.delete("/api/admin/sessions?scope=all")],
  },
  "disabled with their account": {
    reason: "account_disabled",
    end: async ({ account }) => [
      await admin.put(`/api/admin/accounts/${account.id}/status`, { disabled: true }),
    ],
  },
  "under a password that their owner changed": {
    reason: "password_changed",
    end: async ({ desk }) => [
      await desk.put("/api/password", { current: goodPassword, next: "quiet meadow 51 turbine" }),
    ],
  },
  "under a password that an admin reset": {
    reason: "password_changed",
    end: async ({ account }) => [
      await admin.put(`/api/admin/accounts/${account.id}/password`, {
        next: "quiet meadow 51 turbine",
      }),
    ],
  },
};

describe("sessions that are", () => {
  test.each(Object.keys(ends))("%s: every door of the other server refuses them", async (name) => {
    const { reason, end } = ends[name];
    const subject = await openSubject();
    await expectOpen(subject);
    const signedOut = next(subject.page, "signed-out");
    for (const answer of await end(subject))
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    await expectRefused(subject, reason);
    expect((await signedOut).reason).toBe(reason);
  });

  test("stolen: every door of the other server refuses them to thief and owner alike", async () => {
    const subject = await openSubject();
    await expectOpen(subject);
    for (const id of both(subject)) await letTimePass(server, id, 31_000);
    const signedOut = next(subject.page, "signed-out");
    const theft = { status: 401, body: { code: "session_ended", reason: "theft" } };
    expect(await subject.stolen.browser.get("/api/sessions")).toMatchObject(theft);
    expect(await redeem(here, subject.stolen.refreshToken)).toMatchObject(theft);
    await expectRefused(subject, "theft");
    expect((await signedOut).reason).toBe("theft");
    // The device that nobody stole from goes on.
    expect((await subject.desk.get("/api/sessions")).body.ended).toHaveLength(2);
  });
});

/** Without this, a door that never opens would pass. */
async function expectOpen(subject: Subject): Promise<void> {
  for (const [door, knock] of Object.entries(doors))
    expect([door, (await knock(subject)).status]).toEqual([door, 200]);
  const page = await copyOf(subject.laptop.browser, there).openPage();
  page.disconnect();
}

async function expectRefused(subject: Subject, reason: EndReason): Promise<void> {
  for (const [door, knock] of [...Object.entries(doors), ...Object.entries(spendingDoors)]) {
    const { status, body } = await knock(subject);
    expect([door, status]).toEqual([door, 401]);
    if (door.startsWith("API"))
      expect([door, body.code, body.reason]).toEqual([door, "session_ended", reason]);
  }
  const refusal = await copyOf(subject.laptop.browser, there)
    .openPage()
    .catch((error: unknown) => error);
  expect(refusal).toMatchObject({ data: { code: "session_ended", reason } });
}
