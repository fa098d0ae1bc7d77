/**
 * The inquiry bin of this visitor or account, the same on every open page. What a person wishes shows at
 * once and is then sent, one request at a time: of several wishes for one thing the last wins, and a
 * visitor's first one opens the session that the next ones belong to. A wish that failed is given up, and
 * what the server has is shown again.
 */
import { SvelteMap } from "svelte/reactivity";
import { binRoutes } from "../../shared/contract/bin.ts";
import type { BinItem, Bin as BinReply } from "../../shared/contract/bin.ts";
import type { ResourceId } from "../../shared/ids.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";

export interface Bin {
  readonly status: "loading" | "ready";
  /** Oldest first, with what was wished for but is not confirmed yet. */
  readonly items: readonly BinItem[];
  /** The last merge, while it can be undone. */
  readonly merged: BinReply["merged"] | null;
  /** Why the last snapshot could not be fetched. */
  readonly failure: unknown;
  readonly asOf: number;
  /** 0: it is not in the bin. */
  quantityOf(resource: ResourceId): number;
  refresh(): Promise<void>;
  /** 0 takes it out. Settles once it, or a later wish for the same thing, was sent. */
  put(resource: ResourceId, quantity: number): Promise<void>;
  clear(): Promise<void>;
  undoMerge(): Promise<void>;
  /** Begins for whoever this browser is; what was known is gone when it ends. */
  open(): () => void;
}

interface BinParts {
  call: Call;
  live: Live;
  /** Something is kept, for which a visitor may just have got a session. */
  onKept(): void;
}

export const createBin = ({ call, live, onKept }: BinParts): Bin => {
  let status = $state<Bin["status"]>("loading");
  let known = $state.raw<BinReply | null>(null);
  const wishes = new SvelteMap<ResourceId, number>();
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  /** Counts whose bin this is, and what was told of it, so that nothing older is believed. */
  let owner = 0;
  let told = 0;
  let sending: Promise<unknown> = Promise.resolve();

  const items = $derived(grantWishes(known?.items ?? [], wishes));

  const learn = (reply: BinReply) => {
    told += 1;
    [known, status, failure, asOf] = [reply, "ready", null, Date.now()];
  };

  const refresh = async () => {
    const [asked, before] = [owner, told];
    try {
      const reply = await call(binRoutes.show, {}, { background: true });
      // What was told while the answer travelled is newer.
      if (asked === owner && before === told) learn(reply);
    } catch (error) {
      if (asked === owner) failure = error;
    }
  };

  const wish = (resources: readonly ResourceId[], quantity: number) => {
    for (const resource of resources) wishes.set(resource, quantity);
  };
  /** A later wish for the same thing stays. */
  const drop = (resources: readonly ResourceId[], quantity: number) => {
    for (const resource of resources)
      if (wishes.get(resource) === quantity) wishes.delete(resource);
  };

  /** After everything that was asked for before; what belongs to an earlier owner is never sent. */
  const inTurn = (send: () => Promise<void>): Promise<void> => {
    const asked = owner;
    const turn = sending.then(() => (asked === owner ? send() : undefined));
    sending = turn.catch(() => undefined);
    return turn;
  };

  const fulfil = async (
    resources: readonly ResourceId[],
    quantity: number,
    send: () => Promise<BinReply>,
  ) => {
    const asked = owner;
    try {
      const reply = await send();
      if (asked === owner) learn(reply);
    } catch (error) {
      if (asked === owner) void refresh();
      throw error;
    } finally {
      if (asked === owner) drop(resources, quantity);
    }
  };

  const put = (resource: ResourceId, quantity: number) => {
    wish([resource], quantity);
    const params = { resourceId: resource };
    return inTurn(async () => {
      const newest = wishes.get(resource);
      if (newest === undefined) return;
      await fulfil([resource], newest, () =>
        newest === 0
          ? call(binRoutes.remove, { params })
          : call(binRoutes.put, { params, body: { quantity: newest } }),
      );
      if (newest > 0) onKept();
    });
  };

  const clear = () => {
    const all = items.map(({ resourceId }) => resourceId);
    wish(all, 0);
    return inTurn(() => fulfil(all, 0, () => call(binRoutes.clear)));
  };

  const undoMerge = () => inTurn(() => fulfil([], 0, () => call(binRoutes.undoMerge)));

  const forget = () => {
    owner += 1;
    wishes.clear();
    [status, known, failure] = ["loading", null, null];
  };

  return {
    get status() {
      return status;
    },
    get items() {
      return items;
    },
    get merged() {
      return known?.merged ?? null;
    },
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    quantityOf: (resource) =>
      items.find(({ resourceId }) => resourceId === resource)?.quantity ?? 0,
    refresh,
    put,
    clear,
    undoMerge,
    open() {
      forget();
      const unfollow = live.follow({
        refresh: () => void refresh(),
        events: { "bin:changed": learn },
      });
      return () => {
        unfollow();
        forget();
      };
    },
  };
};

/** The bin as it will be: changed where it stands, new things last. */
const grantWishes = (
  items: readonly BinItem[],
  wishes: ReadonlyMap<ResourceId, number>,
): readonly BinItem[] => {
  const changed = items.map((item) => ({
    ...item,
    quantity: wishes.get(item.resourceId) ?? item.quantity,
  }));
  const added = [...wishes].flatMap(([resourceId, quantity]) =>
    items.some((item) => item.resourceId === resourceId)
      ? []
      : { resourceId, quantity, addedAt: new Date().toISOString() },
  );
  return [...changed, ...added].filter(({ quantity }) => quantity > 0);
};
