// How units come back without anybody giving them back: by time, by the account's end, by a verdict; and what
// becomes of them when their resource is gone.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Event } from "../../shared/contract/activity.ts";
import type { CatalogueChanged } from "../../shared/live.ts";
import { eventually, next, setUpAdmin, signInBrowser, type Browser } from "../support/client.ts";
import {
  addResource,
  bringPerson,
  claim,
  makeUnits,
  readOutcomes,
  readStocked,
  reserve,
  type Person,
} from "../support/desk.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let admin: Browser;
beforeAll(async () => {
  server = await startServer({ nodes: 3, env: { RATE_LIMITS: "off" } });
  admin = await setUpAdmin(server.address, server.setupToken);
});
afterAll(() => server.stop());

async function readEvents(account: string, type: Event["type"]): Promise<Event[]> {
  const { body } = await admin.get(`/api/admin/activity?account=${account}&type=${type}`);
  return (body as { events: Event[] }).events;
}

const stateOf = async ({ browser }: Person, id: string): Promise<string> =>
  (await browser.get(`/api/reservations/${id}`)).body.state as string;

describe("time", () => {
  test("takes back what nobody claimed, tells its owner and everybody, and is told of once", async () => {
    const id = await addResource(admin, { holdSeconds: 1 }, makeUnits("time", 3));
    const person = await bringPerson(server, { node: 2 });
    const page = await person.browser.openPage();
    const heard: CatalogueChanged[] = [];
    page.on("catalogue:changed", (changed) => changed.id === id && heard.push(changed));
    const told = next(page, "reservation:changed", ({ state }) => state === "expired");
    const held = await Promise.all([1, 2, 3].map(() => reserve(person.browser, id)));
    await eventually(() => heard.length > 1 && heard.at(-1)?.available === 3);
    expect((await told).endedAt).toBeDefined();
    for (const { body } of held) {
      const { body: row } = await person.browser.get(`/api/reservations/${body.id}`);
      expect(row).toMatchObject({ state: "expired" });
      expect(Date.parse(row.endedAt)).toBeGreaterThanOrEqual(Date.parse(row.expiresAt));
    }
    expect(await readStocked(admin, id)).toMatchObject({
      stock: 3,
      held: 0,
      reservations: { made: 3, expired: 3, claimed: 0, released: 0 },
    });
    const expired = await eventually(async () => {
      const events = await readEvents(person.id, "reservation.expired");
      return events.length >= 3 && events;
    });
    const ids = held.map(({ body }) => body.id as string).toSorted();
    expect(expired.map(({ reservationId }) => reservationId as string).toSorted()).toEqual(ids);
    expect(expired[0]).toMatchObject({
      account: { id: person.id },
      sessionId: person.sessionId,
      resource: { id, name: "Tickets" },
    });
    person.browser.close();
  });

  test("is up at once for the next who asks, before any clock has looked", async () => {
    const id = await addResource(admin, { limit: 1 }, makeUnits("overdue", 1));
    const [person, other] = [await bringPerson(server), await bringPerson(server)];
    const overdue = async (reservation: string) => {
      await server.command("HSET", `{desk}reservation:${reservation}`, "e", "1");
      await server.command("ZADD", "{desk}due", "1", reservation);
    };
    const first = (await reserve(person.browser, id)).body.id as string;
    await overdue(first);
    const second = await reserve(other.browser, id);
    expect(second.status).toBe(201);
    expect(await stateOf(person, first)).toBe("expired");
    await overdue(second.body.id as string);
    // Of its own too, when that is what stands in the way.
    expect((await reserve(other.browser, id)).status).toBe(201);
    expect(await readStocked(admin, id)).toMatchObject({ stock: 0, held: 1 });
    await eventually(async () => (await readEvents(person.id, "reservation.expired")).length === 1);
  });
});

describe("an account that is disabled", () => {
  const setDisabled = async (person: Person, disabled: boolean): Promise<void> => {
    const path = `/api/admin/accounts/${person.id}/status`;
    expect((await admin.put(path, { disabled })).status).toBe(200);
  };

  test("gives back what it holds, keeps what was delivered, and may go on when it is enabled", async () => {
    const id = await addResource(admin, {}, makeUnits("disabled", 4));
    const person = await bringPerson(server, { node: 1 });
    const claimed = await reserve(person.browser, id);
    await claim(person.browser, claimed.body.id);
    for (let count = 0; count < 2; count++) await reserve(person.browser, id);
    expect(await readStocked(admin, id)).toMatchObject({ stock: 1, held: 2, delivered: 1 });

    await setDisabled(person, true);
    await eventually(async () => (await readStocked(admin, id)).held === 0);
    expect(await readStocked(admin, id)).toMatchObject({
      stock: 3,
      delivered: 1,
      reservations: { released: 2 },
    });
    await eventually(
      async () => (await readEvents(person.id, "reservation.released")).length === 2,
    );
    await setDisabled(person, false);
    const { browser } = await signInBrowser(server.address, person.username);
    const again = await reserve(browser, id);
    expect(again.status).toBe(201);

    // Nodes that start now read the ledger again, and with it that the account was disabled.
    const late = await server.startNode();
    browser.moveTo(late.address);
    await late.core.desk.giveBackDue();
    expect((await browser.get(`/api/reservations/${again.body.id}`)).body.state).toBe("held");
    expect((await claim(browser, again.body.id)).status).toBe(200);
    await late.stop();
  });

  test("holds nothing through a request that was on its way", async () => {
    const id = await addResource(admin, {}, makeUnits("on-its-way", 50));
    const person = await bringPerson(server, { node: 1 });
    const nodes = server.nodes.slice(0, 3).map(({ address }) => address);
    const cookie = { cookie: person.browser.cookieHeader(), "content-type": "application/json" };
    const body = JSON.stringify({ resourceId: id });
    const asking = Array.from({ length: 45 }, (_, at) =>
      fetch(`${nodes[at % 3]}/api/reservations`, { method: "POST", headers: cookie, body }),
    );
    const [answers] = await Promise.all([Promise.all(asking), setDisabled(person, true)]);
    for (const { status } of answers) expect([201, 401, 503]).toContain(status);
    await eventually(async () => (await readStocked(admin, id)).held === 0);
    expect(await readStocked(admin, id)).toMatchObject({ stock: 50, delivered: 0 });
  });
});

describe("an account whose hack was judged to be one", () => {
  test("gives back what it holds, and only that", async () => {
    const id = await addResource(admin, { task: "confirm" }, makeUnits("judged", 3));
    const [person, other] = [await bringPerson(server), await bringPerson(server)];
    const held = await reserve(person.browser, id);
    const kept = await reserve(other.browser, id);
    expect((await claim(person.browser, held.body.id)).status).toBe(403);
    const [hack] = await readOutcomes(admin, "hack");
    const judge = (verdict: string) =>
      admin.post(`/api/admin/outcomes/${hack.id}/judge`, { verdict });
    expect((await judge("mistake")).body.released).toBe(0);
    expect(await stateOf(person, held.body.id)).toBe("held");
    expect((await judge("hack")).body.released).toBe(1);
    expect(await stateOf(person, held.body.id)).toBe("released");
    expect(await stateOf(other, kept.body.id)).toBe("held");
    expect((await judge("hack")).body.released).toBe(0);
    expect(await readStocked(admin, id)).toMatchObject({ stock: 2, held: 1 });
  });

  test("gives back more than one portion of it", async () => {
    const id = await addResource(admin, {}, makeUnits("portions", 250));
    const person = await bringPerson(server);
    const held = await Promise.all(Array.from({ length: 230 }, () => reserve(person.browser, id)));
    await claim(person.browser, held[100].body.id);
    expect(await server.nodes[1].core.desk.releaseAll(person.id)).toBe(229);
    expect(await readStocked(admin, id)).toMatchObject({ stock: 249, held: 0, delivered: 1 });
  });
});

describe("a resource that is removed", () => {
  test("withdraws what is free, lets what is held be claimed, and withdraws what comes back", async () => {
    const id = await addResource(admin, {}, makeUnits("gone", 6));
    const person = await bringPerson(server);
    const held: string[] = [];
    for (let count = 0; count < 4; count++)
      held.push((await reserve(person.browser, id)).body.id as string);
    expect((await admin.delete(`/api/admin/catalogue/${id}`)).status).toBe(200);
    expect(await readStocked(admin, id)).toMatchObject({ stock: 0, held: 4, withdrawn: 2 });
    expect((await reserve(person.browser, id)).status).toBe(404);

    expect((await claim(person.browser, held[0])).status).toBe(200);
    await person.browser.delete(`/api/reservations/${held[1]}`);
    await server.command("HSET", `{desk}reservation:${held[2]}`, "e", "1");
    await server.command("ZADD", "{desk}due", "1", held[2]);
    await eventually(async () => (await stateOf(person, held[2])) === "expired");
    await server.command("HSET", `{desk}reservation:${held[3]}`, "e", "1");
    await server.command("ZADD", "{desk}due", "1", held[3]);
    expect((await claim(person.browser, held[3])).status).toBe(409);
    expect(await readStocked(admin, id)).toMatchObject({
      removed: true,
      stock: 0,
      held: 0,
      delivered: 1,
      withdrawn: 5,
    });
    expect(await server.command("EXISTS", `{desk}units:${id}:returned`)).toBe(0);
  });
});
