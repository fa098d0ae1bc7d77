// How much of everything happened, over time: exact over several nodes, in bounded memory, with gaps as gaps.
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { statsWindows, type Stats } from "../../shared/contract/stats.ts";
import type { SessionId } from "../../shared/ids.ts";
import {
  createBrowser,
  eventually,
  next,
  setUpAdmin,
  signInBrowser,
  type Browser,
  type Page,
} from "../support/client.ts";
import { addResource, bringPerson, claim, makeUnits, reserve } from "../support/desk.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let admin: Browser;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  admin = await setUpAdmin(server.address, server.setupToken);
});
afterAll(() => server.stop());

/** With all that has been done so far: what is recorded is not waited for by whoever caused it. */
async function readStats(window = "1h"): Promise<Stats> {
  await Promise.all(server.nodes.map((node) => node.core.settled()));
  return (await admin.get(`/api/admin/stats?window=${window}`)).body;
}

/** What the window's buckets hold together. */
function totalOf({ buckets }: Stats) {
  const total: Record<string, number> = {};
  for (const { signIns, ended, outcomes, reservations } of buckets)
    for (const group of [signIns, ended, outcomes, reservations])
      for (const [name, count] of Object.entries(group)) total[name] = (total[name] ?? 0) + count;
  return total;
}

/** What was counted since, once these are there; a count beyond them fails the comparison that follows. */
async function countedSince(before: Stats, wanted: Record<string, number>, window = "1h") {
  const start = totalOf(before);
  return eventually(async () => {
    const total = totalOf(await readStats(window));
    const grown = Object.entries(total).map(([name, n]) => [name, n - (start[name] ?? 0)] as const);
    const counted = Object.fromEntries(grown.filter(([, n]) => n > 0));
    return Object.entries(wanted).every(([name, n]) => (counted[name] ?? 0) >= n) && counted;
  });
}

const nodeAddress = (n: number): string => server.nodes[n % 2].address;

describe("counts", () => {
  test("are exact when two nodes count at once", async () => {
    const account = await server.createAccount();
    const before = await readStats();
    const times = Array.from({ length: 24 }, (_, n) => n);

    await Promise.all(
      times.map(async (n) => {
        const { browser, id } = await signInBrowser(nodeAddress(n), account.username);
        if (n % 3 === 0) await browser.post("/api/sign-out");
        if (n % 3 === 1) await admin.delete(`/api/admin/sessions/${id}`);
        if (n % 4 === 0)
          await createBrowser(nodeAddress(n + 1)).signIn(account.username, "not the password");
      }),
    );

    const wanted = { succeeded: 24, failed: 6, signed_out: 8, admin: 8 };
    expect(await countedSince(before, wanted)).toEqual(wanted);
  });

  test("hold everybody whom a single order has ended, at every resolution", async () => {
    const account = await server.createAccount(["sessions:end"]);
    const { browser } = await signInBrowser(nodeAddress(1), account.username);
    for (let n = 0; n < 3; n++)
      await signInBrowser(nodeAddress(n), (await server.createAccount()).username);
    const before = await readStats("7d");

    const receipt = await browser.delete("/api/admin/sessions?scope=all");

    const { ended } = receipt.body as { ended: number };
    expect(ended).toBeGreaterThanOrEqual(4);
    await admin.signIn("admin");
    for (const window of statsWindows) {
      const counted = await countedSince(before, { admin: ended }, window);
      expect(counted["admin"], window).toBe(ended);
    }
  });

  test("tell what became of each reservation, and how each request at the desk ended", async () => {
    const id = await addResource(admin, {}, makeUnits("stats", 2));
    const [one, two] = [await bringPerson(server), await bringPerson(server, { node: 1 })];
    const stranger = await bringPerson(server, { permissions: [] });
    const before = await readStats();

    const [first, second] = [await reserve(one.browser, id), await reserve(two.browser, id)];
    await claim(one.browser, first.body.id);
    await reserve(one.browser, id);
    await two.browser.delete(`/api/reservations/${second.body.id}`);
    await reserve(stranger.browser, id);

    const wanted = { held: 2, claimed: 1, success: 1, fail: 1, released: 1, hack: 1 };
    expect(await countedSince(before, wanted)).toEqual(wanted);
  });

  test("do not change when an event that is not counted happens", async () => {
    const account = await server.createAccount();
    const path = `/api/admin/accounts/${account.id}/permissions`;
    const before = await readStats();
    await admin.put(path, { permissions: ["activity:read"] });
    await eventually(async () => {
      const { body } = await admin.get(`/api/admin/activity?type=permissions.changed`);
      return body.events.some(
        (event: { account?: { id: string } }) => event.account?.id === account.id,
      );
    });
    expect(totalOf(await readStats())).toEqual(totalOf(before));
  });
});

describe("a window", () => {
  test.each([
    ["15m", 60, 15],
    ["1h", 60, 60],
    ["24h", 300, 288],
    ["7d", 3600, 168],
  ] as const)(
    "of %s has a bucket for each %i seconds, without a hole",
    async (window, step, count) => {
      const asked = Date.now();
      const stats = await readStats(window);
      expect(stats).toMatchObject({ window, step });
      const times = stats.buckets.map(({ at }) => Date.parse(at) / 1000);
      expect(times).toHaveLength(count);
      expect(times).toEqual(times.map((_, n) => times[0] + n * step));
      expect(times[0] % step).toBe(0);
      // The last one is the one that is being filled.
      const newest = times.at(-1) ?? 0;
      expect(newest).toBeGreaterThan(asked / 1000 - step);
      expect(newest).toBeLessThanOrEqual(Date.now() / 1000);
    },
  );

  test("is an hour when none is asked for", async () => {
    expect((await admin.get("/api/admin/stats")).body.window).toBe("1h");
  });

  test("takes the permission, which is asked for each time", async () => {
    const account = await server.createAccount(["activity:read"]);
    const { browser } = await signInBrowser(server.address, account.username);
    expect((await browser.get("/api/admin/stats")).status).toBe(200);
    await admin.put(`/api/admin/accounts/${account.id}/permissions`, { permissions: [] });
    expect((await browser.get("/api/admin/stats")).status).toBe(403);
  });

  test("says null where nobody has counted, and not that nobody was online", async () => {
    const { buckets } = await readStats("7d");
    expect(buckets.slice(0, -2).map(({ online }) => online)).toEqual(Array(166).fill(null));
    expect(buckets.slice(-2).some(({ online }) => online !== null)).toBe(true);
  });
});

describe("who is online", () => {
  test("counts a session with pages on two nodes once, and another node goes on when one is gone", async () => {
    const third = await server.startNode();
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.address, account.username);
    const pages = [await browser.openPage()];
    browser.moveTo(nodeAddress(1));
    pages.push(await browser.openPage());
    const { presence, sampler } = third.core;
    await eventually(async () => (await presence.of([id as SessionId]))[0] === 2);
    expect(await presence.countOnline()).toBe(1);

    // The node that counts leaves, and nothing tells the others: its turn runs out.
    await server.command("SET", "sampler:lock", third.core.name);
    await sampler.sample();
    await third.stop();
    await server.command("DEL", "{activity}online");
    const online = await eventually(async () => (await readStats()).now.online, 45_000);
    expect(online).toBe(1);
    for (const page of pages) page.disconnect();
  }, 90_000);

  test("is an average over the samples of a bucket, to a tenth", async () => {
    for (const node of server.nodes) await node.core.sampler.stop();
    const hours = (await server.command("KEYS", "{activity}stats:3600:*")) as string[];
    const hour = hours.sort().at(-1) ?? "";
    const at = new Date(Number(hour.split(":").at(-1)) * 3_600_000).toISOString();
    await server.command("HSET", hour, "online.sum", "10", "online.samples", "3");
    const bucket = (await readStats("7d")).buckets.find((one) => one.at === at);
    expect(bucket?.online).toBe(3.3);
  });
});

test("memory is bounded: each bucket runs out by itself, soon after the longest window that shows it", async () => {
  const longest = { 60: 2 * 3600, 300: 25 * 3600, 3600: 8 * 86_400 };
  const buckets = (await server.command("KEYS", "{activity}stats:*")) as string[];
  expect(buckets.length).toBeGreaterThanOrEqual(3);
  for (const bucket of buckets) {
    const [, step = ""] = /:(\d+):\d+$/.exec(bucket) ?? [];
    const life = Number(await server.command("TTL", bucket));
    expect(life, bucket).toBeGreaterThan(0);
    expect(life, bucket).toBeLessThanOrEqual(longest[Number(step) as 60 | 300 | 3600]);
    expect(Number(await server.command("HLEN", bucket))).toBeLessThan(32);
  }
  // One a step for as long as it is kept.
  const most = Object.entries(longest).map(([step, kept]) => kept / Number(step));
  expect(most).toEqual([120, 300, 192]);
});

describe("the topic stats", () => {
  /** A page that watches, of an account that may. */
  async function openWatcher(address: string) {
    const account = await server.createAccount(["activity:read"]);
    const { browser } = await signInBrowser(address, account.username);
    const page = await browser.openPage();
    expect(await page.emitWithAck("watch", { topic: "stats" })).toEqual({ ok: true });
    return { account, page };
  }
  const failures = (stats: Stats): number => totalOf(stats)["failed"] ?? 0;
  const failToSignIn = () =>
    createBrowser(nodeAddress(0)).signIn("no-such-person", "not the password");
  /** What the page was told once it knew that one more has failed. */
  const oneMore = async (page: Page): Promise<Stats> => {
    let told: Stats | undefined;
    page.on("stats", (stats) => (told = stats));
    const before = failures(await readStats());
    await failToSignIn();
    return eventually(async () => {
      const stats = await readStats();
      if (failures(stats) !== before + 1) return null;
      return isDeepStrictEqual(told?.buckets, stats.buckets.slice(-2)) && told;
    }, 20_000);
  };

  test("sends watchers the newest two buckets when they change, whichever node counted", async () => {
    const { page } = await openWatcher(nodeAddress(1));
    const stats = await oneMore(page);
    expect(stats).toMatchObject({ window: "1h", step: 60 });
    const [older, newer] = stats.buckets.map(({ at }) => Date.parse(at));
    expect(stats.buckets).toHaveLength(2);
    expect(newer - older).toBe(60_000);
    expect(stats.now.sessions).toBeGreaterThanOrEqual(2);
    page.disconnect();
  });

  test("says nothing to a page that watches no more, or may no more", async () => {
    const [gone, forbidden, still] = [
      await openWatcher(nodeAddress(1)),
      await openWatcher(nodeAddress(1)),
      await openWatcher(nodeAddress(1)),
    ];
    await gone.page.emitWithAck("unwatch", { topic: "stats" });
    const changed = next(forbidden.page, "permissions:changed");
    await admin.put(`/api/admin/accounts/${forbidden.account.id}/permissions`, { permissions: [] });
    await changed;
    const told: Stats[] = [];
    for (const { page } of [gone, forbidden]) page.on("stats", (stats) => told.push(stats));

    await oneMore(still.page);

    // Messages keep their order: an answer that comes after it would have come after what it was told.
    for (const { page } of [gone, forbidden]) await page.emitWithAck("active");
    expect(told).toEqual([]);
    expect(await forbidden.page.emitWithAck("watch", { topic: "stats" })).toEqual({
      ok: false,
      code: "forbidden",
    });
    for (const { page } of [gone, forbidden, still]) page.disconnect();
  });
});
