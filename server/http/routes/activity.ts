/** What happened, to oneself and to everybody. */
import { activityRoutes } from "../../../shared/contract/activity.ts";
import { listActivity } from "../../domain/activity.ts";
import type { RouteParts } from "./parts.ts";

export function bindActivity({ bind, router, history }: RouteParts) {
  router.get(
    activityRoutes.own.path,
    bind(activityRoutes.own, ({ query, account }) =>
      listActivity(history, { ...query, account: account.id }),
    ),
  );

  router.get(
    activityRoutes.all.path,
    bind(activityRoutes.all, ({ query }) =>
      listActivity(history, { ...query, account: query.account ?? null }),
    ),
  );
}
