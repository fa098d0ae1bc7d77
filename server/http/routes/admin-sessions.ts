/** The admin's view over everybody's sessions, and ending them. */
import { adminSessionRoutes } from "../../../shared/contract/session-routes.ts";
import type { RouteParts } from "./parts.ts";

export function bindAdminSessions({ bind, router, directory, ends, accounts }: RouteParts) {
  router.get(
    adminSessionRoutes.list.path,
    bind(adminSessionRoutes.list, ({ query, held }) => directory.list(query, held.row.id)),
  );

  router.delete(
    adminSessionRoutes.end.path,
    bind(adminSessionRoutes.end, ({ params, query, body, by }) =>
      ends.endOne(params.id, null, { reason: "admin", by, message: messageOf(query, body) }),
    ),
  );

  router.delete(
    adminSessionRoutes.endAllOfAccount.path,
    bind(adminSessionRoutes.endAllOfAccount, async ({ params, query, body, held, account, by }) => {
      const order = { reason: "admin", by, message: messageOf(query, body) } as const;
      if (params.id === account.id) return ends.endOthers(account.id, held.row.id, order);
      await accounts.get(params.id);
      return ends.endAll(params.id, order);
    }),
  );

  router.delete(
    adminSessionRoutes.endEveryone.path,
    bind(adminSessionRoutes.endEveryone, async ({ query, body, held, by }) => {
      const others = Math.max(0, (await directory.count()) - 1);
      const order = { reason: "admin", by, message: messageOf(query, body) } as const;
      return ends.endEveryone(held.row.id, order, others);
    }),
  );
}

const messageOf = (
  query: { message?: string | undefined },
  body: { message?: string | undefined; reason?: string | undefined },
): string | undefined => body.message ?? body.reason ?? query.message;
