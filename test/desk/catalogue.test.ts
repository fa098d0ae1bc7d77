// The catalogue: made, changed and taken back by those who manage it, seen by everybody at once.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NewResource, StockedResource } from "../../shared/contract/catalogue.ts";
import { createBrowser, eventually, next, type Browser } from "../support/client.ts";
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
/** Of another node. */
let stranger: Browser;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  stranger = createBrowser(server.nodes[1].address);
});
afterAll(async () => {
  manager.browser.close();
  stranger.close();
  await server.stop();
});

const readDesk = async (): Promise<string[]> =>
  [...(await server.readRedis())].flatMap(([key, value]) =>
    key.startsWith("{desk}") ? [`${key} ${value}`] : [],
  );
const addTicket = (fields: Partial<NewResource> = {}) =>
  addResource(manager.browser, { name: "Ticket", ...fields }, []);
/** Whether it is in the list of those who manage it. */
const isManaged = async (id: string): Promise<boolean> => {
  const { body } = await manager.browser.get("/api/admin/catalogue");
  return body.resources.some((resource: { id: string }) => resource.id === id);
};
const listed = async (browser: Browser) => (await browser.get("/api/catalogue")).body.resources;
const findListed = async (id: string) =>
  (await listed(stranger)).find((resource: { id: string }) => resource.id === id);

describe("an empty catalogue", () => {
  test("is read by strangers, and reading leaves nothing in Redis", async () => {
    expect(await stranger.get("/api/catalogue")).toMatchObject({
      status: 200,
      body: { resources: [] },
    });
    expect(await readDesk()).toEqual([]);
    manager = await bringPerson(server, { permissions: ["catalogue:manage", "desk:reserve"] });
    expect((await manager.browser.get("/api/admin/catalogue")).body).toEqual({ resources: [] });
    expect(await readDesk()).toEqual([]);
  });
});

describe("a new resource", () => {
  test("has what was said of it and nothing in stock, and is on the other node at once", async () => {
    const said = {
      name: "Museum night",
      description: "Thursday\nafter six",
      terms: "Be on time.",
      rule: { countries: ["DE", "GB"], cities: ["Köln", "York"] },
      limit: 2,
      holdSeconds: 60,
      task: "confirm",
    };
    const made = await manager.browser.post("/api/admin/catalogue", {
      ...said,
      name: " Museum night ",
      rule: { countries: ["de", "GB", "DE"], cities: ["Köln", "York", "Köln"] },
    });
    expect(made).toMatchObject({ status: 201, body: { resource: said } });
    const { resource } = made.body as { resource: StockedResource };
    expect(resource).toMatchObject({
      available: 0,
      added: 0,
      stock: 0,
      held: 0,
      delivered: 0,
      withdrawn: 0,
      removed: false,
      reservations: { made: 0, claimed: 0, expired: 0, released: 0, secondsToClaim: null },
    });
    expect(await findListed(resource.id)).toEqual({ id: resource.id, ...said, available: 0 });
    expect(await readStocked(manager.browser, resource.id)).toEqual(resource);
  });

  test("needs a name only: fifteen minutes, no task, nobody excluded; names may be the same", async () => {
    const [id, other] = [await addTicket(), await addTicket()];
    expect(id).not.toBe(other);
    expect(await findListed(id)).toEqual({
      id,
      name: "Ticket",
      holdSeconds: 900,
      task: "none",
      available: 0,
    });
  });

  test("is refused when anything about it is wrong, with the field that is", async () => {
    const wrong: [field: string, value: unknown][] = [
      ["name", ""],
      ["name", "   "],
      ["name", "x".repeat(81)],
      ["name", "two\nlines"],
      ["name", 7],
      ["description", "x".repeat(2_001)],
      ["terms", "a bell \u0007"],
      ["limit", 0],
      ["limit", -1],
      ["limit", 1.5],
      ["limit", 10_001],
      ["limit", "many"],
      ["limit", 1e308],
      ["holdSeconds", 0],
      ["holdSeconds", 604_801],
      ["holdSeconds", 0.5],
      ["holdSeconds", null],
      ["task", "dance"],
      ["rule.countries", { countries: [] }],
      ["rule.countries.0", { countries: ["Germany"] }],
      ["rule.cities", { cities: [] }],
      ["rule.cities.1", { cities: ["York", ""] }],
      ["rule", { planets: ["Mars"] }],
    ];
    const before = await listed(stranger);
    for (const [path, value] of wrong) {
      const [field = ""] = path.split(".");
      const answer = await manager.browser.post("/api/admin/catalogue", {
        name: "Ticket",
        [field]: value,
      });
      expect(answer, path).toMatchObject({ status: 400, body: { code: "invalid_request" } });
      expect(answer.body.errors[0].path).toBe(path);
    }
    for (const number of ["NaN", "Infinity", "1e999"]) {
      const body = `{"name":"Ticket","limit":${number}}`;
      expect((await manager.browser.post("/api/admin/catalogue", body)).status).toBe(400);
    }
    expect(await listed(stranger)).toEqual(before);
  });
});

describe("an edit", () => {
  test("changes what it names, removes what is null, and is told to every open page", async () => {
    const id = await addTicket({
      description: "Old",
      terms: "Old",
      rule: { countries: ["DE"], cities: ["Köln"] },
      limit: 3,
    });
    const page = await stranger.openPage();
    const told = next(page, "catalogue:changed", (changed) => changed.id === id);

    const edited = await manager.browser.patch(`/api/admin/catalogue/${id}`, {
      name: "New",
      description: null,
      rule: { cities: ["Oslo"] },
      limit: null,
      holdSeconds: 5,
      task: "reauthenticate",
    });

    const rest = { id, name: "New", holdSeconds: 5, task: "reauthenticate", available: 0 };
    const patch = async (body: object) => manager.browser.patch(`/api/admin/catalogue/${id}`, body);
    expect(edited.status).toBe(200);
    expect(await told).toEqual({ id, available: 0, edited: true });
    expect(await findListed(id)).toEqual({ ...rest, terms: "Old", rule: { cities: ["Oslo"] } });
    expect((await patch({ rule: null, terms: null })).status).toBe(200);
    expect(await findListed(id)).toEqual(rest);
    expect((await patch({})).status).toBe(200);
    expect(await findListed(id)).toEqual(rest);
  });

  test("is seen by every node's next answer, without waiting", async () => {
    const id = await addTicket();
    for (let edit = 1; edit <= 20; edit++) {
      const name = `Edition ${edit}`;
      await manager.browser.patch(`/api/admin/catalogue/${id}`, { name });
      expect(await findListed(id)).toMatchObject({ name });
    }
  });

  test("of what is not there, or wrong, changes nothing", async () => {
    const id = await addTicket();
    const nowhere = `/api/admin/catalogue/${"0".repeat(16)}`;
    expect(await manager.browser.patch(nowhere, { name: "Ghost" })).toMatchObject({
      status: 404,
      body: { code: "not_found" },
    });
    expect((await readDesk()).join()).not.toContain("Ghost");
    const wrong = { name: null, holdSeconds: null, task: null, limit: 0 };
    for (const [field, value] of Object.entries(wrong))
      expect(
        await manager.browser.patch(`/api/admin/catalogue/${id}`, { name: "New", [field]: value }),
      ).toMatchObject({ status: 400 });
    expect(await findListed(id)).toMatchObject({ name: "Ticket" });
  });
});

describe("removing a resource", () => {
  test("that nobody has anything of: it is gone everywhere, its units too", async () => {
    const id = await addResource(manager.browser, {}, ["first-secret", "second-secret"]);
    const page = await stranger.openPage();
    const told = next(page, "catalogue:changed", (changed) => changed.id === id);

    const removed = await manager.browser.delete(`/api/admin/catalogue/${id}`);

    expect(removed).toMatchObject({
      status: 200,
      body: { resource: { added: 2, stock: 0, withdrawn: 2, available: 0, removed: true } },
    });
    expect(await told).toEqual({ id, available: 0, edited: true });
    expect(await findListed(id)).toBeUndefined();
    expect(await isManaged(id)).toBe(false);
    const kept = (await readDesk()).join("\n");
    expect(kept).not.toMatch(/(first|second)-secret/);
    expect(kept).not.toMatch(new RegExp(`{desk}(units|batches|seen|added|adding):${id}`));
    for (const ask of [
      () => manager.browser.delete(`/api/admin/catalogue/${id}`),
      () => manager.browser.patch(`/api/admin/catalogue/${id}`, { name: "Again" }),
      () => manager.browser.post(`/api/admin/catalogue/${id}/units`, { units: ["one more"] }),
      () => reserve(manager.browser, id),
    ])
      expect(await ask()).toMatchObject({ status: 404, body: { code: "not_found" } });
  });

  test("of which some is held: what is free is withdrawn, what is held may be claimed or runs out", async () => {
    const units = ["u1", "u2", "u3", "u4", "u5"];
    const id = await addResource(manager.browser, {}, units);
    const [delivered, kept, returned] = [
      (await reserve(manager.browser, id)).body.id as string,
      (await reserve(manager.browser, id)).body.id as string,
      (await reserve(manager.browser, id)).body.id as string,
    ];
    expect((await claim(manager.browser, delivered)).status).toBe(200);

    const removed = await manager.browser.delete(`/api/admin/catalogue/${id}`);

    expect(removed.body.resource).toMatchObject({
      added: 5,
      stock: 0,
      held: 2,
      delivered: 1,
      withdrawn: 2,
      removed: true,
    });
    expect(await findListed(id)).toBeUndefined();
    expect(await readStocked(manager.browser, id)).toMatchObject({ removed: true, held: 2 });
    const late = await claim(manager.browser, kept);
    expect(late).toMatchObject({ status: 200, body: { reservation: { state: "claimed" } } });
    expect(units).toContain(late.body.information);
    expect((await manager.browser.delete(`/api/reservations/${returned}`)).status).toBe(200);
    expect(await readStocked(manager.browser, id)).toMatchObject({
      added: 5,
      stock: 0,
      held: 0,
      delivered: 2,
      withdrawn: 3,
      available: 0,
    });
  });

  test("takes it out of the managers' list as well, once the last unit came back", async () => {
    const id = await addResource(manager.browser, { holdSeconds: 1 }, ["u1"]);
    expect((await reserve(manager.browser, id)).status).toBe(201);
    await manager.browser.delete(`/api/admin/catalogue/${id}`);
    await eventually(async () => !(await isManaged(id)));
  });
});

describe("the managers' figures", () => {
  test("tell how reservations went, and how long it took from reserving to claiming", async () => {
    const id = await addResource(manager.browser, {}, ["u1", "u2", "u3"]);
    for (let claims = 0; claims < 2; claims++)
      await claim(manager.browser, (await reserve(manager.browser, id)).body.id);
    await manager.browser.delete(
      `/api/reservations/${(await reserve(manager.browser, id)).body.id}`,
    );
    const shown = await readStocked(manager.browser, id);
    expect(shown).toMatchObject({
      stock: 1,
      delivered: 2,
      reservations: { made: 3, claimed: 2, expired: 0, released: 1 },
    });
    expect(shown.reservations.secondsToClaim).toBeGreaterThan(0);
  });
});

describe("a full catalogue", () => {
  test("takes no resource beyond the thousandth, until one is removed", async () => {
    const full = await startServer({ env: { RATE_LIMITS: "off" } });
    const owner = await bringPerson(full, { permissions: ["catalogue:manage"] });
    const id = await addResource(owner.browser, {}, []);
    const others = Array.from({ length: 999 }, (_, at) => ["1", `another-${at}`]);
    await full.command("ZADD", "{desk}resources", ...others.flat());
    const more = () => owner.browser.post("/api/admin/catalogue", { name: "One more" });
    expect(await more()).toMatchObject({
      status: 400,
      body: { code: "invalid_request", detail: "The catalogue holds at most 1000 resources." },
    });
    await owner.browser.delete(`/api/admin/catalogue/${id}`);
    expect((await more()).status).toBe(201);
    expect((await more()).status).toBe(400);
    await full.stop();
  });
});
