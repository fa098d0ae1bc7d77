// A first catalogue from the command line, made on a server that runs, and made again.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tasks, type StockedResource } from "../../shared/contract/catalogue.ts";
import { createBrowser, next } from "../support/client.ts";
import { runCommand } from "../support/command-line.ts";
import { bringPerson, claim, reserve, type Person } from "../support/desk.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let folder: string;
let manager: Person;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "rollcall-seed-"));
  server = await startServer({ env: { RATE_LIMITS: "off" } });
  manager = await bringPerson(server, { permissions: ["catalogue:manage", "desk:reserve"] });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const seed = async (...args: string[]) =>
  runCommand(["seed", ...args], {
    env: { DATA_DIR: path.join(folder, "data"), REDIS_URL: server.redis.url },
  });
const readCatalogue = async () =>
  (await manager.browser.get("/api/admin/catalogue")).body.resources as StockedResource[];

describe("a first catalogue", () => {
  test("has resources of every task with rules, limits and units, on open pages at once", async () => {
    const stranger = createBrowser(server.address);
    const page = await stranger.openPage();
    const told = next(page, "catalogue:changed", ({ available }) => available > 100);

    const made = await seed("--catalogue");

    expect(made).toMatchObject({ code: 0, complaint: "" });
    const resources = await readCatalogue();
    expect(made.output.trim().split("\n")).toEqual(
      resources.map(({ name, stock }) => `Made ${name}, with ${stock} units.`),
    );
    await told;
    stranger.close();
    expect(resources.length).toBeGreaterThanOrEqual(6);
    expect(new Set(resources.map(({ task }) => task))).toEqual(new Set(tasks));
    expect(new Set(resources.map(({ holdSeconds }) => holdSeconds)).size).toBeGreaterThan(3);
    for (const has of [
      ({ rule }: StockedResource) => rule?.countries,
      ({ rule }: StockedResource) => rule?.cities,
      ({ limit }: StockedResource) => limit,
    ])
      expect(resources.filter((one) => has(one) !== undefined).length).toBeGreaterThan(0);
    for (const { task, terms } of resources) if (task === "confirm") expect(terms).toBeDefined();
    for (const { stock } of resources) expect(stock).toBeGreaterThanOrEqual(100);
    const free = resources.find(({ task, rule }) => task === "none" && rule === undefined);
    const reserved = await reserve(manager.browser, free?.id as never);
    const { body } = await claim(manager.browser, reserved.body.id as string);
    expect(made.output).not.toContain(body.information);
  });

  test("is not doubled: what is there is named, what is missing or empty is made", async () => {
    const [removed, ...kept] = await readCatalogue();
    await manager.browser.delete(`/api/admin/catalogue/${removed.id}`);
    const again = await seed("--catalogue");
    expect(again).toMatchObject({ code: 0, complaint: "" });
    expect(again.output.trim().split("\n")).toEqual([
      `Made ${removed.name}, with ${removed.added} units.`,
      ...kept.map(({ name }) => `There already: ${name}.`),
    ]);
    const names = (await readCatalogue()).filter((one) => !one.removed).map(({ name }) => name);
    expect(names.toSorted()).toEqual([removed, ...kept].map(({ name }) => name).toSorted());
    expect((await seed("--catalogue")).output).not.toContain("Made");
  });

  test("can be made along with sessions for load tests, which take all of their options", async () => {
    const out = path.join(folder, "sessions.ndjson");
    const sizes = ["--accounts", "2", "--sessions-per-account", "3"];
    const both = await seed("--catalogue", ...sizes, "--out", out);
    expect(both).toMatchObject({ code: 0, complaint: "" });
    expect(both.output).toMatch(/^There already: [^]*\nMade 2 accounts with 6 live sessions in /);
    const incomplete = [[], sizes, ["--catalogue", "--out", out]].map((args) => seed(...args));
    for (const refused of await Promise.all(incomplete))
      expect(refused).toEqual({
        code: 2,
        output: "",
        complaint:
          "seed takes --catalogue, or --accounts, --sessions-per-account and --out together.\n",
      });
  });
});
