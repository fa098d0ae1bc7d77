/** A catalogue for tests, made through the front door, and what is known of its units afterwards. */
import { expect } from "vitest";
import type { NewResource, StockedResource } from "../../shared/contract/catalogue.ts";
import type { Outcome, OutcomeKind } from "../../shared/contract/outcomes.ts";
import type { Permission } from "../../shared/contract/accounts.ts";
import type { ResourceId } from "../../shared/ids.ts";
import { signInBrowser, userAgents, type Browser } from "./client.ts";
import type { TestAccount, TestServer } from "./server.ts";

/** A resource with these units; `fields` as an administrator types them. */
export async function addResource(
  admin: Browser,
  fields: Partial<NewResource>,
  units: readonly string[],
): Promise<ResourceId> {
  const made = await admin.post("/api/admin/catalogue", { name: "Tickets", ...fields });
  expect(made.status).toBe(201);
  const id = made.body.resource.id as ResourceId;
  if (units.length === 0) return id;
  const added = await admin.post(`/api/admin/catalogue/${id}/units`, { units });
  expect(added.status).toBe(201);
  return id;
}

/** Units that occur nowhere else, so that they can be searched for. */
export const makeUnits = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `unit-of-${name}-${at}`);

/** Where all units of a resource are now; that none is missing is checked on the way. */
export async function readStocked(admin: Browser, id: ResourceId): Promise<StockedResource> {
  const { body } = await admin.get("/api/admin/catalogue");
  const { resources } = body as { resources: StockedResource[] };
  const found = resources.find((resource) => resource.id === id);
  if (found === undefined) throw new Error(`there is no resource ${id}`);
  const { stock, held, delivered, withdrawn, added } = found;
  expect(stock + held + delivered + withdrawn).toBe(added);
  return found;
}

/** A log of outcomes, newest first. */
export async function readOutcomes(admin: Browser, kind: OutcomeKind): Promise<Outcome[]> {
  const { body } = await admin.get(`/api/admin/outcomes?kind=${kind}&limit=200`);
  return (body as { outcomes: Outcome[] }).outcomes;
}

export interface Person extends TestAccount {
  browser: Browser;
  sessionId: string;
}

/** Somebody new, signed in on this node. */
export async function bringPerson(
  server: TestServer,
  { permissions = ["desk:reserve"] as Permission[], node = 0 } = {},
): Promise<Person> {
  const account = await server.createAccount(permissions);
  const { browser, id } = await signInBrowser(server.nodes[node].address, account.username);
  return { ...account, browser, sessionId: id };
}

/** Another device of the same person. */
export async function bringDevice(server: TestServer, person: Person, node = 0): Promise<Person> {
  const { address } = server.nodes[node];
  const { browser, id } = await signInBrowser(address, person.username, userAgents.phone);
  return { ...person, browser, sessionId: id };
}

export const reserve = (browser: Browser, resourceId: ResourceId, key?: string) =>
  browser.post("/api/reservations", { resourceId }, key ? { "idempotency-key": key } : {});

export const claim = (browser: Browser, id: string, key?: string) =>
  browser.post(`/api/reservations/${id}/claim`, undefined, key ? { "idempotency-key": key } : {});
