/** What one account has in its bin and has reserved, as an administrator sees it. */
import { accountRoutes } from "../../shared/contract/accounts.ts";
import type { BinItem } from "../../shared/contract/bin.ts";
import { catalogueRoutes } from "../../shared/contract/catalogue.ts";
import type { Resource } from "../../shared/contract/catalogue.ts";
import type { Reservation } from "../../shared/contract/reservations.ts";
import type { AccountId, ResourceId } from "../../shared/ids.ts";
import type { Call } from "../api.ts";

export interface AccountDesk {
  readonly status: "loading" | "ready";
  readonly items: readonly BinItem[];
  readonly reservations: readonly Reservation[];
  /** What a resource is called; null when it is no longer in the catalogue. */
  nameOf(resource: ResourceId): string | null;
  readonly failure: unknown;
  readonly asOf: number;
  refresh(): Promise<void>;
}

export const createAccountDesk = ({ call, id }: { call: Call; id: AccountId }): AccountDesk => {
  let status = $state<AccountDesk["status"]>("loading");
  let items = $state.raw<readonly BinItem[]>([]);
  let reservations = $state.raw<readonly Reservation[]>([]);
  let resources = $state.raw<readonly Resource[]>([]);
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let snapshots = 0;

  return {
    get status() {
      return status;
    },
    get items() {
      return items;
    },
    get reservations() {
      return reservations;
    },
    nameOf: (resource) => resources.find(({ id: known }) => known === resource)?.name ?? null,
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    async refresh() {
      const snapshot = ++snapshots;
      const options = { background: true };
      try {
        const [desk, catalogue] = await Promise.all([
          call(accountRoutes.desk, { params: { id } }, options),
          call(catalogueRoutes.list, {}, options),
        ]);
        if (snapshot !== snapshots) return;
        [items, reservations] = [desk.bin.items, desk.reservations];
        resources = catalogue.resources;
        [status, failure, asOf] = ["ready", null, Date.now()];
      } catch (error) {
        if (snapshot === snapshots) failure = error;
      }
    },
  };
};
