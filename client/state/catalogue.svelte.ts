/**
 * The catalogue as it is right now. How many units are free changes in place; when anything else about a
 * resource changed, or one came or went, the whole list is fetched again, once however much happened.
 */
import { catalogueRoutes } from "../../shared/contract/catalogue.ts";
import type { Resource } from "../../shared/contract/catalogue.ts";
import type { ResourceId } from "../../shared/ids.ts";
import type { CatalogueChanged } from "../../shared/live.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";

export interface Catalogue {
  readonly status: "loading" | "ready";
  readonly resources: readonly Resource[];
  /** Why the last snapshot could not be fetched. */
  readonly failure: unknown;
  readonly asOf: number;
  find(id: ResourceId): Resource | null;
  refresh(): Promise<void>;
  /** Follows until the returned function is called. */
  open(): () => void;
}

export const createCatalogue = ({ call, live }: { call: Call; live: Live }): Catalogue => {
  let status = $state<Catalogue["status"]>("loading");
  let resources = $state.raw<readonly Resource[]>([]);
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let fetching: Promise<void> | null = null;
  let isOutdated = false;

  const find = (id: ResourceId) => resources.find((resource) => resource.id === id) ?? null;

  const fetchAll = async () => {
    do {
      isOutdated = false;
      try {
        const reply = await call(catalogueRoutes.list, {}, { background: true });
        [resources, status, failure, asOf] = [reply.resources, "ready", null, Date.now()];
      } catch (error) {
        failure = error;
        return;
      }
    } while (isOutdated);
  };

  const refresh = (): Promise<void> => {
    isOutdated = true;
    fetching ??= fetchAll().finally(() => (fetching = null));
    return fetching;
  };

  const hear = ({ id, available, edited }: CatalogueChanged) => {
    // An answer that is on its way may be older than this.
    if (edited || fetching || !find(id)) void refresh();
    resources = resources.map((resource) =>
      resource.id === id ? { ...resource, available } : resource,
    );
  };

  return {
    get status() {
      return status;
    },
    get resources() {
      return resources;
    },
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    find,
    refresh,
    open: () =>
      live.follow({ refresh: () => void refresh(), events: { "catalogue:changed": hear } }),
  };
};
