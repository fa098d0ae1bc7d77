// Redis absent, frozen, killed and brought back: the server says so, refuses in time, and recovers by itself.
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, test, type TestContext } from "vitest";
import {
  createBrowser,
  eventually,
  next,
  signInBrowser,
  type Answer,
  type Browser,
} from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

const keepsFile = ["--maxmemory-policy", "noeviction", "--appendonly", "yes"];
const env = { RATE_LIMITS: "off" };

/** A server for one test; several of them are in trouble at the same time. */
async function start(
  { onTestFinished }: TestContext,
  options: Parameters<typeof startServer>[0] = {},
): Promise<TestServer> {
  const server = await startServer({ env, ...options });
  onTestFinished(async () => {
    server.redis.resume();
    await server.stop();
  });
  return server;
}

function expectUnavailable(answer: Answer): void {
  expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
}

const isReady = async (browser: Browser): Promise<boolean> =>
  (await browser.get("/readyz")).status === 200;

/** Resolves once a request that was let in without Redis a moment ago is refused. */
const untilUnavailable = (browser: Browser) =>
  eventually(async () => {
    const answer = await browser.get("/api/me");
    return answer.status === 503 && answer;
  });

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return port;
}

describe.concurrent("without Redis at the start", () => {
  test("the server answers that it is not ready, says why in its log, and comes up by itself", async (context) => {
    const server = await start(context, { nodes: 0 });
    server.redis.kill();
    const port = await findFreePort();
    const logged: string[] = [];
    const starting = server.startNode({ PORT: String(port) }, logged);
    const visitor = createBrowser(`http://127.0.0.1:${port}`);
    const ready = await eventually(() => visitor.get("/readyz").catch(() => null));

    expect(ready).toMatchObject({ status: 503, body: { status: "not ready" } });
    expect(ready.headers.get("retry-after")).toBe("1");
    expect(ready.body.reasons.join()).toContain("Redis");
    // It runs, it serves what needs no Redis, and it decides nothing.
    expect((await visitor.get("/healthz")).status).toBe(200);
    expect((await visitor.get("/api/openapi.json")).status).toBe(200);
    visitor.cookies.set("rollcall", `${"0".repeat(20)}.${"A".repeat(43)}`);
    for (const ask of [
      () => visitor.get("/api/sessions"),
      () => visitor.get("/api/me"),
      () => visitor.signIn("anybody"),
      () => visitor.put("/api/preferences", { theme: "dark" }),
    ])
      expectUnavailable(await ask());
    const lines = await eventually(() => {
      const found = logged.filter((line) => line.includes("Redis is unreachable"));
      return found.length > 0 && found;
    });
    // Once for each connection, however often it is tried again.
    const connections = lines.map((line) => JSON.parse(line).connection as string);
    expect(new Set(connections).size).toBe(connections.length);

    await server.redis.restart();

    const node = await starting;
    await eventually(() => isReady(visitor));
    expect(logged.some((line) => line.includes("Redis is back"))).toBe(true);
    const account = await server.createAccount();
    const { browser } = await signInBrowser(node.address, account.username);
    expect((await browser.get("/api/sessions")).status).toBe(200);
  });
});

describe.concurrent("with a Redis that stops answering", () => {
  test("frozen: requests are refused in time, pages too, and all goes on when it answers again", async (context) => {
    const server = await start(context);
    const account = await server.createAccount();
    const { browser, id } = await signInBrowser(server.address, account.username);
    const page = await browser.openPage();
    const closed = new Promise<string>((resolve) => page.once("disconnect", resolve));
    const told: unknown[] = [];
    page.on("signed-out", (end) => told.push(end));

    server.redis.pause();

    expectUnavailable(await untilUnavailable(browser));
    const answers = await Promise.all([
      browser.get("/api/sessions"),
      browser.signIn(account.username),
      browser.put("/api/preferences", { theme: "dark" }),
      browser.delete(`/api/sessions/${id}`),
      createBrowser(server.address).put("/api/preferences", { theme: "dark" }),
    ]);
    for (const answer of answers) expectUnavailable(answer);
    expect((await browser.get("/readyz")).status).toBe(503);
    expect((await browser.get("/healthz")).status).toBe(200);
    expect((await browser.get("/metrics")).status).toBe(200);
    // The page is closed without a word: nobody knows whether its session has ended.
    expect(await closed).toMatch(/^transport/);
    expect(told).toEqual([]);
    await expect(browser.openPage()).rejects.toMatchObject({ data: { code: "unavailable" } });

    server.redis.resume();

    await eventually(() => isReady(browser));
    expect((await browser.get("/api/me")).body.session.id).toBe(id);
    const again = await browser.openPage();
    const heard = next(again, "session:opened");
    const { id: second } = await signInBrowser(server.address, account.username);
    expect((await heard).id).toBe(second);
    browser.close();
  });

  test("killed and restarted: sessions live on from the file, ended ones stay ended", async (context) => {
    const server = await start(context, { nodes: 2, redisArgs: keepsFile });
    const [here = "", there = ""] = server.nodes.map(({ address }) => address);
    const account = await server.createAccount();
    const { browser: laptop, id } = await signInBrowser(here, account.username);
    const { browser: phone, id: ended } = await signInBrowser(there, account.username);
    await laptop.put("/api/preferences", { theme: "dark" });
    await laptop.delete(`/api/sessions/${ended}`);

    server.redis.kill();

    expectUnavailable(await untilUnavailable(laptop));
    expectUnavailable(await laptop.get("/api/sessions"));
    expectUnavailable(await laptop.delete(`/api/sessions/${id}`));

    await server.redis.restart();

    for (const address of [here, there]) {
      laptop.moveTo(address);
      phone.moveTo(address);
      await eventually(() => isReady(laptop));
      expect((await laptop.get("/api/me")).body.session.id).toBe(id);
      expect((await laptop.get("/api/preferences")).body).toEqual({ theme: "dark" });
      expect(await phone.get("/api/sessions")).toMatchObject({
        status: 401,
        body: { code: "session_ended", reason: "revoked" },
      });
    }
    // Ends are confirmed by both nodes as before.
    const { id: third } = await signInBrowser(here, account.username);
    const receipt = await eventually(async () => {
      const { status, body } = await laptop.delete(`/api/sessions/${third}`);
      return status === 200 && body;
    });
    expect(receipt.confirmed).toEqual({ nodes: 2, of: 2 });
  });

  test("an end that was begun while it froze is finished by itself, or did not happen at all", async (context) => {
    const server = await start(context, { nodes: 2 });
    const account = await server.createAccount();
    const { browser: laptop } = await signInBrowser(server.nodes[0].address, account.username);
    const { browser: phone, id } = await signInBrowser(server.nodes[1].address, account.username);
    const page = await phone.openPage();
    const gone = new Promise<void>((resolve) => page.once("disconnect", () => resolve()));
    const asking = laptop.delete(`/api/sessions/${id}`);
    server.redis.pause();
    const answer = await asking;
    expect([200, 503]).toContain(answer.status);
    await gone;

    server.redis.resume();

    await eventually(async () => (await isReady(laptop)) && (await isReady(phone)));
    const { body } = await laptop.get("/api/sessions");
    const isListed = body.sessions.some((one: { id: string }) => one.id === id);
    if (answer.status === 200) expect(isListed).toBe(false);
    // What the list says becomes what every door says, without anybody asking again.
    if (!isListed)
      await eventually(async () => (await phone.get("/api/sessions")).status === 401, 25_000);
    // And asking again ends it at once.
    expect((await laptop.delete(`/api/sessions/${id}`)).status).toBe(200);
    expect((await phone.get("/api/sessions")).status).toBe(401);
    phone.close();
  });

  test("an open page of a stranger and a flood of requests do not bring the server down", async (context) => {
    const server = await start(context);
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    await createBrowser(server.address).openPage();
    server.redis.kill();
    await untilUnavailable(browser);
    const flood = await Promise.all(
      Array.from({ length: 200 }, (_, at) =>
        at % 2 === 0 ? browser.get("/api/sessions") : createBrowser(server.address).get("/api/me"),
      ),
    );
    for (const { status } of flood) expect([200, 503]).toContain(status);
    await server.redis.restart();
    await eventually(() => isReady(browser));
  });
});
