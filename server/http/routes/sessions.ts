/** Signing in and out, and one's own devices. */
import { sessionRoutes } from "../../../shared/contract/session-routes.ts";
import type { Me } from "../../../shared/contract/session-routes.ts";
import { DomainError } from "../../../shared/errors.ts";
import type { Session } from "../../../shared/contract/sessions.ts";
import type { SessionId } from "../../../shared/ids.ts";
import type { Held } from "../../domain/door.ts";
import { showAccount, showEnd, type AccountRow } from "../../domain/session.ts";
import { isOfCookie, nameOf } from "../../domain/sessions.ts";
import type { Asker } from "../bind.ts";
import type { RouteParts } from "./parts.ts";

export function bindSessions(parts: RouteParts) {
  const { bind, router, sessions, signIn, ends, accounts, cookies, families, tokens } = parts;

  router.get(sessionRoutes.me.path, bind(sessionRoutes.me, who));

  router.post(
    sessionRoutes.signIn.path,
    bind(sessionRoutes.signIn, async ({ body, visitor, held, ctx }) => {
      const opened = await signIn.signIn(body, visitor, held);
      cookies.open(ctx, opened);
      const remembered = body.remember ? await families.start(opened.held) : null;
      if (remembered) {
        cookies.remember(ctx, remembered);
        await sessions.tellChanged(opened.held.row, opened.held.account);
      } else cookies.forget(ctx);
      return { ...(await signedIn(opened.held)), merged: opened.merged };
    }),
  );

  router.post(
    sessionRoutes.signOut.path,
    bind(sessionRoutes.signOut, async ({ held, ctx, checked }) => {
      // Only its cookie is out of date; cleared as it is now, the session would live on in nobody's hands.
      if (checked.state === "stale") throw new DomainError("stale_token");
      if (held) {
        const by = held.account ? nameOf(held.account) : undefined;
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
      const isBearer = !isOfCookie(held);
      const again = await sessions.holdNow(token, isBearer ? held.row.id : undefined);
      const session = await sessions.showOwn(again);
      if (isBearer) return { session, tokens: await issueAgain(again) };
      cookies.rotate(ctx, token);
      return { session };
    }),
  );

  router.put(
    sessionRoutes.changePassword.path,
    bind(sessionRoutes.changePassword, async ({ body, held, account, ctx }) => {
      await signIn.prove(held, account, body.current);
      const { id } = held.row;
      const receipt = await accounts.changePassword(account, id, body.next, body.endOthers);
      const token = await sessions.rotate(held, true);
      if (!isOfCookie(held)) return receipt;
      cookies.rotate(ctx, token);
      // Its own family was issued under the old password too.
      const remembered = held.row.family ? await families.start(held) : null;
      if (remembered) cookies.remember(ctx, remembered);
      return receipt;
    }),
  );

  router.get(
    sessionRoutes.list.path,
    bind(sessionRoutes.list, ({ held, account }) => sessions.list(account, held.row.id)),
  );

  router.patch(
    sessionRoutes.rename.path,
    bind(sessionRoutes.rename, async ({ params, body, held, account }) => {
      if (body.recognised === false) return notMe(params.id, held, account);
      let session = await sessions.one(account, params.id);
      // Whoever it is, they would say that it was them.
      if (body.recognised && params.id === held.row.id && session.unfamiliar)
        throw new DomainError("forbidden");
      if (body.recognised) session = await sessions.recognise(account, params.id);
      if (body.name !== undefined) session = await sessions.rename(account, params.id, body.name);
      return { ...session, current: session.id === held.row.id };
    }),
  );

  router.delete(
    sessionRoutes.endMany.path,
    bind(sessionRoutes.endMany, ({ query, held, account, by }) => {
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

  /** "Not me": it ends, and the page goes on to the password. */
  async function notMe(id: SessionId, held: Held, account: AccountRow): Promise<Session> {
    sessions.assertFresh(held);
    const session = await sessions.one(account, id);
    await signIn.disown(account, id);
    return { ...session, online: false, sockets: 0 };
  }

  /** A browser's session has its remember cookie and needs no refresh token. */
  async function issueAgain(held: Held) {
    const refresh = held.row.kind === "token" ? await families.start(held) : null;
    const issued = await tokens.issue(held, undefined, refresh?.number);
    return { ...issued, ...(refresh && { refresh_token: refresh.credential }) };
  }

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
      held.reply = {
        me,
        text: JSON.stringify(me),
        until: sessions.shownUntil(session, held.row),
        isOutdated: false,
      };
    return me;
  }

  async function signedIn(held: NonNullable<Asker["held"]>) {
    if (held.account === null) throw new Error("a session was opened without its account");
    return { account: showAccount(held.account), session: await sessions.showOwn(held) };
  }
}
