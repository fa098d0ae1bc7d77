/** How reserving and claiming went: reading, judging, taking home and forgetting. */
import { outcomeRoutes } from "../../../shared/contract/outcomes.ts";
import type { RouteParts } from "./parts.ts";

export function bindOutcomes({ bind, router, outcomes }: RouteParts) {
  router.get(
    outcomeRoutes.list.path,
    bind(outcomeRoutes.list, ({ query }) => outcomes.list(query)),
  );

  router.post(
    outcomeRoutes.judge.path,
    bind(outcomeRoutes.judge, ({ params, body, by }) =>
      outcomes.judge(params.id, body.verdict, by),
    ),
  );

  router.get(
    outcomeRoutes.export.path,
    bind(outcomeRoutes.export, ({ ctx, query, assertStillMay }) => {
      ctx.attachment(`outcomes-${query.kind}.ndjson`);
      return outcomes.export(query.kind, assertStillMay);
    }),
  );

  router.delete(
    outcomeRoutes.trim.path,
    bind(outcomeRoutes.trim, async ({ query }) => ({
      trimmed: await outcomes.trim(query.kind, query.before),
    })),
  );
}
