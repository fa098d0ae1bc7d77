// Claiming a held unit and giving it back: once, by its account, in time; and who may ever read it.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createBrowser,
  eventually,
  goodPassword,
  setUpAdmin,
  type Browser,
} from "../support/client.ts";
import {
  addResource,
  bringDevice,
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
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off", STEP_UP_WINDOW: "1h" } });
  admin = await setUpAdmin(server.address, server.setupToken);
});
afterAll(() => server.stop());

const release = (browser: Browser, id: string) => browser.delete(`/api/reservations/${id}`);
const show = (browser: Browser, id: string) => browser.get(`/api/reservations/${id}`);

/** Held for a second, and nobody claimed it. */
async function holdUntilExpired(browser: Browser, name: string) {
  const resource = await addResource(admin, { holdSeconds: 1 }, makeUnits(name, 1));
  const { body } = await reserve(browser, resource);
  const id = body.id as string;
  await eventually(async () => (await show(browser, id)).body.state === "expired");
  return { resource, id };
}

describe("a claim", () => {
  test("delivers one unit once, and again only to the same key", async () => {
    const resource = await addResource(admin, {}, makeUnits("once", 3));
    const { browser } = await bringPerson(server);
    const held = await reserve(browser, resource);
    const first = await claim(browser, held.body.id, "claim-1");
    expect(first.status).toBe(200);
    browser.moveTo(server.nodes[1].address);
    const again = await claim(browser, held.body.id, "claim-1");
    expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: first.body });
    for (const key of ["claim-2", undefined])
      expect(await claim(browser, held.body.id, key)).toMatchObject({
        status: 409,
        body: { code: "already_claimed" },
      });
    expect(await readStocked(admin, resource)).toMatchObject({ stock: 2, delivered: 1, held: 0 });
    const successes = await readOutcomes(admin, "success");
    expect(successes.filter(({ resourceId }) => resourceId === resource)).toHaveLength(1);
    const [fail] = await readOutcomes(admin, "fail");
    expect(fail).toMatchObject({ code: "already_claimed", reservationId: held.body.id });
  });

  test("has one winner among many at once on both nodes", async () => {
    const resource = await addResource(admin, {}, makeUnits("many", 2));
    const person = await bringPerson(server);
    const phone = await bringDevice(server, person, 1);
    const held = await reserve(person.browser, resource);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        claim((at % 2 === 0 ? person : phone).browser, held.body.id),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === "already_claimed")).toHaveLength(39);
    expect(await readStocked(admin, resource)).toMatchObject({ stock: 1, delivered: 1 });
  });

  test("of what is not the caller's is answered as if there were none, and logged as a hack", async () => {
    const resource = await addResource(admin, {}, makeUnits("foreign", 1));
    const [person, other] = [await bringPerson(server), await bringPerson(server)];
    const { body: held } = await reserve(person.browser, resource);
    const altered = `${held.id.slice(0, -1)}${held.id.endsWith("0") ? "1" : "0"}`;
    const answers = [await claim(other.browser, held.id), await claim(other.browser, altered)];
    for (const { status, body } of answers)
      expect({ status, code: body.code }).toEqual({ status: 404, code: "not_found" });
    const [unknown, notYours] = await readOutcomes(admin, "hack");
    expect(unknown).toMatchObject({ code: "unknown_reservation", reservationId: altered });
    expect(unknown).not.toHaveProperty("resourceId");
    expect(notYours).toMatchObject({
      code: "not_yours",
      reservationId: held.id,
      resourceId: resource,
      account: { id: other.id },
      ip: "127.0.0.1",
    });
    // Nor does their own history tell them apart.
    await eventually(async () => {
      const { body } = await other.browser.get("/api/activity");
      const codes = body.events.flatMap((event: { code?: string }) => event.code ?? []);
      return codes.length === 2 && codes.every((code: string) => code === "unknown_reservation");
    });
    expect((await claim(person.browser, held.id)).status).toBe(200);
  });

  test.each(["x", "0".repeat(19), "0".repeat(21), "O0000000000000000000", "%2e%2e", "'--"])(
    "of %s is no claim",
    async (id) => {
      const { browser } = await bringPerson(server);
      expect([400, 404]).toContain((await claim(browser, id)).status);
      expect([400, 404]).toContain((await release(browser, id)).status);
      const hacks = await readOutcomes(admin, "hack");
      expect(hacks.filter(({ reservationId }) => reservationId === id)).toEqual([]);
    },
  );

  test("comes too late once it has run out, and the unit is back for the next", async () => {
    const person = await bringPerson(server);
    const { resource, id } = await holdUntilExpired(person.browser, "late");
    expect(await claim(person.browser, id)).toMatchObject({
      status: 409,
      body: { code: "reservation_expired" },
    });
    expect((await readOutcomes(admin, "fail"))[0]).toMatchObject({
      code: "reservation_expired",
      reservationId: id,
    });
    expect((await release(person.browser, id)).body.code).toBe("reservation_expired");
    const task = await person.browser.post(`/api/reservations/${id}/task`);
    expect(task.body.code).toBe("reservation_expired");
    const next = await bringPerson(server);
    const held = await reserve(next.browser, resource);
    const claimed = await claim(next.browser, held.body.id);
    expect(claimed.body.information).toBe(makeUnits("late", 1)[0]);
    expect(await readStocked(admin, resource)).toMatchObject({
      delivered: 1,
      reservations: { made: 2, claimed: 1, expired: 1, released: 0 },
    });
  });

  test("comes too late the moment its time is up, and so does anything else, before any clock has looked", async () => {
    const resource = await addResource(admin, { task: "confirm" }, makeUnits("moment", 1));
    const { browser } = await bringPerson(server);
    const steps = [
      (id: string) => claim(browser, id),
      (id: string) => release(browser, id),
      (id: string) => browser.post(`/api/reservations/${id}/task`, { accept: true }),
    ];
    for (const [at, step] of steps.entries()) {
      const { body } = await reserve(browser, resource);
      if (at === 0) await browser.post(`/api/reservations/${body.id}/task`, { accept: true });
      await server.command("HSET", `{desk}reservation:${body.id}`, "e", "1");
      expect(await step(body.id)).toMatchObject({
        status: 409,
        body: { code: "reservation_expired" },
      });
      expect((await show(browser, body.id)).body.state).toBe("expired");
      expect(await readStocked(admin, resource)).toMatchObject({ stock: 1, held: 0 });
    }
    await eventually(async () => {
      const { events } = (await browser.get("/api/activity")).body;
      const told = events.filter(({ type }: { type: string }) => type === "reservation.expired");
      return told.length === 3;
    });
  });

  test("counts how long people took, so that their median can be shown", async () => {
    const resource = await addResource(admin, {}, makeUnits("median", 3));
    const { browser } = await bringPerson(server);
    expect((await readStocked(admin, resource)).reservations.secondsToClaim).toBeNull();
    for (const secondsAgo of [2, 60, 600]) {
      const { body } = await reserve(browser, resource);
      const row = `{desk}reservation:${body.id}`;
      const created = Number(await server.command("HGET", row, "c"));
      await server.command("HSET", row, "c", String(created - secondsAgo * 1000));
      expect((await claim(browser, body.id)).status).toBe(200);
    }
    const { secondsToClaim } = (await readStocked(admin, resource)).reservations;
    expect(secondsToClaim).toBeGreaterThan(52);
    expect(secondsToClaim).toBeLessThan(75);
  });
});

describe("giving back", () => {
  test("returns the unit to the stock, and asking again changes nothing", async () => {
    const resource = await addResource(admin, {}, makeUnits("back", 1));
    const { browser } = await bringPerson(server);
    const held = await reserve(browser, resource);
    const released = await release(browser, held.body.id);
    expect(released).toMatchObject({ status: 200, body: { state: "released" } });
    const again = await release(browser, held.body.id);
    expect({ status: again.status, body: again.body }).toEqual({
      status: 200,
      body: released.body,
    });
    expect(await claim(browser, held.body.id)).toMatchObject({
      status: 409,
      body: { code: "reservation_expired" },
    });
    expect(await readStocked(admin, resource)).toMatchObject({
      stock: 1,
      held: 0,
      reservations: { made: 1, released: 1, expired: 0 },
    });
    const held2 = await reserve(browser, resource);
    await claim(browser, held2.body.id);
    expect((await release(browser, held2.body.id)).body.code).toBe("already_claimed");
  });

  test("what somebody else holds is a hack", async () => {
    const resource = await addResource(admin, {}, makeUnits("not-back", 1));
    const [person, other] = [await bringPerson(server), await bringPerson(server)];
    const held = await reserve(person.browser, resource);
    expect((await release(other.browser, held.body.id)).status).toBe(404);
    expect((await release(other.browser, "0".repeat(20))).status).toBe(404);
    const codes = (await readOutcomes(admin, "hack")).slice(0, 2).map(({ code }) => code);
    expect(codes).toEqual(["unknown_reservation", "not_yours"]);
    expect((await claim(person.browser, held.body.id)).status).toBe(200);
  });
});

describe("what was delivered", () => {
  test("is shown again to its owner, in a fresh session", async () => {
    const resource = await addResource(admin, {}, makeUnits("shown", 2));
    const person = await bringPerson(server);
    const held = await reserve(person.browser, resource);
    expect((await show(person.browser, held.body.id)).body).toEqual(held.body);
    const claimed = await claim(person.browser, held.body.id);
    const { information, reservation } = claimed.body;
    expect((await show(person.browser, held.body.id)).body).toEqual({
      ...reservation,
      information,
    });

    const stale = await server.startNode({ STEP_UP_WINDOW: "1s" });
    person.browser.moveTo(stale.address);
    await eventually(async () => {
      const { body } = await show(person.browser, held.body.id);
      expect(body).toMatchObject(reservation);
      return !("information" in body);
    });
    await person.browser.post("/api/reauthenticate", { password: goodPassword });
    person.browser.moveTo(server.address);
    expect((await show(person.browser, held.body.id)).body.information).toBe(information);
    await stale.stop();
  });

  test("can be read nowhere else: no list, page, log, export or outcome", async () => {
    const units = makeUnits("secret", 4);
    const resource = await addResource(admin, { holdSeconds: 1 }, units.slice(0, 1));
    const claimable = await addResource(admin, {}, units.slice(1));
    const person = await bringPerson(server);
    const other = await bringPerson(server);
    const stranger = createBrowser(server.nodes[1].address);
    const heard: unknown[] = [];
    for (const browser of [admin, person.browser, other.browser, stranger]) {
      const page = await browser.openPage();
      page.onAny((...event) => heard.push(event));
      for (const topic of ["desk", "activity", "stats", "sessions"] as const)
        await page.emitWithAck("watch", { topic });
    }
    const expired = await reserve(person.browser, resource);
    const claimed = await reserve(person.browser, claimable);
    const released = await reserve(person.browser, claimable);
    const kept = await reserve(person.browser, claimable);
    await claim(other.browser, kept.body.id);
    await release(person.browser, released.body.id);
    const { information } = (await claim(person.browser, claimed.body.id)).body;
    expect(units).toContain(information);
    await eventually(
      async () => (await show(person.browser, expired.body.id)).body.state === "expired",
    );
    await eventually(() => JSON.stringify(heard).includes("outcome.success"));

    const paths = [
      ...["/api/catalogue", "/api/reservations", "/api/activity", "/api/bin", "/api/me"],
      ...["/api/admin/catalogue", "/api/admin/outcomes", "/api/admin/activity"],
      ...["success", "fail", "hack"].map((kind) => `/api/admin/outcomes/export?kind=${kind}`),
      ...[expired, released, kept].map(({ body }) => `/api/reservations/${body.id}`),
      `/api/admin/accounts/${person.id}/desk`,
    ];
    const answers: string[] = [];
    for (const { browser } of [{ browser: admin }, person, other, { browser: stranger }])
      for (const path of paths) answers.push(JSON.stringify((await browser.get(path)).body));
    expect(answers.join()).toContain(claimable);
    const told = [...answers, JSON.stringify(heard), ...server.nodes.flatMap((one) => one.logged)];
    for (const unit of units) expect(told.filter((text) => text.includes(unit))).toEqual([]);
    for (const browser of [admin, person.browser, other.browser, stranger]) browser.close();
  });
});
