/**
 * The administrator's pages at scale: a hundred thousand sessions, and hundreds of changes a second by guests who
 * come and go, while Chromium shows the list, the feed and the charts. What is measured is the longest time the
 * page's main thread was not there for its reader; afterwards the page's count must be the server's.
 */
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { goodPassword } from "../support/client.ts";
import type { PartResult } from "./check.ts";
import { deploy, sessionsPerAccount } from "./deployment.ts";
import { format, renderTable, type Figure } from "./figures.ts";
import { openHttpConnection, requestBytes, type HttpConnection } from "./http-connection.ts";
import type { RunningServer } from "./processes.ts";

const changesPerSecond = 500;
const connections = 8;
const seconds = 20;
/** Guests present before the first one leaves, so that the total moves and comes back. */
const crowd = 200;

const pages = [
  { name: "live sessions", path: "/admin/sessions" },
  { name: "activity", path: "/admin/activity" },
  { name: "charts", path: "/admin/overview" },
] as const;

interface Seen {
  name: string;
  longestMs: number;
  longTasks: number;
  changesPerSecond: number;
}

export async function measurePages(sessions: number): Promise<PartResult> {
  const deployment = await deploy({
    accounts: sessions / sessionsPerAccount,
    nodes: ["Rollcall"],
    knownAccounts: 1,
  });
  const [node] = deployment.nodes as [RunningServer];
  const browser = await launchBrowser();
  try {
    const page = await signIn(browser, node.address);
    const seen: Seen[] = [];
    for (const { name, path } of pages) seen.push(await watch(page, node, { name, path }));
    const counts = await compareCounts(page, node);
    return {
      report: [
        renderTable(
          ["page", "longest task ms", "tasks over 50 ms", "changes/s"],
          seen.map((one) => [
            one.name,
            format(one.longestMs, 0),
            String(one.longTasks),
            format(one.changesPerSecond, 0),
          ]),
        ),
        `${sessions} sessions seeded; each page ${seconds} s. Shown in the end ${counts.shown}, counted by the server ${counts.counted}.`,
      ].join("\n\n"),
      figures: seen.flatMap(({ name, longestMs, changesPerSecond: rate }): Figure[] => [
        {
          name: `${name}: longest task of the main thread`,
          measured: longestMs,
          goal: { at: "most", value: 100 },
          unit: " ms",
          digits: 0,
        },
        {
          name: `${name}: changes a second meanwhile`,
          measured: rate,
          goal: { at: "least", value: changesPerSecond },
          digits: 0,
        },
      ]),
      wrong: counts.shown === counts.counted ? 0 : 1,
    };
  } finally {
    await browser.close();
    await deployment.stop();
  }
}

async function signIn(browser: Browser, address: string): Promise<Page> {
  const context = await browser.newContext({
    baseURL: address,
    viewport: { width: 1440, height: 900 },
  });
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.getByLabel("Username").fill("admin");
  await page.getByLabel("Password", { exact: true }).fill(goodPassword);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Your devices" }).waitFor();
  return page;
}

/** Look at one page while the crowd comes and goes. */
async function watch(
  page: Page,
  node: RunningServer,
  { name, path }: { name: string; path: string },
): Promise<Seen> {
  await page.goto(path);
  await page.getByText("Live", { exact: true }).first().waitFor();
  await page.evaluate(() => {
    const seen = { longest: 0, count: 0 };
    (window as unknown as { longTasks: typeof seen }).longTasks = seen;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        seen.longest = Math.max(seen.longest, duration);
        seen.count++;
      }
    }).observe({ type: "longtask" });
  });
  const changes = await makeChanges(node.address);
  const tasks = await page.evaluate(
    () => (window as unknown as { longTasks: { longest: number; count: number } }).longTasks,
  );
  return {
    name,
    longestMs: tasks.longest,
    longTasks: tasks.count,
    changesPerSecond: changes / seconds,
  };
}

/** Guests open sessions and end them, at a steady rate, over a few connections. Answers how many changes it made. */
async function makeChanges(address: string): Promise<number> {
  const guests: string[] = [];
  const endsAt = performance.now() + seconds * 1000;
  const startedAt = performance.now();
  let due = 0;
  let made = 0;

  async function work(connection: HttpConnection): Promise<void> {
    while (performance.now() < endsAt) {
      // The rate is kept over the whole time: who is late does not wait.
      const wait = startedAt + (due++ / changesPerSecond) * 1000 - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const leaving = guests.length >= crowd ? guests.shift() : undefined;
      if (leaving === undefined) guests.push(await open(connection));
      else await leave(connection, leaving);
      made++;
    }
  }

  const opened = await Promise.all(
    Array.from({ length: connections }, () => openHttpConnection(address)),
  );
  await Promise.all(opened.map(work));
  for (const connection of opened) connection.close();
  return made;
}

const body = Buffer.from('{"theme":"dark"}');

async function open(connection: HttpConnection): Promise<string> {
  const head = requestBytes("PUT", "/api/preferences", {
    "Content-Type": "application/json",
    "Content-Length": String(body.length),
  });
  const reply = await connection.ask(Buffer.concat([head, body]));
  const cookie = /\r\nset-cookie: (rollcall=[^;]+)/i.exec(reply.head.toString("latin1"))?.[1];
  if (reply.status !== 200 || cookie === undefined)
    throw new Error(`no guest session: ${reply.status} ${String(reply.body)}`);
  return cookie;
}

async function leave(connection: HttpConnection, cookie: string): Promise<void> {
  const request = requestBytes("POST", "/api/sign-out", { Cookie: cookie, "Content-Length": "0" });
  const { status } = await connection.ask(request);
  if (status !== 204) throw new Error(`a guest could not leave: ${status}`);
}

/** What the list says there are, once it stands still, and what the server says. */
async function compareCounts(
  page: Page,
  { address }: RunningServer,
): Promise<{ shown: number; counted: number }> {
  await page.goto("/admin/sessions");
  await page.getByRole("table").first().waitFor();
  const counted = await page.evaluate(async (base) => {
    const reply = await fetch(`${base}/api/admin/sessions?limit=1`);
    return ((await reply.json()) as { total: number }).total;
  }, address);
  const expected = new Intl.NumberFormat("en").format(counted);
  const shown = await page
    .getByText(`${expected} sessions`)
    .first()
    .waitFor({ timeout: 10_000 })
    .then(() => counted)
    .catch(() => NaN);
  return { shown, counted };
}
