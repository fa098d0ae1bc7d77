/**
 * One account as an administrator sees it. A permission switch shows what was asked for at once and falls
 * back when it is refused; switches pressed quickly are sent one after the other, each with all of the
 * account's permissions, so that none undoes another.
 */
import { accountRoutes, permissions } from "../../shared/contract/accounts.ts";
import type { Account, Permission } from "../../shared/contract/accounts.ts";
import { adminSessionRoutes } from "../../shared/contract/session-routes.ts";
import type { Receipt } from "../../shared/contract/sessions.ts";
import type { AccountId } from "../../shared/ids.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { followAccountNews } from "./account-news.ts";

export interface ProfileChanges {
  name: string;
  country: string;
  city: string;
}

export interface AdminAccount {
  readonly account: Account | null;
  /** What is held, with the changes under way. */
  readonly permissions: readonly Permission[];
  readonly failure: unknown;
  readonly asOf: number;
  refresh(): Promise<void>;
  open(): () => void;
  edit(changes: ProfileChanges): Promise<void>;
  setPermission(permission: Permission, isOn: boolean): Promise<void>;
  resetPassword(next: string): Promise<Receipt>;
  disable(reason: { reason?: string }): Promise<Receipt>;
  enable(): Promise<Receipt>;
  signOut(message: { message?: string }): Promise<Receipt>;
}

export const createAdminAccount = ({
  call,
  live,
  id,
  mayReadActivity,
}: {
  call: Call;
  live: Live;
  id: AccountId;
  mayReadActivity: boolean;
}): AdminAccount => {
  const params = { id };
  let account = $state.raw<Account | null>(null);
  let asked = $state.raw<PermissionChanges>({});
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let lastChange: Promise<unknown> = Promise.resolve();

  const held = $derived(applyChanges(account?.permissions ?? [], asked));

  const keep = (next: Account) => {
    [account, asOf, failure] = [next, Date.now(), null];
  };

  const refresh = async () => {
    try {
      keep((await call(accountRoutes.show, { params }, { background: true })).account);
    } catch (error) {
      failure = error;
    }
  };

  const keepAndTell = ({ account: next, receipt }: { account: Account; receipt: Receipt }) => {
    keep(next);
    return receipt;
  };

  const sendPermission = async (permission: Permission, isOn: boolean) => {
    const wanted = applyChanges(account?.permissions ?? [], { [permission]: isOn });
    const body = { permissions: wanted };
    keepAndTell(await call(accountRoutes.setPermissions, { params, body }));
  };

  return {
    get account() {
      return account;
    },
    get permissions() {
      return held;
    },
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    refresh,
    open: () => followAccountNews({ live, id, mayReadActivity, refresh: () => void refresh() }),
    async edit(changes) {
      keep((await call(accountRoutes.edit, { params, body: changes })).account);
    },
    async setPermission(permission, isOn) {
      asked = { ...asked, [permission]: isOn };
      const change = lastChange.then(() => sendPermission(permission, isOn));
      lastChange = change.catch(() => undefined);
      try {
        await change;
      } finally {
        asked = { ...asked, [permission]: undefined };
      }
    },
    resetPassword: async (next) =>
      keepAndTell(await call(accountRoutes.resetPassword, { params, body: { next } })),
    disable: async (reason) =>
      keepAndTell(
        await call(accountRoutes.setStatus, { params, body: { disabled: true, ...reason } }),
      ),
    enable: async () =>
      keepAndTell(await call(accountRoutes.setStatus, { params, body: { disabled: false } })),
    signOut: (message) => call(adminSessionRoutes.endAllOfAccount, { params, query: message }),
  };
};

type PermissionChanges = Readonly<Partial<Record<Permission, boolean | undefined>>>;

const applyChanges = (held: readonly Permission[], changes: PermissionChanges): Permission[] =>
  permissions.filter((permission) => changes[permission] ?? held.includes(permission));
