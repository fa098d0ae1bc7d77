/**
 * The catalogue: the resources that can be reserved, their rules and their figures. Whoever lists it sees all
 * that was changed before; a node reads it again only when something has changed. Units are in units.ts, what
 * becomes of them in desk.ts.
 */
import { randomInt } from "node:crypto";
import type {
  NewResource,
  Resource,
  Rule,
  StockedResource,
} from "../../shared/contract/catalogue.ts";
import { DomainError } from "../../shared/errors.ts";
import { idAlphabet, type ResourceId } from "../../shared/ids.ts";
import { toInstant } from "./clock.ts";

/** A resource as it is kept, without what is free of it. */
export interface ResourceRow {
  id: ResourceId;
  name: string;
  description?: string;
  terms?: string;
  rule: Rule;
  limit?: number;
  holdSeconds: number;
  task: Resource["task"];
  stock: number;
}

export interface StockedRow extends ResourceRow {
  createdAt: number;
  removed: boolean;
  /** Ever added, and where they are now; `stock` is the rest. */
  added: number;
  held: number;
  delivered: number;
  withdrawn: number;
  /** Reservations. */
  made: number;
  expired: number;
  released: number;
  /** How many were claimed after how long: bucket -> reservations. */
  claimTimes: ReadonlyMap<number, number>;
}

/** What an edit changes; null removes. */
export type ResourceChange = {
  [Field in keyof NewResource]?: Exclude<NewResource[Field], undefined> | null | undefined;
};

export interface CatalogueStore {
  /** All that is on the catalogue, by creation; `resources` null: nothing changed since `version`. */
  list(version: string): Promise<{ version: string; resources: ResourceRow[] | null }>;
  /** The same with its figures, and what was removed of which some is held or delivered. */
  listStocked(): Promise<StockedRow[]>;
  /** Whether it is on the catalogue. */
  has(id: ResourceId): Promise<boolean>;
  /** In the order asked; null where there is none. */
  rows(ids: readonly ResourceId[]): Promise<(StockedRow | null)[]>;
  /** These three refuse after `notAfter`, in Redis time, with `unavailable`. */
  create(id: ResourceId, fields: NewResource, most: number, notAfter: number): Promise<boolean>;
  edit(id: ResourceId, change: ResourceChange, notAfter: number): Promise<boolean>;
  remove(id: ResourceId, notAfter: number): Promise<boolean>;
}

export interface CatalogueOptions {
  store: CatalogueStore;
  /** Until when, in Redis time, what is asked for now may happen. */
  mayActUntil(): number;
}

export type Catalogue = ReturnType<typeof createCatalogue>;

export const mostResources = 1_000;

const randomId = (length: number): string =>
  Array.from({ length }, () => idAlphabet[randomInt(idAlphabet.length)]).join("");
export const newResourceId = (): ResourceId => randomId(16) as ResourceId;

export function createCatalogue({ store, mayActUntil }: CatalogueOptions) {
  let listed: { version: string; resources: Resource[] } = { version: "", resources: [] };

  async function list(): Promise<Resource[]> {
    const known = listed;
    const { version, resources } = await store.list(known.version);
    if (resources === null) return known.resources;
    listed = { version, resources: resources.map(showResource) };
    return listed.resources;
  }

  async function show(id: ResourceId): Promise<StockedResource> {
    const [row] = await store.rows([id]);
    if (!row) throw new DomainError("not_found");
    return showStockedResource(row);
  }

  async function create(fields: NewResource): Promise<StockedResource> {
    const id = newResourceId();
    if (!(await store.create(id, fields, mostResources, mayActUntil()))) throw catalogueFull();
    return show(id);
  }

  async function edit(id: ResourceId, change: ResourceChange): Promise<StockedResource> {
    if (!(await store.edit(id, change, mayActUntil()))) throw new DomainError("not_found");
    return show(id);
  }

  async function remove(id: ResourceId): Promise<StockedResource> {
    if (!(await store.remove(id, mayActUntil()))) throw new DomainError("not_found");
    return show(id);
  }

  return {
    list,
    has: store.has,
    create,
    edit,
    remove,

    async listStocked(): Promise<StockedResource[]> {
      return (await store.listStocked()).map(showStockedResource);
    },

    /** Those of `ids` that there are or were. */
    async showStocked(ids: readonly ResourceId[]): Promise<StockedResource[]> {
      const rows = await store.rows(ids);
      return rows.flatMap((row) => (row === null ? [] : [showStockedResource(row)]));
    },
  };
}

const catalogueFull = (): DomainError =>
  new DomainError("invalid_request", {
    message: `The catalogue holds at most ${mostResources} resources.`,
  });

/** A city as rules compare it: however it was typed. No `|`, which divides the cities of a rule. */
export const foldCity = (city: string): string =>
  city.normalize("NFKC").toLowerCase().replaceAll("|", " ").trim();

function showResource(row: ResourceRow): Resource {
  const { id, name, description, terms, rule, limit, holdSeconds, task, stock } = row;
  return {
    id,
    name,
    ...(description !== undefined && { description }),
    ...(terms !== undefined && { terms }),
    ...((rule.countries || rule.cities) && { rule }),
    ...(limit !== undefined && { limit }),
    holdSeconds,
    task,
    available: stock,
  };
}

function showStockedResource(row: StockedRow): StockedResource {
  const { createdAt, added, stock, held, delivered, withdrawn, made, expired, released } = row;
  return {
    ...showResource(row),
    createdAt: toInstant(createdAt),
    added,
    stock,
    held,
    delivered,
    withdrawn,
    reservations: {
      made,
      // One unit each.
      claimed: delivered,
      expired,
      released,
      secondsToClaim: findMedianSeconds(row.claimTimes),
    },
    removed: row.removed,
  };
}

/**
 * The middle of a bucket of times from reserving to claiming. They are counted in eighths of an octave: bucket b
 * holds those from 2^(b/8) seconds up to, not including, 2^((b+1)/8), the first one also what was quicker.
 */
const secondsOf = (bucket: number): number => 2 ** ((bucket + 0.5) / 8);

/** The lower median, off by less than an eighth; null of nothing. */
export function findMedianSeconds(counts: ReadonlyMap<number, number>): number | null {
  const buckets = [...counts].toSorted(([one], [other]) => one - other);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let passed = 0;
  for (const [bucket, count] of buckets) {
    passed += count;
    if (passed * 2 >= total && total > 0) return Math.round(secondsOf(bucket) * 10) / 10;
  }
  return null;
}
