// How reserving and claiming went: three logs, read together or apart, judged, exported and trimmed.
import { afterAll, beforeAll, describe, expect, test, type TestContext } from "vitest";
import { Outcome } from "../../shared/contract/outcomes.ts";
import { eventually, next, userAgents } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import {
  addResource,
  bringPerson,
  claim,
  readStocked,
  reserve,
  type Person,
} from "../support/desk.ts";

let server: TestServer;
let manager: Person;
let number = 0;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  manager = await bringPerson(server, { permissions: ["catalogue:manage", "activity:read"] });
});
afterAll(async () => {
  manager.browser.close();
  await server.stop();
});

const signIn = () => bringPerson(server, { node: ++number % 2 });
const nobodys = "0".repeat(20);

async function list(query: string): Promise<Outcome[]> {
  const answer = await manager.browser.get(`/api/admin/outcomes?${query}`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body.outcomes as Outcome[];
}

async function readPages(query: string, { browser } = manager): Promise<Outcome[]> {
  const found: Outcome[] = [];
  let cursor = "";
  do {
    const { body } = await browser.get(`/api/admin/outcomes?${query}${cursor}`);
    found.push(...(body.outcomes as Outcome[]));
    cursor = body.next === null ? "" : `&cursor=${body.next}`;
  } while (cursor !== "");
  return found;
}

async function exportLog(kind: string, { browser } = manager): Promise<Outcome[]> {
  const answer = await browser.get(`/api/admin/outcomes/export?kind=${kind}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toMatch(/^application\/x-ndjson/);
  const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => Outcome.strict().parse(JSON.parse(line)));
}

const writeOutcomes = `
  local codes = { success = 'claimed', fail = 'out_of_stock', hack = 'not_yours' }
  for at = 2, #ARGV do
    local kind, id = string.match(ARGV[at], '^(%l+)-(.+)$')
    redis.call('XADD', '{desk}outcomes:' .. kind, id, 'w', ARGV[1], 'c', codes[kind])
  end`;

/** A server whose logs begin long ago, with outcomes as the scripts write them. */
async function startWithOutcomes(
  ids: readonly string[],
  { onTestFinished }: TestContext,
): Promise<{ own: TestServer; reader: Person }> {
  const own = await startServer({ env: { RATE_LIMITS: "off" } });
  onTestFinished(async () => {
    own.redis.resume();
    await own.stop();
  });
  const reader = await bringPerson(own, { permissions: ["catalogue:manage", "desk:reserve"] });
  const account = { id: reader.id, username: reader.username };
  const who = JSON.stringify({ account, sessionId: nobodys });
  await own.command("EVAL", writeOutcomes, "0", who, ...ids);
  return { own, reader };
}

/** One of each: a unit claimed, none left, and a claim of what nobody has. */
async function makeThree(person: Person, owner = manager) {
  const resource = await addResource(owner.browser, { name: "Rare" }, [`only-one-${person.id}`]);
  const reserved = await reserve(person.browser, resource);
  await claim(person.browser, reserved.body.id);
  await reserve(person.browser, resource);
  await claim(person.browser, nobodys);
  return { resource, reservation: reserved.body.id as string };
}

describe("the three logs", () => {
  test("tell who, when, what and why; and of a hack alone from where", async () => {
    const person = await signIn();
    const { resource, reservation } = await makeThree(person);
    const shared = {
      account: { id: person.id, username: person.username },
      sessionId: person.sessionId,
      at: expect.any(String),
    };
    const [hack, fail, success] = await list(`account=${person.id}`);
    expect(success).toEqual({
      ...shared,
      id: expect.stringMatching(/^success-/),
      kind: "success",
      code: "claimed",
      resourceId: resource,
      reservationId: reservation,
    });
    expect(fail).toEqual({
      ...shared,
      id: expect.stringMatching(/^fail-/),
      kind: "fail",
      code: "out_of_stock",
      resourceId: resource,
    });
    expect(hack).toMatchObject({
      ...shared,
      kind: "hack",
      code: "unknown_reservation",
      ip: "127.0.0.1",
      userAgent: userAgents.laptop,
    });
    for (const kind of ["success", "fail", "hack"])
      expect((await list(`kind=${kind}&account=${person.id}`)).map((one) => one.kind)).toEqual([
        kind,
      ]);
  });

  test("are filtered by resource, account, code and judgement, and by several of them", async () => {
    const [one, other] = [await signIn(), await signIn()];
    const { resource } = await makeThree(one);
    await makeThree(other);
    const codes = async (query: string) => (await list(query)).map(({ code }) => code);
    expect(await codes(`resource=${resource}`)).toEqual(["out_of_stock", "claimed"]);
    expect(await codes(`resource=${resource}&account=${other.id}`)).toEqual([]);
    expect(await codes(`account=${other.id}&code=claimed`)).toEqual(["claimed"]);
    expect(await codes(`account=${other.id}&kind=fail&code=claimed`)).toEqual([]);
    expect(await codes(`account=${other.id}&judged=true`)).toEqual([]);
    expect(await codes(`account=${other.id}&judged=false`)).toEqual(["unknown_reservation"]);
    expect(await codes(`account=${other.id}&judged=false&kind=fail`)).toEqual([]);
  });

  test("are paged as one, newest first, without repeating or losing any", async () => {
    const person = await signIn();
    const id = await addResource(manager.browser, {}, []);
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        at % 2 ? claim(person.browser, nobodys) : reserve(person.browser, id),
      ),
    );
    const whole = await list("limit=200");
    expect(whole.length).toBeGreaterThanOrEqual(40);
    expect(whole.map(({ at }) => at)).toEqual(
      whole
        .map(({ at }) => at)
        .toSorted()
        .toReversed(),
    );
    expect(new Set(whole.map((one) => one.id)).size).toBe(whole.length);
    expect(await readPages("limit=7")).toEqual(whole);
    const mine = whole.filter(({ account }) => account.id === person.id);
    expect(mine).toHaveLength(40);
    expect(await readPages(`limit=3&account=${person.id}`)).toEqual(mine);
    for (const kind of ["fail", "hack"])
      expect(await readPages(`limit=4&account=${person.id}&kind=${kind}`)).toEqual(
        mine.filter((one) => one.kind === kind),
      );
  });

  test("of one instant are each listed once, wherever a page ends between them", async (context) => {
    const kinds = ["success", "fail", "hack"];
    const instants = ["1000-1", "1000-2", "1000-10", "1001-0"];
    const ids = instants.flatMap((instant) => kinds.map((kind) => `${kind}-${instant}`));
    const { reader } = await startWithOutcomes(ids, context);
    const expected = instants
      .toReversed()
      .flatMap((instant) => kinds.map((kind) => `${kind}-${instant}`));
    for (let limit = 1; limit <= 13; limit++) {
      const found = await readPages(`limit=${limit}`, reader);
      expect(found.map(({ id }) => id)).toEqual(expected);
    }
  });

  test("are read in bounded portions: a filter that finds little early leads on to the rest", async (context) => {
    const ids = Array.from({ length: 6_000 }, (_, at) => `fail-${at + 2}-1`);
    const { reader } = await startWithOutcomes(["success-1-1", ...ids], context);
    const first = await reader.browser.get("/api/admin/outcomes?code=claimed");
    expect(first.body).toEqual({ outcomes: [], next: expect.stringMatching(/^fail-\d+-1$/) });
    const found = await readPages("code=claimed", reader);
    expect(found.map(({ id }) => id)).toEqual(["success-1-1"]);
  });
});

describe("judging a hack", () => {
  const judge = (id: string, verdict: string) =>
    manager.browser.post(`/api/admin/outcomes/${id}/judge`, { verdict });

  async function commitHack(person: Person): Promise<string> {
    await claim(person.browser, nobodys);
    const [hack] = await list(`account=${person.id}&kind=hack`);
    return hack.id;
  }

  test("a mistake is noted with who said so, and takes nothing from anybody", async () => {
    const person = await signIn();
    const id = await addResource(manager.browser, {}, ["u1"]);
    const held = await reserve(person.browser, id);
    const hack = await commitHack(person);

    const answer = await judge(hack, "mistake");

    const by = { id: manager.id, username: manager.username };
    const verdict = { verdict: "mistake", by, at: expect.any(String) };
    expect(answer).toMatchObject({
      status: 200,
      body: { outcome: { id: hack, verdict }, released: 0 },
    });
    expect((await person.browser.get(`/api/reservations/${held.body.id}`)).body.state).toBe("held");
    expect(await list(`account=${person.id}&judged=true`)).toMatchObject([{ id: hack, verdict }]);
    expect(await list(`account=${person.id}&judged=false`)).toEqual([]);
    expect((await exportLog("hack")).find(({ id }) => id === hack)).toMatchObject({ verdict });
    const events = await eventually(async () => {
      const { body } = await manager.browser.get(
        `/api/admin/activity?type=outcome.judged&account=${person.id}`,
      );
      return body.events.length > 0 && body.events;
    });
    expect(events[0]).toMatchObject({
      verdict: "mistake",
      by,
      account: { id: person.id },
      sessionId: person.sessionId,
    });
  });

  test("an attack gives back all that the account holds; both are seen live on the other node", async () => {
    const person = await signIn();
    const watcher = await bringPerson(server, { permissions: ["catalogue:manage"], node: 1 });
    const page = await watcher.browser.openPage();
    expect(await page.emitWithAck("watch", { topic: "desk" })).toEqual({ ok: true });
    const own = await person.browser.openPage();
    const id = await addResource(manager.browser, {}, ["u1", "u2", "u3"]);
    const [claimed, first, second] = [
      (await reserve(person.browser, id)).body.id as string,
      (await reserve(person.browser, id)).body.id as string,
      (await reserve(person.browser, id)).body.id as string,
    ];
    await claim(person.browser, claimed);
    const hack = await commitHack(person);
    const judged = next(page, "desk", ({ outcomes }) =>
      outcomes.some((one) => one.id === hack && one.verdict?.verdict === "hack"),
    );
    const gone = [first, second].map((reservation) =>
      next(own, "reservation:changed", (one) => one.id === reservation && one.state === "released"),
    );

    const answer = await judge(hack, "hack");

    expect(answer).toMatchObject({ status: 200, body: { released: 2 } });
    await Promise.all([judged, ...gone]);
    expect(await readStocked(manager.browser, id)).toMatchObject({
      stock: 2,
      held: 0,
      delivered: 1,
    });
    // Said again, there is nothing left to give back; taken back, it stays given back.
    expect((await judge(hack, "hack")).body.released).toBe(0);
    expect((await judge(hack, "mistake")).body).toMatchObject({
      outcome: { verdict: { verdict: "mistake" } },
      released: 0,
    });
    expect((await claim(person.browser, first)).status).toBe(409);
    watcher.browser.close();
    person.browser.close();
  });

  test("is for hacks that there are, and for nothing else", async () => {
    const person = await signIn();
    await makeThree(person);
    for (const kind of ["fail", "success"]) {
      const [outcome] = await list(`account=${person.id}&kind=${kind}`);
      const answer = await judge(outcome.id, "hack");
      expect(answer).toMatchObject({
        status: 400,
        body: { code: "invalid_request", errors: [{ path: "params.id" }] },
      });
    }
    expect(await judge("hack-1-1", "mistake")).toMatchObject({
      status: 404,
      body: { code: "not_found" },
    });
    const [hack] = await list(`account=${person.id}&kind=hack`);
    expect(await judge(hack.id, "innocent")).toMatchObject({ status: 400 });
    expect(await list(`account=${person.id}&judged=true`)).toEqual([]);
  });
});

describe("a log that is exported", () => {
  test("is every outcome of it, oldest first, one JSON object a line, however long it is", async (context) => {
    const ids = Array.from({ length: 1_600 }, (_, at) => `fail-${at + 1}-0`);
    const { reader } = await startWithOutcomes(ids, context);
    const { resource } = await makeThree(reader, reader);
    const exported = await exportLog("fail", reader);
    expect(exported.map(({ id }) => id).slice(0, -1)).toEqual(ids);
    expect(exported.at(-1)).toMatchObject({ kind: "fail", resourceId: resource });
    expect(JSON.stringify(await exportLog("success", reader))).not.toContain("only-one");
    const { headers } = await reader.browser.get("/api/admin/outcomes/export?kind=hack");
    expect(headers.get("content-disposition")).toContain("outcomes-hack.ndjson");
    expect(headers.get("cache-control")).toBe("no-store");
  });

  test("is a problem, not half a file, when it cannot be read", async (context) => {
    const { own, reader } = await startWithOutcomes([], context);
    const path = "/api/admin/outcomes/export?kind=hack";
    expect(await reader.browser.get(path)).toMatchObject({ status: 200, body: "" });
    own.redis.pause();
    const refused = await eventually(async () => {
      const answer = await reader.browser.get(path);
      return answer.status !== 200 && answer;
    });
    expect(refused).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(refused.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  });
});

describe("an export under way", () => {
  test("breaks off when the session of whoever reads it is ended", async (context) => {
    // Longer than any buffer on the way.
    const ids = Array.from({ length: 100_000 }, (_, at) => `fail-${at + 1}-0`);
    const { own, reader } = await startWithOutcomes(ids, context);
    const { browser: admin } = await bringPerson(own, { permissions: ["sessions:end"] });
    const response = await fetch(`${own.address}/api/admin/outcomes/export?kind=fail`, {
      headers: { cookie: reader.browser.cookieHeader() },
    });
    const unread = response.body?.getReader();
    expect((await unread?.read())?.done).toBe(false);

    expect((await admin.delete(`/api/admin/sessions/${reader.sessionId}`)).status).toBe(200);

    const readOn = async () => {
      while (!(await unread?.read())?.done);
    };
    await expect(readOn()).rejects.toThrow();
  });
});

describe("trimming a log", () => {
  test("forgets what came before a moment, with the verdicts on it, and nothing of the other logs", async (context) => {
    const instants = ["1000-0", "2000-0", "3000-0"];
    const ids = instants.flatMap((instant) => [`fail-${instant}`, `hack-${instant}`]);
    const { own, reader } = await startWithOutcomes(ids, context);
    const { browser } = reader;
    const read = (kind: string) => readPages(`kind=${kind}`, reader);
    for (const { id } of await read("hack"))
      await browser.post(`/api/admin/outcomes/${id}/judge`, { verdict: "mistake" });
    const trim = (kind: string, before: number) =>
      browser.delete(`/api/admin/outcomes?kind=${kind}&before=${new Date(before).toISOString()}`);

    expect(await trim("hack", 3_000)).toMatchObject({ status: 200, body: { trimmed: 2 } });

    expect(await read("hack")).toMatchObject([
      { at: "1970-01-01T00:00:03.000Z", verdict: { verdict: "mistake" } },
    ]);
    expect(await own.command("HKEYS", "{desk}verdicts")).toEqual(["hack-3000-0"]);
    expect(await read("fail")).toHaveLength(3);
    expect((await trim("hack", 3_000)).body).toEqual({ trimmed: 0 });
    expect((await trim("fail", Date.now() + 60_000)).body).toEqual({ trimmed: 3 });
    expect(await read("fail")).toEqual([]);
    expect(await browser.get("/api/admin/outcomes/export?kind=fail")).toMatchObject({ body: "" });
    for (const query of ["kind=fail", "before=2026-01-01T00:00:00Z", "kind=fail&before=2026-01-01"])
      expect(await browser.delete(`/api/admin/outcomes?${query}`)).toMatchObject({ status: 400 });
  });
});
