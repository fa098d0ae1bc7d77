/** CatalogueStore on Redis. scripts/desk-prelude.lua names the fields of a resource. */
import type { NewResource } from "../../shared/contract/catalogue.ts";
import { tasks } from "../../shared/contract/catalogue.ts";
import { DomainError } from "../../shared/errors.ts";
import type { ResourceId } from "../../shared/ids.ts";
import {
  foldCity,
  type CatalogueStore,
  type ResourceChange,
  type ResourceRow,
  type StockedRow,
} from "../domain/catalogue.ts";
import type { Connection, Reply } from "./connect.ts";
import * as keys from "./keys.ts";

const mostRemovedListed = 1_000;
const removedLife = 28 * 24 * 60 * 60 * 1000;
const rowsAtOnce = 100;
const letterOfTask = { none: "n", confirm: "c", reauthenticate: "r", other_device: "o" } as const;

/** What the public list reads: as it was typed, except for `c`. */
const listedFields = ["n", "d", "t", "c", "Y", "l", "h", "k", "s"] as const;

export function createCatalogueStore(connection: Connection): CatalogueStore {
  const { call, run } = connection;

  async function rows(ids: readonly ResourceId[]): Promise<(StockedRow | null)[]> {
    const read: (StockedRow | null)[] = [];
    for (let at = 0; at < ids.length; at += rowsAtOnce) {
      const portion = ids.slice(at, at + rowsAtOnce);
      const replies = portion.map((id) => call(["HGETALL", keys.resource(id)]));
      const flats = (await Promise.all(replies)) as string[][];
      read.push(...flats.map((flat, index) => decodeStocked(portion[index], flat)));
    }
    return read;
  }

  const listIds = async (key: string) =>
    (await call(["ZRANGE", key, "0", "-1"])) as unknown as ResourceId[];

  return {
    rows,

    async list(known) {
      const [version, ...flat] = (await run(
        "list-resources",
        [keys.resources, keys.deskChanges],
        [known, keys.resourcePrefix, ...listedFields],
      )) as [string, ...Reply[]];
      return { version, resources: version === known ? null : decodeListed(flat) };
    },

    has: async (id) => (await call(["ZSCORE", keys.resources, id])) !== null,

    async listStocked() {
      const ids = [...(await listIds(keys.resources)), ...(await listIds(keys.removedResources))];
      const found = (await rows(ids)).filter((row) => row !== null);
      return found.filter((row) => !row.removed || row.held + row.delivered > 0);
    },

    async create(id, fields, most, notAfter) {
      const state = await run(
        "create-resource",
        [keys.resource(id), keys.resources, keys.deskChanges],
        [
          notAfter,
          id,
          most,
          ...encode(fields)
            .filter(([, value]) => value !== "")
            .flat(),
        ],
      );
      return assertInTime(state) === "created";
    },

    async edit(id, change, notAfter) {
      const state = await run(
        "edit-resource",
        [keys.resource(id), keys.deskChanges],
        [notAfter, id, ...encode(change).flat()],
      );
      return assertInTime(state) === "edited";
    },

    async remove(id, notAfter) {
      const state = await run(
        "remove-resource",
        [
          ...[keys.resource(id), keys.resources, keys.removedResources, keys.batches(id)],
          ...[keys.seenUnits(id), keys.addedBatches(id), keys.addingUnits(id), keys.deskChanges],
        ],
        [notAfter, id, keys.unitsPrefix(id), mostRemovedListed, removedLife],
      );
      return assertInTime(state) === "removed";
    },
  };
}

/** What came too late for this node's lease did not happen. */
export function assertInTime(state: Reply): Reply {
  if (state === "late") throw new DomainError("unavailable", { retryAfterSeconds: 1 });
  return state;
}

/** Fields and their values; '' stands for none. What the change does not name is left out. */
function encode(change: NewResource | ResourceChange): [field: string, value: string][] {
  const { name, description, terms, rule, limit, holdSeconds, task } = change;
  const text = (value: string | number | null): string => String(value ?? "");
  const set = <T>(field: string, value: T | undefined, write: (value: T) => string) =>
    value === undefined ? [] : [[field, write(value)] as [string, string]];
  const cities = rule === undefined ? undefined : unique(rule?.cities ?? []);
  return [
    ...set("n", name, text),
    ...set("d", description, text),
    ...set("t", terms, text),
    ...set("c", rule, (value) => enclose(unique(value?.countries ?? []))),
    ...set("y", cities, (list) => enclose(unique(list.map(foldCity)))),
    ...set("Y", cities, (list) => list.join("\n")),
    ...set("l", limit, text),
    ...set("h", holdSeconds, text),
    ...set("k", task, (value) => letterOfTask[value ?? "none"]),
  ];
}

const unique = (list: readonly string[]): string[] => [...new Set(list)];
/** So that scripts find one by searching for `|it|`. */
const enclose = (list: readonly string[]): string =>
  list.length === 0 ? "" : `|${list.join("|")}|`;

function decodeListed(flat: readonly Reply[]): ResourceRow[] {
  const found: ResourceRow[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const values = flat[at + 1] as (string | null)[];
    const fields = new Map(listedFields.map((field, index) => [field, values[index] ?? undefined]));
    found.push(decode(flat[at] as ResourceId, (field) => fields.get(field as never)));
  }
  return found;
}

function decodeStocked(id: ResourceId, flat: readonly string[]): StockedRow | null {
  if (flat.length === 0) return null;
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(flat[at], flat[at + 1]);
  const number = (field: string): number => Number(fields.get(field) ?? 0);
  const claimTimes = [...fields].flatMap(([field, count]) =>
    /^b\d+$/.test(field) ? [[Number(field.slice(1)), Number(count)] as const] : [],
  );
  return {
    ...decode(id, (field) => fields.get(field)),
    createdAt: number("C"),
    removed: fields.has("x"),
    added: number("a"),
    held: number("o"),
    delivered: number("v"),
    withdrawn: number("z"),
    made: number("m"),
    expired: number("e"),
    released: number("r"),
    claimTimes: new Map(claimTimes),
  };
}

function decode(id: ResourceId, read: (field: string) => string | undefined): ResourceRow {
  const description = read("d");
  const terms = read("t");
  const countries = read("c");
  const cities = read("Y");
  const limit = read("l");
  const letter = read("k");
  return {
    id,
    name: read("n") ?? "",
    ...(description !== undefined && { description }),
    ...(terms !== undefined && { terms }),
    rule: {
      ...(countries !== undefined && { countries: countries.slice(1, -1).split("|") }),
      ...(cities !== undefined && { cities: cities.split("\n") }),
    },
    ...(limit !== undefined && { limit: Number(limit) }),
    holdSeconds: Number(read("h")),
    task: tasks.find((task) => letterOfTask[task] === letter) ?? "none",
    stock: Number(read("s")),
  };
}
