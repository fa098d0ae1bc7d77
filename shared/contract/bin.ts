/** The inquiry bin: what a visitor or an account has collected, on every page of its owner at once. */
import { z } from "zod";
import { ResourceId } from "../ids.ts";
import { route } from "../route.ts";

/** Of one resource. */
export const mostQuantity = 99;
/** Different resources in one bin. */
export const mostItems = 100;

/** What a guest's bin changed in the account's when the guest signed in. */
export const Merged = z
  .object({
    id: z.string(),
    items: z.array(
      z.object({
        resourceId: ResourceId,
        /** In the account's bin since then. */
        quantity: z.number().int(),
        /** In it before; 0: it was not. */
        was: z.number().int(),
      }),
    ),
  })
  .meta({ id: "Merged" });
export type Merged = z.infer<typeof Merged>;

export const BinItem = z.object({
  resourceId: ResourceId,
  quantity: z.number().int(),
  addedAt: z.iso.datetime(),
});
export type BinItem = z.infer<typeof BinItem>;

export const Bin = z
  .object({
    owner: z.enum(["guest", "account"]),
    /** Oldest first. */
    items: z.array(BinItem),
    /** The last merge, while it can be undone. */
    merged: Merged.extend({ until: z.iso.datetime() }).optional(),
  })
  .meta({ id: "Bin" });
export type Bin = z.infer<typeof Bin>;

const params = z.object({ resourceId: ResourceId });

export const binRoutes = {
  show: route({
    method: "GET",
    path: "/api/bin",
    summary: "The caller's inquiry bin; a stranger's is empty",
    needs: "nobody",
    reply: Bin,
    status: 200,
    errors: ["stale_token"],
  }),
  put: route({
    method: "PUT",
    path: "/api/bin/:resourceId",
    summary:
      "Set how many of a resource are in the bin; opens a guest session for a visitor without one",
    needs: "nobody",
    opensGuest: true,
    params,
    body: z.object({ quantity: z.number().int().min(1).max(mostQuantity) }),
    reply: Bin,
    status: 200,
    errors: ["stale_token", "not_found", "bin_full"],
  }),
  remove: route({
    method: "DELETE",
    path: "/api/bin/:resourceId",
    summary: "Take a resource out of the bin",
    needs: "nobody",
    params,
    reply: Bin,
    status: 200,
    errors: ["stale_token"],
  }),
  clear: route({
    method: "DELETE",
    path: "/api/bin",
    summary: "Empty the bin",
    needs: "nobody",
    reply: Bin,
    status: 200,
    errors: ["stale_token"],
  }),
  undoMerge: route({
    method: "POST",
    path: "/api/bin/undo-merge",
    summary:
      "Undo what the last sign-in merged into the bin, as far as it was not changed since; for a day",
    needs: "account",
    reply: Bin,
    status: 200,
    errors: ["not_found"],
  }),
};
