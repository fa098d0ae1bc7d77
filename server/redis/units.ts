/** UnitStore on Redis. A batch is laid out under its own key, which an hour deletes should this node die. */
import type { NotAdded, UnitStore } from "../domain/units.ts";
import { assertInTime } from "./catalogue.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

const lockLife = 60_000;
const stagedLife = 60 * 60_000;
const abandonedAtOnce = 500;

export function createUnitStore({ run }: Connection): UnitStore {
  return {
    async stage(resource, batch, { units, isFirst }, notAfter) {
      const reply = await run(
        "stage-units",
        [
          ...[keys.resource(resource), keys.addingUnits(resource), keys.units(resource, batch)],
          ...[keys.seenUnits(resource), keys.addedBatches(resource)],
        ],
        [notAfter, batch, lockLife, stagedLife, isFirst ? "1" : "", ...units],
      );
      if (typeof reply === "string") return assertInTime(reply) as NotAdded;
      return (reply as number[]).map((index) => index - 1);
    },

    async add(resource, batch, count, notAfter) {
      const reply = await run(
        "add-units",
        [
          ...[keys.resource(resource), keys.addingUnits(resource), keys.units(resource, batch)],
          ...[keys.batches(resource), keys.addedBatches(resource), keys.deskChanges],
        ],
        [notAfter, resource, batch, count],
      );
      return assertInTime(reply) as "added" | NotAdded;
    },

    async abandon(resource, batch) {
      const lists = [
        ...[keys.addingUnits(resource), keys.units(resource, batch)],
        ...[keys.seenUnits(resource), keys.addedBatches(resource)],
      ];
      for (;;) {
        const left = await run("abandon-units", lists, [batch, abandonedAtOnce]);
        if (left === "added") return "added";
        if (left === 0) return "abandoned";
      }
    },
  };
}
