/**
 * The catalogue with its stock, oldest resource first, kept live: figures change in their place, and no row
 * moves while the pointer or the focus is on the list. What the server answers to a change is shown at once, without waiting for its news.
 */
import { adminCatalogueRoutes } from "../../shared/contract/catalogue.ts";
import type { NewResource, StockedResource } from "../../shared/contract/catalogue.ts";
import type { ResourceId } from "../../shared/ids.ts";
import type { Call, CallOptions } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import type { ResourceChanges } from "./resource-fields.ts";
import { arrangeRows, putResource, putSnapshot } from "./stock.ts";
import type { StockRow } from "./stock.ts";

export interface AdminCatalogue {
  readonly status: "loading" | "ready";
  readonly rows: readonly StockRow[];
  readonly failure: unknown;
  readonly asOf: number;
  refresh(): Promise<void>;
  create(resource: NewResource): Promise<StockedResource>;
  edit(id: ResourceId, changes: ResourceChanges): Promise<void>;
  remove(id: ResourceId): Promise<void>;
  hold(): void;
  release(): void;
  open(): () => void;
}

export const createAdminCatalogue = ({
  call,
  live,
}: {
  call: Call;
  live: Live;
}): AdminCatalogue => {
  let status = $state<AdminCatalogue["status"]>("loading");
  let resources: readonly StockedResource[] = [];
  let rows = $state.raw<readonly StockRow[]>([]);
  let isHeld = false;
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let snapshots = 0;

  const keep = (next: readonly StockedResource[]) => {
    resources = next;
    rows = arrangeRows(rows, resources, isHeld);
  };

  const fetchAll = async (options: CallOptions) => {
    const snapshot = ++snapshots;
    try {
      const reply = await call(adminCatalogueRoutes.list, {}, options);
      if (snapshot !== snapshots) return;
      keep(putSnapshot(resources, reply.resources));
      [status, failure, asOf] = ["ready", null, Date.now()];
    } catch (error) {
      if (snapshot === snapshots) failure = error;
    }
  };
  const refresh = () => fetchAll({ background: true });

  const put = ({ resource }: { resource: StockedResource }) => {
    keep(putResource(resources, resource));
    return resource;
  };

  return {
    get status() {
      return status;
    },
    get rows() {
      return rows;
    },
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    refresh,
    create: async (body) => put(await call(adminCatalogueRoutes.create, { body })),
    async edit(id, body) {
      put(await call(adminCatalogueRoutes.edit, { params: { id }, body }));
    },
    async remove(id) {
      put(await call(adminCatalogueRoutes.remove, { params: { id } }));
    },
    hold: () => (isHeld = true),
    release() {
      isHeld = false;
      keep(resources);
    },
    open: () =>
      live.follow({
        topic: "desk",
        refresh: () => void refresh(),
        events: {
          desk: (batch) => keep(batch.resources.reduce(putResource, resources)),
          // One that is gone is in no batch.
          "catalogue:changed": ({ edited }) => void (edited && refresh()),
        },
      }),
  };
};
