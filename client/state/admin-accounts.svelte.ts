/** One page of accounts, by username. Where it begins and what it searches is in the address. */
import { accountRoutes } from "../../shared/contract/accounts.ts";
import type { Account } from "../../shared/contract/accounts.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";

export interface AccountFilter {
  q: string;
  cursor: string;
}

export interface AdminAccounts {
  readonly status: "loading" | "ready";
  readonly accounts: readonly Account[];
  readonly next: string | null;
  readonly total: number;
  readonly failure: unknown;
  readonly asOf: number;
  show(filter: AccountFilter): Promise<void>;
  refresh(): Promise<void>;
  open(): () => void;
}

export const createAdminAccounts = ({ call, live }: { call: Call; live: Live }): AdminAccounts => {
  let status = $state<AdminAccounts["status"]>("loading");
  let accounts = $state.raw<readonly Account[]>([]);
  let next = $state<string | null>(null);
  let total = $state(0);
  let failure = $state.raw<unknown>(null);
  let asOf = $state(Date.now());
  let filter: AccountFilter | null = null;
  let snapshots = 0;

  const fetchPage = async (options: { background: boolean }) => {
    if (!filter) return;
    const snapshot = ++snapshots;
    try {
      const reply = await call(accountRoutes.list, { query: { ...filter } }, options);
      if (snapshot !== snapshots) return;
      ({ accounts, next, total } = reply);
      [status, failure, asOf] = ["ready", null, Date.now()];
    } catch (error) {
      if (snapshot === snapshots) failure = error;
    }
  };

  const refresh = () => fetchPage({ background: true });

  return {
    get status() {
      return status;
    },
    get accounts() {
      return accounts;
    },
    get next() {
      return next;
    },
    get total() {
      return total;
    },
    get failure() {
      return failure;
    },
    get asOf() {
      return asOf;
    },
    show(wanted) {
      filter = wanted;
      return fetchPage({ background: false });
    },
    refresh,
    open: () => live.follow({ refresh: () => void refresh() }),
  };
};
