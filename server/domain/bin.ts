/**
 * The inquiry bin: what a visitor or an account has collected. A guest's belongs to its session and goes with it,
 * an account's is the same on all its devices. Every change is one script on the owner's slot that refuses once
 * the lease is over, so nobody acts for a session that has ended; pages are told that a bin changed and each node
 * reads it then, so that the last one they are sent is the newest.
 *
 * A guest who signs in takes the bin along, once. Guest and account live in different slots: the guest's bin is
 * frozen for the one account it goes to, merged under the guest's id, and the guest dissolved. Each step may be
 * repeated; what a crash leaves is finished by the sweeper, or by whoever comes with that guest's cookie first.
 */
import { mostItems, type Bin, type Merged } from "../../shared/contract/bin.ts";
import { DomainError } from "../../shared/errors.ts";
import type { AccountId, ResourceId, SessionId } from "../../shared/ids.ts";
import type { ActivityLog } from "./activity.ts";
import type { EndFacts } from "./admission.ts";
import { toInstant } from "./clock.ts";
import type { Held } from "./door.ts";
import type { Ends } from "./ends.ts";
import type { Ledger } from "./ledger.ts";
import { newOperation } from "./sessions.ts";

export type BinOwner = { kind: "guest"; id: SessionId } | { kind: "account"; id: AccountId };

export interface BinEntry {
  resourceId: ResourceId;
  quantity: number;
  addedAt: number;
}

export interface BinContent {
  entries: readonly BinEntry[];
  /** The account's last merge, while it can be undone. */
  merge: Merge | null;
}

/** What a guest's bin changed in an account's, by the guest's id. */
export interface Merge extends Merged {
  id: SessionId;
  /** Until when it can be undone. */
  until: number;
}

/** Past `notAfter`, or its owner is not there (any more): nothing was changed. */
export type BinRefusal = { state: "late" } | { state: "gone" };

export interface BinStore {
  read(owner: BinOwner): Promise<BinContent>;
  /** `resource` null: all of them. `quantity` 0: out of the bin. `frozen`: the guest signs in to this account. */
  change(
    owner: BinOwner,
    item: { resource: ResourceId | null; quantity: number; most: number },
    notAfter: number,
  ): Promise<
    | BinRefusal
    | { state: "bin"; content: BinContent }
    | { state: "full" }
    | { state: "frozen"; into: AccountId }
  >;
  /** Answers the account that the guest's bin goes into: the first that asked. */
  freeze(
    guest: SessionId,
    into: AccountId,
    notAfter: number,
  ): Promise<BinRefusal | { state: "frozen"; into: AccountId; entries: readonly BinEntry[] }>;
  /** `known`: it was merged before, this is what it changed then; null: nothing, or it is undone. */
  merge(
    account: AccountId,
    guest: SessionId,
    what: { entries: readonly BinEntry[]; most: number; undoWithin: number },
    notAfter: number,
  ): Promise<BinRefusal | { state: "merged" | "known"; merge: Merge | null }>;
  undoMerge(
    account: AccountId,
    notAfter: number,
  ): Promise<BinRefusal | { state: "bin"; content: BinContent } | { state: "none" }>;
}

export interface BinsOptions {
  store: BinStore;
  ledger: Ledger;
  ends: Ends;
  activity: ActivityLog;
  resourceExists(id: ResourceId): Promise<boolean>;
  nameOfAccount(id: AccountId): Promise<EndFacts["by"] | null>;
}

export type Bins = ReturnType<typeof createBins>;

const undoWithin = 24 * 60 * 60 * 1000;

export const binOwnerOf = ({ row }: Held): BinOwner =>
  row.accountId ? { kind: "account", id: row.accountId } : { kind: "guest", id: row.id };

export function createBins(options: BinsOptions) {
  const { store, ledger, ends, activity } = options;

  const tell = (owner: BinOwner) => void activity.tell({ type: "bin", owner });

  /** Redis time after which no script may act for this node any more. */
  async function mayActUntil(): Promise<number> {
    await ledger.assertLease();
    return ledger.leaseEndsAt();
  }

  async function change(
    owner: BinOwner,
    resource: ResourceId | null,
    quantity: number,
  ): Promise<Bin> {
    const item = { resource, quantity, most: mostItems };
    const changed = await store.change(owner, item, await mayActUntil());
    switch (changed.state) {
      case "bin":
        tell(owner);
        return showBin(owner, changed.content);
      case "full":
        throw new DomainError("bin_full", { message: `A bin holds ${mostItems} resources.` });
      case "frozen":
        await merge(owner.id as SessionId, changed.into);
        throw refusalOf("gone");
      case "late":
      case "gone":
        throw refusalOf(changed.state);
    }
  }

  /**
   * Put what a guest has into the account's bin and dissolve the guest. Answers what that changed, also to whoever
   * asks again; nothing to another account than the first that asked.
   */
  async function merge(guest: SessionId, account: AccountId): Promise<Merged | undefined> {
    const notAfter = await mayActUntil();
    const operation = newOperation();
    const [frozen] = await Promise.all([
      store.freeze(guest, account, notAfter),
      ledger.intend(operation, guest),
    ]);
    if (frozen.state === "late") throw refusalOf("late");
    // Gone: dissolved by another request a moment ago, which has left what it merged; or ended, bin and all.
    const { into, entries } = frozen.state === "gone" ? { into: account, entries: [] } : frozen;
    const what = { entries: [...entries].sort(byAge), most: mostItems, undoWithin };
    const merged = await store.merge(into, guest, what, notAfter);
    if (merged.state === "late") throw refusalOf("late");
    const change = merged.state === "gone" ? null : merged.merge;
    if (merged.state === "merged" && change) void tellMerged(into, change).catch(() => {});
    // Also one that is gone: whoever ended it may not have lived to tell, and a node may hold it in its cache.
    await ends.dissolveGuest(guest, operation);
    return change && into === account ? { id: change.id, items: change.items } : undefined;
  }

  async function tellMerged(id: AccountId, { items }: Merge): Promise<void> {
    tell({ kind: "account", id });
    const account = (await options.nameOfAccount(id)) ?? undefined;
    void activity.record({ type: "bin.merged", items: items.length, account });
  }

  return {
    merge,

    read: async (owner: BinOwner): Promise<Bin> => showBin(owner, await store.read(owner)),

    /** Throws `not_found` for what is not on the catalogue, `bin_full`. */
    async put(owner: BinOwner, resource: ResourceId, quantity: number): Promise<Bin> {
      if (!(await options.resourceExists(resource))) throw new DomainError("not_found");
      return change(owner, resource, quantity);
    },

    remove: (owner: BinOwner, resource: ResourceId): Promise<Bin> => change(owner, resource, 0),
    clear: (owner: BinOwner): Promise<Bin> => change(owner, null, 0),

    /** Throws `not_found` when there is nothing to undo (any more). */
    async undoMerge(id: AccountId): Promise<Bin> {
      const owner: BinOwner = { kind: "account", id };
      const undone = await store.undoMerge(id, await mayActUntil());
      if (undone.state === "none") throw new DomainError("not_found");
      if (undone.state !== "bin") throw refusalOf(undone.state);
      tell(owner);
      return showBin(owner, undone.content);
    },
  };
}

/** Who is gone has another session by now, and the browser its cookie, or is about to: it asks again with that. */
const refusalOf = (state: BinRefusal["state"]): DomainError =>
  state === "late"
    ? new DomainError("unavailable", { retryAfterSeconds: 1 })
    : new DomainError("stale_token");

/** Of a visitor who has put nothing into it. */
export const emptyBin: Bin = { owner: "guest", items: [] };

const byAge = (one: BinEntry, other: BinEntry): number =>
  one.addedAt - other.addedAt || (one.resourceId < other.resourceId ? -1 : 1);

const showBin = (owner: BinOwner, { entries, merge }: BinContent): Bin => ({
  owner: owner.kind,
  items: [...entries].sort(byAge).map((entry) => ({ ...entry, addedAt: toInstant(entry.addedAt) })),
  ...(merge && { merged: { ...merge, until: toInstant(merge.until) } }),
});
