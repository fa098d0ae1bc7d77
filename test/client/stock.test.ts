/** Figures that arrive by snapshot and by push, in any order: the newest stand, and nothing jumps. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StockedResource } from "../../shared/contract/catalogue.ts";
import { arrangeRows, putResource, putSnapshot } from "../../client/state/stock.ts";

const makeResource = (number: number): StockedResource =>
  ({
    id: `resource-${number}`,
    name: `Resource ${number}`,
    holdSeconds: 900,
    task: "none",
    available: 0,
    createdAt: new Date(Date.UTC(2026, 10, 23, 9, number)).toISOString(),
    added: 0,
    stock: 0,
    held: 0,
    delivered: 0,
    withdrawn: 0,
    reservations: { made: 0, claimed: 0, expired: 0, released: 0, secondsToClaim: null },
    removed: false,
  }) as unknown as StockedResource;

/** What can happen to a unit, as the server counts it. */
const happenings = {
  add: (r: StockedResource) => ({ ...r, added: r.added + 1, stock: r.stock + 1 }),
  reserve: (r: StockedResource) =>
    r.stock === 0
      ? r
      : { ...r, stock: r.stock - 1, held: r.held + 1, reservations: count(r, "made") },
  claim: (r: StockedResource) =>
    r.held === 0
      ? r
      : { ...r, held: r.held - 1, delivered: r.delivered + 1, reservations: count(r, "claimed") },
  release: (r: StockedResource) =>
    r.held === 0
      ? r
      : { ...r, held: r.held - 1, stock: r.stock + 1, reservations: count(r, "released") },
};
const count = ({ reservations }: StockedResource, what: "made" | "claimed" | "released") => ({
  ...reservations,
  [what]: reservations[what] + 1,
});

const ids = (resources: readonly StockedResource[]) => resources.map(({ id }) => id);

describe("stock on a page", () => {
  it("ends with the newest figures, however late or twice older ones arrive", () => {
    const steps = fc.array(fc.constantFrom(...(["add", "reserve", "claim", "release"] as const)));
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (names, chances) => {
        const states = [makeResource(1)];
        for (const name of names) states.push(happenings[name](states.at(-1) as StockedResource));
        const arriving = [...states, ...states].sort(
          () => ((chances.next().value as number) % 3) - 1,
        );
        expect(arriving.reduce(putResource, [] as readonly StockedResource[])).toEqual([
          states.at(-1),
        ]);
      }),
    );
  });

  it("changes in place, and a new resource comes after the older ones", () => {
    const [one, two, three] = [makeResource(1), makeResource(2), makeResource(3)];
    const shown = [one, three].reduce(putResource, [] as readonly StockedResource[]);
    expect(ids(putResource(shown, happenings.add(one)))).toEqual(ids([one, three]));
    expect(ids(putResource(shown, two))).toEqual(ids([one, two, three]));
  });

  it("drops what is removed and has nothing left to tell, and keeps what is still held", () => {
    const one = happenings.add(makeResource(1));
    const removed = { ...one, stock: 0, withdrawn: 1, removed: true };
    expect(putResource([one], removed)).toEqual([]);
    const held = { ...happenings.reserve(one), removed: true };
    expect(putResource([one], held)).toEqual([held]);
  });

  it("follows a snapshot in which there are, and keeps newer figures that were pushed meanwhile", () => {
    const [one, two] = [makeResource(1), makeResource(2)];
    const newer = happenings.add(one);
    expect(putSnapshot([newer, two], [one])).toEqual([newer]);
    expect(ids(putSnapshot([], [one, two]))).toEqual(ids([one, two]));
  });

  it("moves no row while the list is held, not even one that is removed or gone", () => {
    const [one, two, three] = [makeResource(1), makeResource(2), makeResource(3)];
    const rows = arrangeRows([], [one, two], false);
    const news = [{ ...two, removed: true, held: 1 }, three];
    const held = arrangeRows(rows, news, true);
    expect(held.map(({ resource, section }) => [resource.id, section, resource.removed])).toEqual([
      [one.id, "offered", true],
      [two.id, "offered", true],
      [three.id, "offered", false],
    ]);
    expect(held[1]?.resource.held).toBe(1);
    expect(
      arrangeRows(held, news, false).map(({ resource, section }) => [resource.id, section]),
    ).toEqual([
      [two.id, "removed"],
      [three.id, "offered"],
    ]);
  });

  it("takes an edit that comes with the same figures", () => {
    const one = makeResource(1);
    expect(putResource([one], { ...one, name: "Renamed" })[0]?.name).toBe("Renamed");
  });
});
