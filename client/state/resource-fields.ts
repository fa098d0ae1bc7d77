/**
 * A resource as a form takes it: numbers as they are typed, absent things as empty ones. Read back, it is
 * what the contract takes: a new resource without what was left empty, or only what was changed of an old
 * one, so that two people who edit different things do not undo each other.
 */
import { usualHoldSeconds } from "../../shared/contract/catalogue.ts";
import type { adminCatalogueRoutes } from "../../shared/contract/catalogue.ts";
import type { NewResource, Resource, Rule, Task } from "../../shared/contract/catalogue.ts";
import type { Request } from "../../shared/route.ts";

export const holdUnits = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 } as const;
export type HoldUnit = keyof typeof holdUnits;

export interface ResourceFields {
  name: string;
  description: string;
  terms: string;
  countries: readonly string[];
  cities: readonly string[];
  limit: string;
  hold: string;
  holdUnit: HoldUnit;
  task: Task;
}

export type ResourceChanges = NonNullable<Request<typeof adminCatalogueRoutes.edit>["body"]>;

export const fillFields = (resource?: Resource): ResourceFields => ({
  name: resource?.name ?? "",
  description: resource?.description ?? "",
  terms: resource?.terms ?? "",
  countries: resource?.rule?.countries ?? [],
  cities: resource?.rule?.cities ?? [],
  limit: resource?.limit?.toString() ?? "",
  ...splitSeconds(resource?.holdSeconds ?? usualHoldSeconds),
  task: resource?.task ?? "none",
});

export const readNewResource = (fields: ResourceFields): NewResource => {
  const { description, terms, rule, limit, ...rest } = readFields(fields);
  return {
    ...rest,
    ...(description !== null && { description }),
    ...(terms !== null && { terms }),
    ...(rule !== null && { rule }),
    ...(limit !== null && { limit }),
  };
};

/** `before`: how the form was filled when it was opened. */
export const readChanges = (fields: ResourceFields, before: ResourceFields): ResourceChanges => {
  const [now, then] = [readFields(fields), readFields(before)];
  const changed = Object.entries(now).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(then[name as keyof typeof then]),
  );
  return Object.fromEntries(changed);
};

const readFields = (fields: ResourceFields) => ({
  name: fields.name.trim(),
  description: fields.description.trim() || null,
  terms: fields.terms.trim() || null,
  rule: readRule(fields),
  limit: fields.limit.trim() ? Number(fields.limit) : null,
  holdSeconds: Number(fields.hold) * holdUnits[fields.holdUnit],
  task: fields.task,
});

const readRule = ({ countries, cities }: ResourceFields): Rule | null =>
  countries.length === 0 && cities.length === 0
    ? null
    : {
        ...(countries.length > 0 && { countries: [...countries] }),
        ...(cities.length > 0 && { cities: [...cities] }),
      };

/** In the largest unit that says it in a whole number. */
const splitSeconds = (seconds: number): { hold: string; holdUnit: HoldUnit } => {
  const holdUnit =
    (["days", "hours", "minutes"] as const).find((unit) => seconds % holdUnits[unit] === 0) ??
    "seconds";
  return { hold: String(seconds / holdUnits[holdUnit]), holdUnit };
};
