/** What bins are tested with: things on the catalogue, and short ways to say what is in a bin. */
import type { Bin } from "../../shared/contract/bin.ts";
import type { ResourceId } from "../../shared/ids.ts";
import { eventually, type Answer, type Browser } from "../support/client.ts";
import type { TestServer } from "../support/server.ts";

/** So many new resources on the catalogue, by id. */
export async function stock(server: TestServer, count: number): Promise<ResourceId[]> {
  const { catalogue } = server.nodes[0].core;
  const make = (name: string) => catalogue.create({ name, holdSeconds: 900, task: "none" });
  // A busy machine may be without a lease for a moment.
  const made = Array.from({ length: count }, (_, at) =>
    eventually(() => make(`Thing ${at + 1}`).catch(() => null), 30_000),
  );
  return (await Promise.all(made)).map(({ id }) => id);
}

export type Quantities = Record<string, number>;

export const quantitiesOf = ({ items }: Pick<Bin, "items">): Quantities =>
  Object.fromEntries(items.map(({ resourceId, quantity }) => [resourceId, quantity]));

export const putInto = (browser: Browser, resource: string, quantity: number): Promise<Answer> =>
  browser.put(`/api/bin/${resource}`, { quantity });

/** What the server says is in this browser's bin. */
export async function binOf(browser: Browser): Promise<Quantities> {
  const { status, body } = await browser.get("/api/bin");
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return quantitiesOf(body as Bin);
}

/** Fill a bin, one request after another: the first is the oldest. */
export async function fill(browser: Browser, quantities: Quantities): Promise<void> {
  for (const [resource, quantity] of Object.entries(quantities)) {
    const { status, body } = await putInto(browser, resource, quantity);
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  }
}
