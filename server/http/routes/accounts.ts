/** Set-up, registration, and the administration of accounts. */
import { accountRoutes } from "../../../shared/contract/accounts.ts";
import { rateLimitKeyOf } from "../../domain/address.ts";
import { showAccount, type AccountRow } from "../../domain/session.ts";
import type { Asker } from "../bind.ts";
import type { RouteParts } from "./parts.ts";

export function bindAccounts({
  bind,
  router,
  accounts,
  bins,
  desk,
  sessions,
  signIn,
  attempts,
  cookies,
}: RouteParts) {
  router.post(
    accountRoutes.setup.path,
    bind(accountRoutes.setup, async ({ body, ...asker }) => {
      await attempts.spend("setup", rateLimitKeyOf(asker.visitor.ip));
      return enter(await accounts.setup(body.token, body), asker);
    }),
  );

  router.post(
    accountRoutes.register.path,
    bind(accountRoutes.register, async ({ body, ...asker }) => {
      await attempts.spend("register", rateLimitKeyOf(asker.visitor.ip));
      return enter(await accounts.register(body), asker);
    }),
  );

  router.get(
    accountRoutes.list.path,
    bind(accountRoutes.list, ({ query }) => accounts.list(query)),
  );

  router.get(
    accountRoutes.show.path,
    bind(accountRoutes.show, async ({ params }) => ({
      account: showAccount(await accounts.get(params.id)),
    })),
  );

  router.get(
    accountRoutes.sessions.path,
    bind(accountRoutes.sessions, async ({ params, held }) =>
      sessions.list(await accounts.get(params.id), held.row.id),
    ),
  );

  router.get(
    accountRoutes.desk.path,
    bind(accountRoutes.desk, async ({ params }) => {
      const { id } = await accounts.get(params.id);
      return {
        bin: await bins.read({ kind: "account", id }),
        reservations: await desk.list(id),
      };
    }),
  );

  router.post(
    accountRoutes.create.path,
    bind(accountRoutes.create, async ({ body, by }) => ({
      account: showAccount(await accounts.create(body, by)),
    })),
  );

  router.patch(
    accountRoutes.edit.path,
    bind(accountRoutes.edit, async ({ params, body }) => ({
      account: showAccount(await accounts.edit(params.id, body)),
    })),
  );

  router.put(
    accountRoutes.resetPassword.path,
    bind(accountRoutes.resetPassword, async ({ params, body, by }) =>
      shown(await accounts.resetPassword(params.id, body.next, by)),
    ),
  );

  router.put(
    accountRoutes.setPermissions.path,
    bind(accountRoutes.setPermissions, async ({ params, body, by }) =>
      shown(await accounts.setPermissions(params.id, body.permissions, by)),
    ),
  );

  router.put(
    accountRoutes.setStatus.path,
    bind(accountRoutes.setStatus, async ({ params, body, by }) =>
      shown(await accounts.setStatus(params.id, body.disabled, by, body.reason)),
    ),
  );

  async function enter(account: AccountRow, { visitor, held, ctx }: Omit<Asker, "body">) {
    const opened = await signIn.enter(account, visitor, held);
    cookies.open(ctx, opened);
    const session = await sessions.showOwn(opened.held);
    return { account: showAccount(account), session, merged: opened.merged };
  }

  const shown = <R>({ account, receipt }: { account: AccountRow; receipt: R }) => ({
    account: showAccount(account),
    receipt,
  });
}
