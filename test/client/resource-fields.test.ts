/** A resource between its form and the contract. */
import { describe, expect, it } from "vitest";
import { adminCatalogueRoutes, NewResource } from "../../shared/contract/catalogue.ts";
import type { Resource } from "../../shared/contract/catalogue.ts";
import { fillFields, readChanges, readNewResource } from "../../client/state/resource-fields.ts";

const camera = {
  id: "0000000000000001",
  name: "Camera",
  description: "With two lenses",
  terms: "Bring it back",
  rule: { countries: ["SE"], cities: ["uppsala"] },
  limit: 2,
  holdSeconds: 5_400,
  task: "confirm",
  available: 3,
} as unknown as Resource;

describe("the form of a resource", () => {
  it("leaves out of a new one what was left empty", () => {
    const read = readNewResource({ ...fillFields(), name: "  Camera " });
    expect(read).toEqual({ name: "Camera", holdSeconds: 900, task: "none" });
    expect(NewResource.safeParse(read).success).toBe(true);
  });

  it("reads back what it was filled with", () => {
    const { id, available, ...rest } = camera;
    expect(readNewResource(fillFields(camera))).toEqual(rest);
    expect([id, available]).toEqual(["0000000000000001", 3]);
  });

  it("says how long a unit is held in the largest unit of time that is whole", () => {
    const holdOf = (holdSeconds: number) => {
      const { hold, holdUnit } = fillFields({ ...camera, holdSeconds });
      return `${hold} ${holdUnit}`;
    };
    expect([90, 5_400, 7_200, 172_800].map(holdOf)).toEqual([
      "90 seconds",
      "90 minutes",
      "2 hours",
      "2 days",
    ]);
  });

  it("sends only what was changed, and nothing when nothing was", () => {
    const before = fillFields(camera);
    expect(readChanges({ ...before }, before)).toEqual({});
    expect(readChanges({ ...before, name: "Camera " }, before)).toEqual({});
    expect(readChanges({ ...before, hold: "2", holdUnit: "hours" }, before)).toEqual({
      holdSeconds: 7_200,
    });
  });

  it("removes with null what was emptied, and a rule only when nothing of it is left", () => {
    const before = fillFields(camera);
    const emptied = { ...before, description: " ", terms: "", limit: "", countries: [] };
    const changes = readChanges(emptied, before);
    expect(changes).toEqual({
      description: null,
      terms: null,
      limit: null,
      rule: { cities: ["uppsala"] },
    });
    expect(adminCatalogueRoutes.edit.body.safeParse(changes).success).toBe(true);
    expect(readChanges({ ...before, countries: [], cities: [] }, before)).toEqual({ rule: null });
  });
});
