// What has to be done between reserving and claiming: nothing, agreeing, proving the password, or approving on
// another device that the account knew before.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
  bringDevice,
  bringPerson,
  claim,
  makeUnits,
  readOutcomes,
  reserve,
  type Person,
} from "../support/desk.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Task } from "../../shared/contract/catalogue.ts";

let server: TestServer;
let admin: Browser;
beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  admin = await setUpAdmin(server.address, server.setupToken);
});
afterAll(() => server.stop());

async function hold(person: Person, task: Task, more = {}): Promise<string> {
  const id = await addResource(admin, { task, ...more }, makeUnits(`${task}-${person.id}`, 2));
  const held = await reserve(person.browser, id);
  expect(held).toMatchObject({ status: 201, body: { task, taskDone: false } });
  return held.body.id as string;
}

const doTask = (browser: Browser, id: string, body?: unknown) =>
  browser.post(`/api/reservations/${id}/task`, body);

const wants = (path: string) => ({
  status: 400,
  body: { code: "invalid_request", errors: [{ path }] },
});

describe("confirm", () => {
  test("shows the terms, wants them accepted, and then lets claim", async () => {
    const person = await bringPerson(server);
    const terms = "You may not resell it.\nReally.";
    const id = await hold(person, "confirm", { terms });
    expect((await person.browser.get(`/api/reservations/${id}`)).body.terms).toBe(terms);
    expect(await doTask(person.browser, id)).toMatchObject(wants("accept"));
    expect(await doTask(person.browser, id, {})).toMatchObject(wants("accept"));
    expect(await doTask(person.browser, id, { approve: true })).toMatchObject(wants("accept"));
    expect(await doTask(person.browser, id, { accept: false })).toMatchObject(wants("accept"));
    expect(await doTask(person.browser, id, { accept: "yes" })).toMatchObject(wants("accept"));
    const early = await claim(person.browser, id);
    expect(early).toMatchObject({ status: 403, body: { code: "task_not_done" } });
    expect((await readOutcomes(admin, "hack"))[0]).toMatchObject({
      code: "task_not_done",
      reservationId: id,
      account: { id: person.id },
    });

    const page = await person.browser.openPage();
    const told = next(page, "reservation:changed");
    const done = await doTask(person.browser, id, { accept: true });
    expect(done).toMatchObject({ status: 200, body: { id, state: "held", taskDone: true } });
    expect(await told).toEqual(done.body);
    expect(await doTask(person.browser, id)).toMatchObject({ status: 200, body: done.body });
    expect((await claim(person.browser, id)).status).toBe(200);
    expect((await doTask(person.browser, id, { accept: true })).body.code).toBe("already_claimed");
    person.browser.close();
  });

  test("keeps the terms that there were when it was reserved", async () => {
    const person = await bringPerson(server);
    const resource = await addResource(
      admin,
      { task: "confirm", terms: "The old terms." },
      makeUnits("terms", 1),
    );
    const held = await reserve(person.browser, resource);
    await admin.patch(`/api/admin/catalogue/${resource}`, { terms: "The new.", task: "none" });
    const { body } = await person.browser.get(`/api/reservations/${held.body.id}`);
    expect(body).toMatchObject({ terms: "The old terms.", task: "confirm", taskDone: false });
  });
});

describe("reauthenticate", () => {
  test("wants the password to be proved after reserving", async () => {
    const person = await bringPerson(server);
    const id = await hold(person, "reauthenticate");
    expect(await doTask(person.browser, id)).toMatchObject({
      status: 403,
      body: { code: "reauthentication_required" },
    });
    const proof = { password: goodPassword };
    expect((await person.browser.post("/api/reauthenticate", proof)).status).toBe(200);
    expect(await doTask(person.browser, id)).toMatchObject({
      status: 200,
      body: { taskDone: true },
    });
    expect((await claim(person.browser, id)).status).toBe(200);
  });

  test("is also done by a session that signed in after reserving, but not by one from before", async () => {
    const person = await bringPerson(server);
    const before = await bringDevice(server, person);
    const id = await hold(person, "reauthenticate");
    expect((await doTask(before.browser, id)).status).toBe(403);
    const after = await bringDevice(server, person, 1);
    expect((await doTask(after.browser, id)).status).toBe(200);
  });
});

describe("other_device", () => {
  test("is approved on another device that was known before, whose pages hear of it live", async () => {
    const person = await bringPerson(server);
    const phone = await bringDevice(server, person, 1);
    await person.browser.patch(`/api/sessions/${phone.sessionId}`, { recognised: true });
    const page = await phone.browser.openPage();
    const told = next(page, "reservation:changed");
    const id = await hold(person, "other_device");
    expect(await told).toMatchObject({ id, task: "other_device", sessionId: person.sessionId });

    expect(await doTask(person.browser, id)).toMatchObject(wants("approve"));
    expect(await doTask(person.browser, id, { accept: true })).toMatchObject(wants("approve"));
    expect(await doTask(person.browser, id, { approve: true })).toMatchObject({
      status: 403,
      body: { code: "other_device_needed" },
    });
    const waiting = await person.browser.openPage();
    const approved = next(waiting, "reservation:changed", ({ taskDone }) => taskDone);
    // Its node may hear a moment later that the phone is known.
    await eventually(
      async () => (await doTask(phone.browser, id, { approve: true })).status === 200,
    );
    expect(await approved).toMatchObject({ id, state: "held", taskDone: true });
    expect((await claim(person.browser, id)).status).toBe(200);
    for (const { browser } of [person, phone]) browser.close();
  });

  test("is not approved on a device that came later, nor on one that nobody has recognised", async () => {
    const person = await bringPerson(server);
    const unfamiliar = await bringDevice(server, person);
    const id = await hold(person, "other_device");
    const later = await bringDevice(server, person, 1);
    // Whoever has the password could recognise a device of their own.
    await person.browser.patch(`/api/sessions/${later.sessionId}`, { recognised: true });
    for (const { browser } of [unfamiliar, later])
      expect(await doTask(browser, id, { approve: true })).toMatchObject({
        status: 403,
        body: { code: "other_device_needed" },
      });
    await person.browser.patch(`/api/sessions/${unfamiliar.sessionId}`, { recognised: true });
    expect((await doTask(unfamiliar.browser, id, { approve: true })).status).toBe(200);
  });

  test("is not approved in another session of the device that reserved", async () => {
    const person = await bringPerson(server);
    const phone = await bringDevice(server, person);
    await person.browser.patch(`/api/sessions/${phone.sessionId}`, { recognised: true });
    const id = await hold(person, "other_device");
    const again = await person.browser.signIn(person.username);
    expect(again.status).toBe(200);
    expect(again.body.session.id).not.toBe(person.sessionId);
    expect((await doTask(person.browser, id, { approve: true })).status).toBe(403);
    expect((await doTask(phone.browser, id, { approve: true })).status).toBe(200);
  });
});

test("nothing has to be done where there is no task", async () => {
  const person = await bringPerson(server);
  const id = await addResource(admin, {}, makeUnits("none", 1));
  const held = await reserve(person.browser, id);
  expect(held.body).toMatchObject({ task: "none", taskDone: true });
  expect(held.body).not.toHaveProperty("terms");
  expect((await doTask(person.browser, held.body.id)).body).toEqual(held.body);
});

test("the task of somebody else's reservation is not there, and asking for it is logged", async () => {
  const [person, other] = [await bringPerson(server), await bringPerson(server)];
  const id = await hold(person, "confirm");
  const unknown = "00000000000000000000";
  for (const [target, code] of [
    [id, "not_yours"],
    [unknown, "unknown_reservation"],
  ] as const) {
    const answer = await doTask(other.browser, target, { accept: true });
    expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect((await readOutcomes(admin, "hack"))[0]).toMatchObject({
      code,
      reservationId: target,
      account: { id: other.id },
    });
  }
  expect((await person.browser.get(`/api/reservations/${id}`)).body.taskDone).toBe(false);
  expect((await doTask(createBrowser(server.address), id, { accept: true })).status).toBe(401);
});
