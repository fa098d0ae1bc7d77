/**
 * Which of two tellings of a resource is the newer, and what a list does with it. Whatever happens to a unit
 * counts something up that never goes down, so the sum of those counts orders what arrives by different ways.
 */
import type { StockedResource } from "../../shared/contract/catalogue.ts";

/** How far its figures have got: grows with every unit that is added, moved or withdrawn. */
const progressOf = ({ added, withdrawn, reservations }: StockedResource): number =>
  added +
  withdrawn +
  reservations.made +
  reservations.claimed +
  reservations.expired +
  reservations.released;

/** Removed, and nothing of it is held or was delivered: nothing is left to tell. */
const isGone = ({ removed, held, delivered }: StockedResource): boolean =>
  removed && held === 0 && delivered === 0;

/** In its place, so that nothing jumps; a new one comes last, as the oldest are first. */
export const putResource = (
  resources: readonly StockedResource[],
  told: StockedResource,
): readonly StockedResource[] => {
  const known = resources.find(({ id }) => id === told.id);
  if (known && progressOf(known) > progressOf(told)) return resources;
  if (isGone(told)) return resources.filter(({ id }) => id !== told.id);
  return known
    ? resources.map((resource) => (resource === known ? told : resource))
    : [...resources, told].sort((one, other) => one.createdAt.localeCompare(other.createdAt));
};

/** A snapshot says which there are; of each, whatever was told last. */
export const putSnapshot = (
  resources: readonly StockedResource[],
  snapshot: readonly StockedResource[],
): readonly StockedResource[] => {
  const told = new Set(snapshot.map(({ id }) => id));
  const left = resources.filter(({ id }) => told.has(id));
  return snapshot.reduce(putResource, left);
};

/** A resource where it stands on the page: among what is offered, or among what was removed. */
export interface StockRow {
  resource: StockedResource;
  section: "offered" | "removed";
}

const rowOf = (resource: StockedResource): StockRow => ({
  resource,
  section: resource.removed ? "removed" : "offered",
});

/** While the list is held, figures change but every row stays where it is, also one that was removed. */
export const arrangeRows = (
  rows: readonly StockRow[],
  resources: readonly StockedResource[],
  isHeld: boolean,
): readonly StockRow[] => {
  if (!isHeld) return resources.map(rowOf);
  const latest = new Map(resources.map((resource) => [resource.id, resource]));
  const staying = rows.map(({ resource, section }) => ({
    resource: latest.get(resource.id) ?? { ...resource, removed: true },
    section,
  }));
  const known = new Set(rows.map(({ resource }) => resource.id));
  return [...staying, ...resources.filter(({ id }) => !known.has(id)).map(rowOf)];
};

/** Reservations that are over, one way or another. */
export const countSettled = ({ reservations }: StockedResource): number =>
  reservations.claimed + reservations.expired + reservations.released;
