/**
 * Reserving what is in the bin: one request for each unit, one after the other. What was reserved leaves
 * the bin; what was refused stays there, with the reason. Without an answer nothing more is asked for, and
 * the next attempt begins by asking what became of this one.
 */
import { SvelteMap } from "svelte/reactivity";
import type { BinItem } from "../../shared/contract/bin.ts";
import type { ResourceId } from "../../shared/ids.ts";
import { ApiError } from "../api.ts";
import type { FailureCode } from "../api.ts";
import type { Bin } from "./bin.svelte.ts";
import type { Reservations } from "./reservations.svelte.ts";

export interface Progress {
  /** The unit that is being asked for, from 1. */
  unit: number;
  of: number;
}

export interface Refused {
  error: unknown;
  units: number;
  of: number;
}

export interface Reserving {
  readonly isBusy: boolean;
  progressOf(resource: ResourceId): Progress | null;
  refusalOf(resource: ResourceId): Refused | null;
  /** Answers how many units are held now that were not before. */
  reserve(items: readonly BinItem[]): Promise<number>;
}

/** About this one thing; any other failure would befall the next as well. */
const refusals: readonly FailureCode[] = [
  "not_found",
  "not_entitled",
  "out_of_stock",
  "limit_reached",
];

export const createReserving = ({
  bin,
  reservations,
}: {
  bin: Pick<Bin, "quantityOf" | "put">;
  reservations: Pick<Reservations, "reserve">;
}): Reserving => {
  let isBusy = $state(false);
  let current = $state.raw<(Progress & { resource: ResourceId }) | null>(null);
  const refused = new SvelteMap<ResourceId, Refused>();

  /** Answers how many are held, and whether one may go on with the next thing. */
  const reserveItem = async ({ resourceId, quantity }: BinItem) => {
    refused.delete(resourceId);
    for (let unit = 1; unit <= quantity; unit += 1) {
      current = { resource: resourceId, unit, of: quantity };
      try {
        await reservations.reserve(resourceId);
      } catch (error) {
        refused.set(resourceId, { error, units: quantity - unit + 1, of: quantity });
        const mayGoOn = error instanceof ApiError && refusals.some((code) => code === error.code);
        return { held: unit - 1, mayGoOn };
      }
      // A bin that cannot be changed right now says so by itself: it shows what the server has.
      await bin.put(resourceId, Math.max(0, bin.quantityOf(resourceId) - 1)).catch(() => undefined);
    }
    return { held: quantity, mayGoOn: true };
  };

  return {
    get isBusy() {
      return isBusy;
    },
    progressOf: (resource) => (current?.resource === resource ? current : null),
    refusalOf: (resource) => refused.get(resource) ?? null,
    async reserve(items) {
      if (isBusy) return 0;
      isBusy = true;
      let total = 0;
      try {
        for (const item of items) {
          const { held, mayGoOn } = await reserveItem(item);
          total += held;
          if (!mayGoOn) break;
        }
      } finally {
        [isBusy, current] = [false, null];
      }
      return total;
    },
  };
};
