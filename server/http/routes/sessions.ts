/** Signing in and out, and one's own devices. */
import { sessionRoutes } from "../../../shared/contract/session-routes.ts";
import type { Me } from "../../../shared/contract/session-routes.ts";
import { DomainError } from "../../../shared/errors.ts";
import { showAccount, showEnd } from "../../domain/session.ts";
import type { Asker } from "../bind.ts";
import type { RouteParts } from "./parts.ts";

export function bindSessions({
  bind,
  router,
  sessions,
  signIn,
  ends,
  accounts,
  cookies,
}: RouteParts) {
  router.get(sessionRoutes.me.path, bind(sessionRoutes.me, who));

  router.post(
    sessionRoutes.signIn.path,
    bind(sessionRoutes.signIn, async ({ body, visitor, held, ctx }) => {
      const opened = await signIn.signIn(body, visitor, held);
      cookies.open(ctx, opened);
      return signedIn(opened.held);
    }),
  );

  router.post(
    sessionRoutes.signOut.path,
    bind(sessionRoutes.signOut, async ({ held, ctx }) => {
      if (held) {
        const by = held.account
          ? { id: held.account.id, username: held.account.username }
          : undefined;
        await ends.endOne(held.row.id, held.row.accountId, { reason: "signed_out", by });
      }
      cookies.clear(ctx);
      return undefined;
    }),
  );

  router.post(
    sessionRoutes.reauthenticate.path,
    bind(sessionRoutes.reauthenticate, async ({ body, held, account, ctx }) => {
      const token = await signIn.reauthenticate(held, account, body.password);
      cookies.rotate(ctx, token);
      return { session: await sessions.showOwn(await sessions.holdNow(token)) };
    }),
  );

  router.get(
    sessionRoutes.list.path,
    bind(sessionRoutes.list, ({ held, account }) => sessions.list(account, held.row.id)),
  );

  router.patch(
    sessionRoutes.rename.path,
    bind(sessionRoutes.rename, async ({ params, body, held, account }) => {
      const session = await sessions.rename(account, params.id, body.name ?? "");
      return { ...session, current: session.id === held.row.id };
    }),
  );

  router.delete(
    sessionRoutes.endMany.path,
    bind(sessionRoutes.endMany, ({ query, held, account, by }) => {
      sessions.assertFresh(held);
      const order = { reason: "revoked", by } as const;
      return query.scope === "all"
        ? ends.endAll(account.id, order)
        : ends.endOthers(account.id, held.row.id, order);
    }),
  );

  router.delete(
    sessionRoutes.end.path,
    bind(sessionRoutes.end, ({ params, held, account, by }) => {
      const own = params.id === held.row.id;
      if (!own) sessions.assertFresh(held);
      return ends.endOne(params.id, account.id, { reason: own ? "signed_out" : "revoked", by });
    }),
  );

  router.get(
    sessionRoutes.preferences.path,
    bind(sessionRoutes.preferences, ({ kept }) => kept.preferences ?? { theme: "system" as const }),
  );

  router.put(
    sessionRoutes.setPreferences.path,
    bind(sessionRoutes.setPreferences, ({ body, kept }) => {
      kept.preferences = body;
      return body;
    }),
  );

  async function who({ checked, held }: Asker): Promise<Me> {
    // Signed in, with a secret that another tab's request has replaced: ask again with the new cookie.
    if (checked.state === "stale") throw new DomainError("stale_token");
    const session = held && (await sessions.showOwn(held));
    const me: Me = {
      account: held?.account ? showAccount(held.account) : null,
      session,
      permissions: held?.account?.permissions ?? [],
      ...(checked.state === "ended" && { ended: showEnd(checked.end) }),
      signups: accounts.signups,
      setupNeeded: !(await accounts.isSetUp()),
    };
    if (held?.account && session)
      held.reply = { text: JSON.stringify(me), until: sessions.shownUntil(session, held.row) };
    return me;
  }

  async function signedIn(held: NonNullable<Asker["held"]>) {
    if (held.account === null) throw new Error("a session was opened without its account");
    return { account: showAccount(held.account), session: await sessions.showOwn(held) };
  }
}
