/** The catalogue as everybody sees it, and as those change it who manage it. */
import { adminCatalogueRoutes, catalogueRoutes } from "../../../shared/contract/catalogue.ts";
import type { RouteParts } from "./parts.ts";

export function bindCatalogue({ bind, router, catalogue, units }: RouteParts) {
  router.get(
    catalogueRoutes.list.path,
    bind(catalogueRoutes.list, async () => ({ resources: await catalogue.list() })),
  );

  router.get(
    adminCatalogueRoutes.list.path,
    bind(adminCatalogueRoutes.list, async () => ({ resources: await catalogue.listStocked() })),
  );

  router.post(
    adminCatalogueRoutes.create.path,
    bind(adminCatalogueRoutes.create, async ({ body }) => ({
      resource: await catalogue.create(body),
    })),
  );

  router.patch(
    adminCatalogueRoutes.edit.path,
    bind(adminCatalogueRoutes.edit, async ({ params, body }) => ({
      resource: await catalogue.edit(params.id, body),
    })),
  );

  router.delete(
    adminCatalogueRoutes.remove.path,
    bind(adminCatalogueRoutes.remove, async ({ params }) => ({
      resource: await catalogue.remove(params.id),
    })),
  );

  router.post(
    adminCatalogueRoutes.addUnits.path,
    bind(adminCatalogueRoutes.addUnits, ({ params, body, assertStillMay }) =>
      units.add({ resource: params.id, units: body.units, assertStillMay }),
    ),
  );

  router.put(
    adminCatalogueRoutes.uploadUnits.path,
    bind(adminCatalogueRoutes.uploadUnits, ({ params, lines, assertStillMay }) =>
      units.add({ resource: params.id, units: lines, assertStillMay }),
    ),
  );
}
