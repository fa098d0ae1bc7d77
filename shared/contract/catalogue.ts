/** The catalogue: what can be reserved, and how many units of it are free. Units themselves are never shown here. */
import { z } from "zod";
import { ResourceId } from "../ids.ts";
import { route } from "../route.ts";
import { City, Country, line, text } from "./texts.ts";

/** What the holder of a reservation does before the unit is delivered. */
export const tasks = ["none", "confirm", "reauthenticate", "other_device"] as const;
export const Task = z.enum(tasks);
export type Task = z.infer<typeof Task>;

const RuleCity = City.regex(/[^|\s]/u, "is no name of a city");
/** Who may reserve: people of these countries and these cities. A list that is absent admits all. */
export const Rule = z.strictObject({
  countries: z.array(Country).min(1).max(250).optional(),
  cities: z.array(RuleCity).min(1).max(200).optional(),
});
export type Rule = z.infer<typeof Rule>;

const described = {
  name: line(80),
  description: text(2_000).optional(),
  /** What one agrees to with the task `confirm`. */
  terms: text(10_000).optional(),
  rule: Rule.optional(),
  /** Units one account may hold and have, together. Absent: as many as there are. */
  limit: z.number().int().min(1).max(10_000).optional(),
};
const HoldSeconds = z.number().int().min(1).max(604_800);

/** How long a unit is held for somebody who has not claimed it, unless the resource says otherwise. */
export const usualHoldSeconds = 900;

export const Resource = z
  .object({
    id: ResourceId,
    ...described,
    holdSeconds: z.number().int(),
    task: Task,
    /** Units that are free right now. */
    available: z.number().int(),
  })
  .meta({ id: "Resource" });
export type Resource = z.infer<typeof Resource>;

export const NewResource = z.object({
  ...described,
  holdSeconds: HoldSeconds.default(usualHoldSeconds),
  task: Task.default("none"),
});
export type NewResource = z.infer<typeof NewResource>;

/** A resource as those see it who manage it. stock + held + delivered + withdrawn = added, at every instant. */
export const StockedResource = Resource.extend({
  createdAt: z.iso.datetime(),
  added: z.number().int(),
  stock: z.number().int(),
  held: z.number().int(),
  delivered: z.number().int(),
  withdrawn: z.number().int(),
  /** Reservations ever made, and how they went; those under way are `held`. */
  reservations: z.object({
    made: z.number().int(),
    claimed: z.number().int(),
    expired: z.number().int(),
    released: z.number().int(),
    /** Median seconds from reserving to claiming, to within an eighth; null: none was claimed yet. */
    secondsToClaim: z.number().nullable(),
  }),
  /** Removed from the catalogue while some of it is held or delivered. */
  removed: z.boolean(),
}).meta({ id: "StockedResource" });
export type StockedResource = z.infer<typeof StockedResource>;

/** One piece of information: a code, a link, a text. Delivered to one account, once. */
export const longestUnit = 4_096;
export const Unit = z
  .string()
  .trim()
  .min(1)
  .max(longestUnit)
  // Nor half a character: it could not be given back as it came.
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "must not hold control characters");

/** What became of units that were handed in. */
export const UnitsAdded = z
  .object({
    added: z.number().int(),
    /** Left out, because the resource has or had them already, or they came twice. */
    duplicates: z.number().int(),
    /** Where the first hundred of them were: line numbers, from 1. */
    duplicateLines: z.array(z.number().int()),
  })
  .meta({ id: "UnitsAdded" });
export type UnitsAdded = z.infer<typeof UnitsAdded>;

const params = z.object({ id: ResourceId });

export const catalogueRoutes = {
  list: route({
    method: "GET",
    path: "/api/catalogue",
    summary: "What can be reserved",
    needs: "nobody",
    reply: z.object({ resources: z.array(Resource) }),
    status: 200,
  }),
};

export const adminCatalogueRoutes = {
  list: route({
    method: "GET",
    path: "/api/admin/catalogue",
    summary: "The catalogue with its stock, and how reservations went",
    needs: "catalogue:manage",
    reply: z.object({ resources: z.array(StockedResource) }),
    status: 200,
  }),
  create: route({
    method: "POST",
    path: "/api/admin/catalogue",
    summary: "Add a resource, without units yet",
    needs: "catalogue:manage",
    body: NewResource,
    reply: z.object({ resource: StockedResource }),
    status: 201,
  }),
  edit: route({
    method: "PATCH",
    path: "/api/admin/catalogue/:id",
    summary:
      "Change a resource; null removes an optional field. What is held keeps its task and deadline",
    needs: "catalogue:manage",
    fresh: true,
    params,
    body: z.object({
      name: described.name.optional(),
      description: described.description.nullable(),
      terms: described.terms.nullable(),
      rule: described.rule.nullable(),
      limit: described.limit.nullable(),
      holdSeconds: HoldSeconds.optional(),
      task: Task.optional(),
    }),
    reply: z.object({ resource: StockedResource }),
    status: 200,
  }),
  remove: route({
    method: "DELETE",
    path: "/api/admin/catalogue/:id",
    summary: "Take a resource out: what is free is withdrawn, what is held runs out",
    needs: "catalogue:manage",
    fresh: true,
    params,
    reply: z.object({ resource: StockedResource }),
    status: 200,
  }),
  addUnits: route({
    method: "POST",
    path: "/api/admin/catalogue/:id/units",
    summary: "Add units: all of them, or none when one is not right",
    needs: "catalogue:manage",
    fresh: true,
    params,
    body: z.object({ units: z.array(Unit).min(1).max(10_000) }),
    reply: UnitsAdded,
    status: 201,
    errors: ["units_being_added"],
  }),
  uploadUnits: route({
    method: "PUT",
    path: "/api/admin/catalogue/:id/units",
    summary:
      "Add a file of units, one a line (text/plain, UTF-8): all of them, or none when one is not right",
    needs: "catalogue:manage",
    fresh: true,
    params,
    lines: true,
    reply: UnitsAdded,
    status: 201,
    errors: ["units_being_added"],
  }),
};
