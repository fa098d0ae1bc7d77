/** How much of everything happened, over time. */
import { statsRoutes } from "../../../shared/contract/stats.ts";
import type { RouteParts } from "./parts.ts";

export function bindStats({ bind, router, stats }: RouteParts) {
  router.get(
    statsRoutes.show.path,
    bind(statsRoutes.show, ({ query }) => stats.show(query.window)),
  );
}
