// What somebody who attacked the desk found open once, and what must stay shut.
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRemembered, restart } from "../doors/holders.ts";
import { signInBrowser } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { RATE_LIMITS: "off" } });
});
afterAll(() => server.stop());

const openManager = async () => {
  const { username } = await server.createAccount(["catalogue:manage"]);
  return (await signInBrowser(server.address, username)).browser;
};

test("a rule of cities is for people of those cities, and a city that is no name makes no rule", async () => {
  const manager = await openManager();
  const wrong = { name: "Something", rule: { cities: ["Berlin", "|"] } };
  expect(await manager.post("/api/admin/catalogue", wrong)).toMatchObject({
    status: 400,
    body: { code: "invalid_request", errors: [{ path: "rule.cities.1" }] },
  });
  const right = { name: "Something", rule: { cities: ["Berlin"] } };
  const { id } = (await manager.post("/api/admin/catalogue", right)).body.resource as {
    id: string;
  };
  await manager.post(`/api/admin/catalogue/${id}/units`, { units: ["a code"] });
  const { username } = await server.createAccount(["desk:reserve"]);
  const { browser } = await signInBrowser(server.address, username);
  expect((await browser.post("/api/reservations", { resourceId: id })).status).toBe(403);
});

test("a claim is repeated for whoever lost the answer, and for a remembered session only with the password", async () => {
  const manager = await openManager();
  const made = await manager.post("/api/admin/catalogue", { name: "Something" });
  const { id: resourceId } = made.body.resource as { id: string };
  await manager.post(`/api/admin/catalogue/${resourceId}/units`, { units: ["the code"] });
  const { username } = await server.createAccount(["desk:reserve"]);
  const { browser } = await openRemembered(server.address, username);
  const { id } = (await browser.post("/api/reservations", { resourceId })).body as { id: string };
  const key = { "idempotency-key": "kk" };
  const claim = () => browser.post(`/api/reservations/${id}/claim`, undefined, key);
  expect((await claim()).body.information).toBe("the code");
  expect((await claim()).body.information).toBe("the code");
  restart(browser);
  expect(await claim()).toMatchObject({ status: 403, body: { code: "reauthentication_required" } });
});

test("an empty idempotency key is none, and says so", async () => {
  const { username } = await server.createAccount(["desk:reserve"]);
  const { browser } = await signInBrowser(server.address, username);
  const body = { resourceId: "0".repeat(16) };
  const answer = await browser.post("/api/reservations", body, { "idempotency-key": '""' });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "idempotency-key" }] } });
});

test("a body that says it is packed is not unpacked", async () => {
  const manager = await openManager();
  const made = await manager.post("/api/admin/catalogue", { name: "Something" });
  const { id } = made.body.resource as { id: string };
  const packed = { "content-encoding": "gzip" };
  const json = await manager.post("/api/admin/catalogue", '{"name":"x"}', packed);
  expect(json).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
  for (const headers of [
    { ...packed, "content-type": "text/plain" },
    { "content-type": "text/plain; charset=utf-16" },
  ]) {
    const lines = await manager.put(`/api/admin/catalogue/${id}/units`, "a code", headers);
    expect(lines).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
  }
  const { resources } = (await manager.get("/api/admin/catalogue")).body as {
    resources: { id: string; added: number }[];
  };
  expect(resources.find((one) => one.id === id)?.added).toBe(0);
});
