// No ghost pages: those of a node that was killed, or that does not answer, are gone from everybody's counts, and
// whoever looks on is told so without asking. Nodes are processes of their own here.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Session } from "../../shared/contract/sessions.ts";
import type { SessionsBatch } from "../../shared/live.ts";
import { createNodeProcess, type NodeProcess } from "../faults/node-process.ts";
import {
  eventually,
  next,
  setUpAdmin,
  signInBrowser,
  userAgents,
  type Browser,
  type Page,
} from "../support/client.ts";
import { setupToken } from "../support/server.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";

/** A node takes its time to start where many start at once. */
const timeout = 120_000;

let redis: TestRedis;
let here: NodeProcess;
let there: NodeProcess;
/** Two clients on the node that stays: the owner's laptop and an administrator, both with a page open. */
let laptop: Browser;
let laptopPage: Page;
let admin: Browser;
let adminPage: Page;
let phone: { browser: Browser; id: string };

beforeAll(async () => {
  redis = await startRedis({ args: ["--maxmemory-policy", "noeviction"] });
  const env = { REDIS_URL: redis.url, SETUP_TOKEN: setupToken, RATE_LIMITS: "off" };
  [here, there] = await Promise.all([createNodeProcess(env), createNodeProcess(env)]);
  await Promise.all([here.ready(), there.ready()]);
  admin = await setUpAdmin(here.address, setupToken);
  adminPage = await admin.openPage();
  await adminPage.emitWithAck("watch", { topic: "sessions" });
  ({ browser: laptop } = await signInBrowser(here.address, "admin"));
  laptopPage = await laptop.openPage();
  phone = await signInBrowser(there.address, "admin", userAgents.phone);
}, timeout);
afterAll(async () => {
  for (const browser of [admin, laptop, phone?.browser]) browser?.close();
  await Promise.all([here?.remove(), there?.remove()]);
  await redis?.stop();
});

/** The owner's page and the watcher's are both told that the phone has so many pages open. */
async function told(sockets: number): Promise<void> {
  const isIt = (row: Session): boolean => row.id === phone.id && row.sockets === sockets;
  await Promise.all([
    next(laptopPage, "session:changed", isIt),
    next(adminPage, "sessions", ({ opened, changed }: SessionsBatch) =>
      [...opened, ...changed].some(isIt),
    ),
  ]);
}

async function countsOf(browser: Browser, path: string): Promise<Record<string, number>> {
  const { body } = await browser.get(path);
  const rows = body.sessions as Session[];
  return Object.fromEntries(rows.map(({ id, sockets }) => [id, sockets]));
}

const openPages = async (count: number): Promise<void> => {
  const toldThem = told(count);
  for (let opened = 0; opened < count; opened++) await phone.browser.openPage();
  await toldThem;
};

test(
  "pages of a node that is frozen are gone for everybody, and back when it is",
  { timeout },
  async () => {
    await openPages(2);
    const toldGone = told(0);
    there.pause();
    await toldGone;
    expect(await countsOf(laptop, "/api/sessions")).toMatchObject({ [phone.id]: 0 });

    const toldBack = told(2);
    there.resume();
    await toldBack;
    await there.ready();
    expect(await countsOf(laptop, "/api/sessions")).toMatchObject({ [phone.id]: 2 });
  },
);

test(
  "pages of a node that is killed are gone for everybody, and stay gone when it starts anew",
  { timeout },
  async () => {
    const toldGone = told(0);
    await there.kill();
    await toldGone;
    expect(await countsOf(laptop, "/api/sessions")).toMatchObject({ [phone.id]: 0 });
    const online = await countsOf(admin, "/api/admin/sessions?online=true");
    expect(online).not.toHaveProperty(phone.id);
    expect(Object.keys(online).length).toBe(2);

    there.start();
    await there.ready();
    expect(await countsOf(laptop, "/api/sessions")).toMatchObject({ [phone.id]: 0 });
    await openPages(1);
  },
);

test("pages of a node that is stopped are gone for everybody", { timeout }, async () => {
  const toldGone = told(0);
  await there.stop();
  await toldGone;
  await eventually(async () => (await countsOf(laptop, "/api/sessions"))[phone.id] === 0);
});
