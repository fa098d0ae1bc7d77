/** The inquiry bin. */
import { binRoutes } from "../../../shared/contract/bin.ts";
import { DomainError } from "../../../shared/errors.ts";
import { binOwnerOf, emptyBin, type BinOwner } from "../../domain/bin.ts";
import type { Asker } from "../bind.ts";
import type { RouteParts } from "./parts.ts";

export function bindBin({ bind, router, bins, cookies, door }: RouteParts) {
  router.get(
    binRoutes.show.path,
    bind(binRoutes.show, (asker) => {
      const owner = ownerOf(asker);
      return owner ? bins.read(owner) : emptyBin;
    }),
  );

  router.put(
    binRoutes.put.path,
    bind(binRoutes.put, ({ params, body, held }) => {
      if (held === null) throw new Error("a bin was opened without its guest");
      return bins.put(binOwnerOf(held), params.resourceId, body.quantity);
    }),
  );

  router.delete(
    binRoutes.remove.path,
    bind(binRoutes.remove, ({ params, ...asker }) => {
      const owner = ownerWhoChanges(asker);
      return owner ? bins.remove(owner, params.resourceId) : emptyBin;
    }),
  );

  router.delete(
    binRoutes.clear.path,
    bind(binRoutes.clear, (asker) => {
      const owner = ownerWhoChanges(asker);
      return owner ? bins.clear(owner) : emptyBin;
    }),
  );

  router.post(
    binRoutes.undoMerge.path,
    bind(binRoutes.undoMerge, ({ account }) => bins.undoMerge(account.id)),
  );

  /** What a page of the guest of before wants gone is in the account's bin by now. */
  function ownerWhoChanges({ ctx, checked, held }: Omit<Asker, "body">): BinOwner | null {
    if (held === null && door.hasSignedIn(cookies.readSession(ctx), checked))
      throw new DomainError("stale_token");
    return ownerOf({ checked, held });
  }
}

/** Null: a stranger, who has nothing in it. */
function ownerOf({ checked, held }: Pick<Asker, "checked" | "held">): BinOwner | null {
  if (checked.state === "stale") throw new DomainError("stale_token");
  return held && binOwnerOf(held);
}
