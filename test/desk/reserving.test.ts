// Reserving a unit: who may, how many, what is refused and how it is logged, and what other pages see of it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Event } from "../../shared/contract/activity.ts";
import type { ResourceId } from "../../shared/ids.ts";
import {
  createBrowser,
  eventually,
  goodPassword,
  next,
  setUpAdmin,
  type Browser,
} from "../support/client.ts";
import {
  addResource,
  bringPerson,
  claim,
  makeUnits,
  readOutcomes,
  readStocked,
  reserve,
} from "../support/desk.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let admin: Browser;
beforeAll(async () => {
  server = await startServer({ nodes: 2 });
  admin = await setUpAdmin(server.address, server.setupToken);
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

describe("a unit", () => {
  test("is held for whoever reserves it, delivered when claimed, and everybody sees it go", async () => {
    const units = makeUnits("happy", 2);
    const id = await addResource(admin, { name: "Concert", holdSeconds: 60 }, units);
    const person = await bringPerson(server);
    const own = await person.browser.openPage();
    const stranger = createBrowser(server.nodes[1].address);
    const page = await stranger.openPage();

    const seen = next(page, "catalogue:changed", (changed) => changed.id === id);
    const told = next(own, "reservation:changed");
    const held = await reserve(person.browser, id);
    expect(held.status).toBe(201);
    expect(held.body).toMatchObject({
      resourceId: id,
      resourceName: "Concert",
      state: "held",
      task: "none",
      taskDone: true,
      sessionId: person.sessionId,
    });
    expect(Date.parse(held.body.expiresAt) - Date.parse(held.body.createdAt)).toBe(60_000);
    expect(await seen).toEqual({ id, available: 1 });
    expect(await told).toEqual(held.body);
    expect(await readStocked(admin, id)).toMatchObject({ stock: 1, held: 1, delivered: 0 });

    const toldClaimed = next(own, "reservation:changed", ({ state }) => state === "claimed");
    const claimed = await claim(person.browser, held.body.id);
    expect(claimed.status).toBe(200);
    expect(units).toContain(claimed.body.information);
    expect(claimed.body.reservation).toMatchObject({ id: held.body.id, state: "claimed" });
    expect(await toldClaimed).toEqual(claimed.body.reservation);
    expect(await readStocked(admin, id)).toMatchObject({
      stock: 1,
      held: 0,
      delivered: 1,
      reservations: { made: 1, claimed: 1, expired: 0, released: 0 },
    });
    const [success] = await readOutcomes(admin, "success");
    expect(success).toMatchObject({
      kind: "success",
      code: "claimed",
      account: { id: person.id, username: person.username },
      sessionId: person.sessionId,
      resourceId: id,
      reservationId: held.body.id,
    });
    person.browser.close();
    stranger.close();
  });

  test("is held once however often the same key is sent, on whichever node", async () => {
    const id = await addResource(admin, {}, makeUnits("again", 5));
    const other = await addResource(admin, {}, makeUnits("other", 5));
    const { browser } = await bringPerson(server);
    const first = await reserve(browser, id, "key-1");
    browser.moveTo(server.nodes[1].address);
    const answers = await Promise.all([1, 2, 3].map(() => reserve(browser, id, "key-1")));
    for (const { status, body } of answers)
      expect({ status, body }).toEqual({ status: 201, body: first.body });
    expect(await readStocked(admin, id)).toMatchObject({ stock: 4, held: 1 });

    expect(await reserve(browser, other, "key-1")).toMatchObject({
      status: 422,
      body: { code: "idempotency_key_reused" },
    });
    expect((await reserve(browser, id, "key-2")).body.id).not.toBe(first.body.id);
    expect((await reserve(browser, id)).status).toBe(201);
    expect(await readStocked(admin, other)).toMatchObject({ stock: 5, held: 0 });
    expect(await readStocked(admin, id)).toMatchObject({ stock: 2, held: 3 });
    await eventually(async () => {
      const { events } = (await browser.get("/api/activity")).body;
      const told = events.filter(({ type }: Event) => type === "reservation.held");
      const ids = told.map(({ reservationId }: Event) => reservationId);
      expect(new Set(ids).size).toBe(ids.length);
      return ids.length === 3;
    });
  });

  test("belongs to the key of one account only", async () => {
    const id = await addResource(admin, {}, makeUnits("keys", 2));
    const [one, other] = [await bringPerson(server), await bringPerson(server)];
    const held = await Promise.all([one, other].map(({ browser }) => reserve(browser, id, "same")));
    expect(held.map(({ status }) => status)).toEqual([201, 201]);
    expect(new Set(held.map(({ body }) => body.id)).size).toBe(2);
  });

  test("is the next one in the order they were added, over several files", async () => {
    const units = makeUnits("order", 4);
    const id = await addResource(admin, {}, units.slice(0, 2));
    await admin.post(`/api/admin/catalogue/${id}/units`, { units: units.slice(2) });
    const { browser } = await bringPerson(server);
    const got: string[] = [];
    for (let count = 0; count < 4; count++) {
      const held = await reserve(browser, id);
      got.push((await claim(browser, held.body.id)).body.information as string);
    }
    expect(got).toEqual(units);
    expect((await reserve(browser, id)).body.code).toBe("out_of_stock");
  });
});

describe("a request to reserve is refused", () => {
  test("when nothing is left, as nobody's fault", async () => {
    const id = await addResource(admin, {}, makeUnits("last", 1));
    const [first, second] = [await bringPerson(server), await bringPerson(server)];
    await reserve(first.browser, id);
    expect(await reserve(second.browser, id)).toMatchObject({
      status: 409,
      body: { code: "out_of_stock" },
    });
    const [fail] = await readOutcomes(admin, "fail");
    expect(fail).toMatchObject({
      code: "out_of_stock",
      resourceId: id,
      account: { id: second.id },
      sessionId: second.sessionId,
    });
    expect(fail).not.toHaveProperty("ip");
  });

  test("beyond what one account may have, held or delivered", async () => {
    const id = await addResource(admin, { limit: 2 }, makeUnits("limit", 5));
    const { browser } = await bringPerson(server);
    const held = await reserve(browser, id);
    await claim(browser, held.body.id);
    const second = await reserve(browser, id);
    expect(second.status).toBe(201);
    expect(await reserve(browser, id)).toMatchObject({
      status: 409,
      body: { code: "limit_reached" },
    });
    expect((await readOutcomes(admin, "fail"))[0]).toMatchObject({ code: "limit_reached" });
    await browser.delete(`/api/reservations/${second.body.id}`);
    expect((await reserve(browser, id)).status).toBe(201);
  });

  test("without the permission, as a hack with its evidence, and the unit is untouched", async () => {
    const id = await addResource(admin, {}, makeUnits("permission", 1));
    const person = await bringPerson(server, { permissions: [] });
    const answer = await person.browser.post(
      "/api/reservations",
      { resourceId: id },
      { "x-forwarded-for": "203.0.113.9, 10.0.0.1", "user-agent": "Sneaky/1.0" },
    );
    expect(answer).toMatchObject({ status: 403, body: { code: "not_entitled" } });
    expect((await readOutcomes(admin, "hack"))[0]).toMatchObject({
      code: "not_entitled",
      account: { id: person.id, username: person.username },
      sessionId: person.sessionId,
      resourceId: id,
      ip: "127.0.0.1",
      forwardedFor: "203.0.113.9, 10.0.0.1",
      userAgent: "Sneaky/1.0",
    });
    expect(await readStocked(admin, id)).toMatchObject({ stock: 1, held: 0 });
  });

  test("where the rule names other countries or cities; a city however it is spelled", async () => {
    const rule = { countries: ["DE", "AT"], cities: ["Köln", "Wien"] };
    const id = await addResource(admin, { rule }, makeUnits("rule", 5));
    const lives = async (country: string, city: string): Promise<number> => {
      const person = await bringPerson(server);
      const profile = { country, city };
      expect((await admin.patch(`/api/admin/accounts/${person.id}`, profile)).status).toBe(200);
      return (await reserve(person.browser, id)).status;
    };
    expect(await lives("DE", "KÖLN")).toBe(201);
    expect(await lives("at", "  wien")).toBe(201);
    expect(await lives("FR", "Köln")).toBe(403);
    expect(await lives("DE", "Bonn")).toBe(403);
    expect(await lives("DE", "Köl")).toBe(403);
    expect(await lives("", "")).toBe(403);
    expect(await readStocked(admin, id)).toMatchObject({ stock: 3, held: 2 });
  });

  test("as nobody's fault for a lease after the rule or the account changed, then as a hack", async () => {
    const node = await server.startNode({ RATE_LIMITS: "off", LEASE: "1s" });
    const id = await addResource(admin, {}, makeUnits("changed", 1));
    const person = await bringPerson(server);
    person.browser.moveTo(node.address);
    await admin.patch(`/api/admin/catalogue/${id}`, { rule: { countries: ["FR"] } });
    const kindOfNext = async (): Promise<string> => {
      expect((await reserve(person.browser, id)).body.code).toBe("not_entitled");
      const { body } = await admin.get(`/api/admin/outcomes?account=${person.id}`);
      return body.outcomes[0].kind as string;
    };
    let times = 0;
    const changes = [
      () => admin.patch(`/api/admin/accounts/${person.id}`, { country: times++ % 2 ? "AT" : "DE" }),
      () => admin.patch(`/api/admin/accounts/${person.id}`, { city: `Linz ${times++}` }),
      () =>
        admin.put(`/api/admin/accounts/${person.id}/permissions`, {
          permissions: ["desk:reserve"],
        }),
      () =>
        admin.patch(`/api/admin/catalogue/${id}`, {
          rule: { countries: ["FR", times++ % 2 ? "BE" : "LU"] },
        }),
    ];
    for (const change of changes) {
      await eventually(async () => (await kindOfNext()) === "hack");
      // On a machine so slow that a lease passes in between, the change must be made again.
      await eventually(async () => {
        expect((await change()).status).toBe(200);
        return (await kindOfNext()) === "fail";
      });
    }
    await node.stop();
  }, 60_000);

  test("by the permissions of this moment, also on the node that has not been asked before", async () => {
    const id = await addResource(admin, {}, makeUnits("moment", 3));
    const person = await bringPerson(server);
    expect((await reserve(person.browser, id)).status).toBe(201);
    const path = `/api/admin/accounts/${person.id}/permissions`;
    await admin.put(path, { permissions: [] });
    for (const { address } of server.nodes.slice(0, 2)) {
      person.browser.moveTo(address);
      expect((await reserve(person.browser, id)).body.code).toBe("not_entitled");
    }
    await admin.put(path, { permissions: ["desk:reserve"] });
    expect((await reserve(person.browser, id)).status).toBe(201);
  });

  test("for what is not or no longer on the catalogue, or is no resource's id", async () => {
    const id = await addResource(admin, {}, makeUnits("removed", 1));
    await admin.delete(`/api/admin/catalogue/${id}`);
    const { browser } = await bringPerson(server);
    expect(await reserve(browser, id)).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect((await reserve(browser, "0123456789abcdef" as ResourceId)).status).toBe(404);
    for (const wrong of ["", "0123", "../../etc", "0123456789ABCDEF", 7, null, {}, ["x"]])
      expect(await browser.post("/api/reservations", { resourceId: wrong })).toMatchObject({
        status: 400,
        body: { code: "invalid_request", errors: [{ path: "resourceId" }] },
      });
    expect(await browser.post("/api/reservations")).toMatchObject({ status: 400 });
  });

  test("to strangers and guests", async () => {
    const id = await addResource(admin, {}, makeUnits("stranger", 1));
    const stranger = createBrowser(server.address);
    expect((await reserve(stranger, id)).status).toBe(401);
    await stranger.put(`/api/bin/${id}`, { quantity: 1 });
    expect(stranger.cookies.has("rollcall")).toBe(true);
    expect((await reserve(stranger, id)).body.code).toBe("not_signed_in");
  });

  test("with a key that is none", async () => {
    const id = await addResource(admin, {}, makeUnits("wrong-key", 1));
    const { browser } = await bringPerson(server);
    for (const key of ["a b", "x".repeat(256), "kéy"])
      expect(await reserve(browser, id, key)).toMatchObject({
        status: 400,
        body: { errors: [{ path: "idempotency-key" }] },
      });
    expect(await readStocked(admin, id)).toMatchObject({ stock: 1 });
  });

  test("when one account asks faster than any person, so that nobody floods the logs", async () => {
    const { browser } = await bringPerson(server);
    const nothing = "0123456789abcdef" as ResourceId;
    const answers = await Promise.all(Array.from({ length: 130 }, () => reserve(browser, nothing)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 404).length).toBeLessThanOrEqual(120);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body.code).toBe("too_many_attempts");
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

describe("the reservations of an account", () => {
  test("are listed newest first, to it alone", async () => {
    const id = await addResource(admin, {}, makeUnits("list", 5));
    const [person, other] = [await bringPerson(server), await bringPerson(server)];
    const made: string[] = [];
    for (let count = 0; count < 3; count++)
      made.unshift((await reserve(person.browser, id)).body.id as string);
    await claim(person.browser, made[1]);
    const { body } = await person.browser.get("/api/reservations");
    expect(body.reservations.map((one: { id: string }) => one.id)).toEqual(made);
    expect(body.reservations.map((one: { state: string }) => one.state)).toEqual([
      "held",
      "claimed",
      "held",
    ]);
    expect((await other.browser.get("/api/reservations")).body).toEqual({ reservations: [] });
    expect((await other.browser.get(`/api/reservations/${made[0]}`)).status).toBe(404);
  });

  test("stay with it when the sessions that made them end", async () => {
    const id = await addResource(admin, {}, makeUnits("stay", 1));
    const person = await bringPerson(server);
    const held = await reserve(person.browser, id);
    const ended = await admin.delete(`/api/admin/accounts/${person.id}/sessions`);
    expect(ended.body).toMatchObject({ ended: 1 });
    const again = createBrowser(server.nodes[1].address);
    expect((await again.signIn(person.username, goodPassword)).status).toBe(200);
    expect((await again.get("/api/reservations")).body.reservations).toEqual([held.body]);
    expect((await claim(again, held.body.id)).status).toBe(200);
  });
});

describe("pages that watch the desk", () => {
  test("are sent its figures and outcomes, and nobody else is", async () => {
    const id = await addResource(admin, {}, makeUnits("watched", 1));
    const person = await bringPerson(server, { node: 1 });
    const page = await admin.openPage();
    const own = await person.browser.openPage();
    expect(await own.emitWithAck("watch", { topic: "desk" })).toEqual({
      ok: false,
      code: "forbidden",
    });
    const strayed: unknown[] = [];
    own.on("desk", (batch) => strayed.push(batch));
    expect(await page.emitWithAck("watch", { topic: "desk" })).toEqual({ ok: true });

    const figures = next(page, "desk", ({ resources }) =>
      resources.some((one) => one.id === id && one.held === 1 && one.stock === 0),
    );
    const failed = next(page, "desk", ({ outcomes }) =>
      outcomes.some(({ code, account }) => code === "out_of_stock" && account.id === person.id),
    );
    const held = await reserve(person.browser, id);
    await reserve(person.browser, id);
    await Promise.all([figures, failed]);
    const delivered = next(page, "desk", ({ resources, outcomes }) =>
      [resources.some((one) => one.id === id && one.delivered === 1), outcomes.length > 0].every(
        Boolean,
      ),
    );
    await claim(person.browser, held.body.id);
    expect((await delivered).outcomes.at(-1)).toMatchObject({ kind: "success", code: "claimed" });
    expect(strayed).toEqual([]);
    person.browser.close();
  });
});
