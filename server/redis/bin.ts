/** BinStore on Redis: one script a step, on the slot of the bin's owner. */
import type { AccountId, ResourceId, SessionId } from "../../shared/ids.ts";
import type { BinContent, BinEntry, BinOwner, BinStore, Merge } from "../domain/bin.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

/** What the scripts' `show_bin` answers. */
type Shown = [now: number, state: "bin", items: string[], merge: SessionId, merged: string[]];
type Answer<S extends string, T = never> = [now: number, state: S, then: T, items: string[]];

export function createBinStore(connection: Connection): BinStore {
  const run = <T>(...ask: Parameters<Connection["run"]>) => connection.run(...ask) as Promise<T>;

  return {
    read: async (owner) =>
      readContent(await run<Shown>("read-bin", binKeys(owner), [mergePrefixOf(owner)])),

    async change(owner, { resource, quantity, most }, notAfter) {
      const reply = await run<Shown | Answer<"late" | "gone" | "full" | "frozen", AccountId>>(
        "change-bin",
        [holderKey(owner), ...binKeys(owner)],
        [notAfter, mergePrefixOf(owner), resource ?? "", quantity, most],
      );
      if (reply[1] === "bin") return { state: "bin", content: readContent(reply) };
      return reply[1] === "frozen" ? { state: "frozen", into: reply[2] } : { state: reply[1] };
    },

    async freeze(guest, account, notAfter) {
      const [, state, into, items] = await run<Answer<"late" | "gone" | "frozen", AccountId>>(
        "freeze-bin",
        [keys.sessionRow(guest), keys.bin(guest)],
        [notAfter, account],
      );
      return state === "frozen" ? { state, into, entries: readEntries(items) } : { state };
    },

    async merge(account, guest, { entries, most, undoWithin }, notAfter) {
      const owner: BinOwner = { kind: "account", id: account };
      const [, state, merge] = await run<Answer<"late" | "gone" | "merged" | "known", string[]>>(
        "merge-bin",
        [holderKey(owner), ...binKeys(owner), keys.merge(account, guest)],
        [notAfter, guest, undoWithin, most, ...entries.flatMap(argumentsOf)],
      );
      if (state === "late" || state === "gone") return { state };
      return { state, merge: readMerge(guest, merge) };
    },

    async undoMerge(id, notAfter) {
      const owner: BinOwner = { kind: "account", id };
      const reply = await run<Shown | Answer<"late" | "gone" | "none">>(
        "undo-merge",
        [holderKey(owner), ...binKeys(owner)],
        [notAfter, mergePrefixOf(owner)],
      );
      return reply[1] === "bin"
        ? { state: "bin", content: readContent(reply) }
        : { state: reply[1] };
    },
  };
}

/** Without it there is no bin either. */
const holderKey = (owner: BinOwner): string =>
  owner.kind === "account" ? keys.account(owner.id) : keys.sessionRow(owner.id);

const binKeys = ({ kind, id }: BinOwner): string[] =>
  kind === "account" ? [keys.bin(id), keys.lastMerge(id)] : [keys.bin(id)];

const mergePrefixOf = ({ kind, id }: BinOwner): string =>
  kind === "account" ? keys.mergePrefix(id) : "";

const argumentsOf = ({ resourceId, quantity, addedAt }: BinEntry) => [
  resourceId,
  quantity,
  addedAt,
];

const readContent = ([, , items, id, merged]: Shown): BinContent => ({
  entries: readEntries(items),
  merge: readMerge(id, merged),
});

/** Values are two numbers. */
const readEntries = (flat: readonly string[]): BinEntry[] =>
  toPairs(flat).map(([resource, value]) => {
    const [quantity = 0, addedAt = 0] = value.split(" ").map(Number);
    return { resourceId: resource as ResourceId, quantity, addedAt };
  });

/** Null when it changed nothing, or was undone. */
function readMerge(id: SessionId, flat: readonly string[]): Merge | null {
  const fields = new Map(toPairs(flat));
  const until = Number(fields.get("until"));
  fields.delete("until");
  if (fields.size === 0 || fields.has("undone")) return null;
  const items = [...fields].map(([resource, value]) => {
    const [quantity = 0, was = 0] = value.split(" ").map(Number);
    return { resourceId: resource as ResourceId, quantity, was };
  });
  return { id, items, until };
}

function toPairs(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at], flat[at + 1]]);
  return pairs;
}
