/**
 * Accounts: making them, changing what they may do, and the rule that somebody must always be left who can
 * manage them. A change of permissions reaches every open page as data; nobody signs in again for it.
 */
import { timingSafeEqual } from "node:crypto";
import type { Account, Permission } from "../../shared/contract/accounts.ts";
import { permissions as allPermissions } from "../../shared/contract/accounts.ts";
import type { Receipt } from "../../shared/contract/sessions.ts";
import { DomainError } from "../../shared/errors.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { ActivityLog } from "./activity.ts";
import type { Cut, EndFacts } from "./admission.ts";
import type { Clock } from "./clock.ts";
import { hashSecret } from "./door.ts";
import type { Ends } from "./ends.ts";
import type { Ledger } from "./ledger.ts";
import { assertStrongPassword, type Passwords } from "./passwords.ts";
import { nameOf, newAccountId, newOperation } from "./sessions.ts";
import { showAccount, type AccountRow } from "./session.ts";

export interface NewAccount {
  username: string;
  password: string;
  name?: string | undefined;
  country?: string | undefined;
  city?: string | undefined;
  permissions?: Permission[] | undefined;
}

export interface AccountProfile {
  name?: string | undefined;
  country?: string | undefined;
  city?: string | undefined;
}

export interface AccountStore {
  find(id: AccountId): Promise<AccountRow | null>;
  findByUsername(folded: string): Promise<{ account: AccountRow; passwordHash: string } | null>;
  passwordHash(id: AccountId): Promise<string | null>;
  /**
   * Claim the name, make the account, confirm both. False: the name is taken. A crash on the way leaves
   * claims that run out within a minute, and nothing else.
   */
  create(
    id: AccountId,
    folded: string,
    fields: AccountProfile & { username: string; passwordHash: string; permissions: Permission[] },
  ): Promise<boolean>;
  /** Empty text removes a field. False: no such account. */
  change(id: AccountId, profile: AccountProfile): Promise<boolean>;
  enable(id: AccountId): Promise<boolean>;
  setPassword(id: AccountId, passwordHash: string): Promise<boolean>;
  setPermissions(
    id: AccountId,
    permissions: readonly Permission[],
    atLeastVersion?: number,
  ): Promise<{ at: number; version: number; before: Permission[] } | null>;
  /** A restored account catches up with what nodes know of it. */
  raiseGeneration(id: AccountId, atLeast: number): Promise<void>;
  addManager(id: AccountId): Promise<void>;
  /** Takes the account out of the managers unless it is the last of them. */
  releaseManager(id: AccountId): Promise<"released" | "not_a_manager" | "last">;
  list(ask: {
    prefix: string;
    cursor: string | null;
    limit: number;
  }): Promise<{ accounts: AccountRow[]; next: string | null; total: number }>;
  knowsDevice(id: AccountId, deviceHash: string): Promise<boolean>;
  /** Redis time of the first sign-in there; null: the account does not know it. */
  knowsDeviceSince(id: AccountId, deviceHash: string): Promise<number | null>;
  forgetDevice(id: AccountId, deviceHash: string): Promise<void>;
  countDevices(id: AccountId): Promise<number>;
  rememberDevice(id: AccountId, deviceHash: string, at: number): Promise<void>;
  /** Claims the one set-up for this account; false when somebody has it. */
  claimSetup(id: AccountId): Promise<boolean>;
  confirmSetup(id: AccountId): Promise<void>;
  releaseSetup(id: AccountId): Promise<void>;
  isSetUp(): Promise<boolean>;
  setupTokenHash(): Promise<string | null>;
  offerSetup(tokenHash: string): Promise<void>;
}

export interface AccountsOptions {
  store: AccountStore;
  ledger: Ledger;
  ends: Ends;
  activity: ActivityLog;
  passwords: Passwords;
  clock: Clock;
  signups: "open" | "closed";
}

export type Accounts = ReturnType<typeof createAccounts>;

/** Names that differ only in case or in look-alike forms are the same name. */
export const foldUsername = (username: string): string =>
  username.normalize("NFKC").toLowerCase().trim();

/** What somebody who registers may do from the start. */
export const ofNewcomers: readonly Permission[] = ["desk:reserve"];

export function createAccounts(options: AccountsOptions) {
  const { store, ledger, ends, activity, passwords, clock } = options;
  let setUp = false;

  async function make(input: NewAccount, id: AccountId, by?: EndFacts["by"]): Promise<AccountRow> {
    assertStrongPassword(input.password, { username: input.username, name: input.name });
    const passwordHash = await passwords.hash(input.password);
    const permissions = input.permissions ?? [...ofNewcomers];
    const { username, name, country, city } = input;
    const fields = { username, name, country, city, passwordHash, permissions };
    if (!(await store.create(id, foldUsername(username), fields)))
      throw new DomainError("username_taken");
    const account = await get(id);
    void activity.record({ type: "account.created", account: nameOf(account), by });
    return account;
  }

  async function get(id: AccountId): Promise<AccountRow> {
    const account = await store.find(id);
    if (account === null) throw new DomainError("not_found");
    return account;
  }

  const manages = (account: AccountRow) => account.permissions.includes("accounts:manage");

  async function leaveManagers(account: AccountRow): Promise<void> {
    if ((await store.releaseManager(account.id)) === "last")
      throw new DomainError("last_manager", {
        message: "Somebody must be left who can manage accounts.",
      });
  }

  async function isSetUp(): Promise<boolean> {
    setUp ||= await store.isSetUp();
    return setUp;
  }

  return {
    get,
    isSetUp,
    signups: options.signups,

    /** The first admin, with every permission, exactly once. */
    async setup(token: string, input: NewAccount): Promise<AccountRow> {
      if (await isSetUp()) throw new DomainError("setup_closed");
      const expected = await store.setupTokenHash();
      if (expected === null || !isSame(hashSecret(token), expected))
        throw new DomainError("wrong_setup_token");
      const id = newAccountId();
      if (!(await store.claimSetup(id))) throw new DomainError("setup_closed");
      try {
        const account = await make({ ...input, permissions: [...allPermissions] }, id);
        await store.confirmSetup(id);
        return account;
      } catch (error) {
        await store.releaseSetup(id).catch(() => {});
        throw error;
      }
    },

    /** The token that the setup link of this start carries; the newest start's counts. */
    offerSetup: (token: string): Promise<void> => store.offerSetup(hashSecret(token)),

    async register(input: NewAccount): Promise<AccountRow> {
      if (options.signups === "closed") throw new DomainError("signups_closed");
      return make({ ...input, permissions: undefined }, newAccountId());
    },

    create: (input: NewAccount, by?: EndFacts["by"]): Promise<AccountRow> =>
      make(input, newAccountId(), by),

    async edit(id: AccountId, profile: AccountProfile): Promise<AccountRow> {
      if (!(await store.change(id, profile))) throw new DomainError("not_found");
      const account = await get(id);
      void activity.tell({ type: "account", account: nameOf(account) });
      return account;
    },

    list: async (ask: {
      q?: string | undefined;
      cursor?: string | undefined;
      limit: number;
    }): Promise<{ accounts: Account[]; next: string | null; total: number }> => {
      const { accounts, next, total } = await store.list({
        prefix: foldUsername(ask.q ?? ""),
        cursor: ask.cursor ?? null,
        limit: ask.limit,
      });
      return { accounts: accounts.map(showAccount), next, total };
    },

    /** Replace what the account may do; every open page of it hears of it at once. */
    async setPermissions(
      id: AccountId,
      permissions: readonly Permission[],
      by?: EndFacts["by"],
    ): Promise<{ account: AccountRow; receipt: Receipt }> {
      const startedAt = clock.monotonic();
      const wanted = allPermissions.filter((one) => permissions.includes(one));
      const account = await get(id);
      const keepsManaging = wanted.includes("accounts:manage");
      if (manages(account) && !keepsManaging) await leaveManagers(account);
      const operation = newOperation();
      const [change] = await Promise.all([
        store.setPermissions(id, wanted),
        ledger.intend(operation, id),
      ]);
      if (change === null) throw new DomainError("not_found");
      if (keepsManaging && !account.disabled) await store.addManager(id);
      const added = wanted.filter((one) => !change.before.includes(one));
      const removed = change.before.filter((one) => !wanted.includes(one));
      const { version, at } = change;
      const cut: Cut = {
        kind: "permissions",
        account: id,
        version,
        permissions: wanted,
        added,
        removed,
        by,
        at,
      };
      const entry = await ledger.append(cut, operation);
      const confirmation = await ledger.confirm(entry);
      void activity.record({
        type: "permissions.changed",
        added,
        removed,
        account: nameOf(account),
        by,
      });
      void activity.tell({ type: "account", account: nameOf(account) });
      const tookMs = Math.round((clock.monotonic() - startedAt) * 1000) / 1000;
      return { account: await get(id), receipt: { ended: 0, ...confirmation, tookMs } };
    },

    /** Disabling ends every session of the account; enabling ends nothing. */
    async setStatus(
      id: AccountId,
      disabled: boolean,
      by?: EndFacts["by"],
      reason?: string,
    ): Promise<{ account: AccountRow; receipt: Receipt }> {
      const before = await get(id);
      let receipt: Receipt = { ended: 0, confirmed: { nodes: 0, of: 0 }, sockets: 0, tookMs: 0 };
      if (disabled) {
        if (manages(before)) await leaveManagers(before);
        const order = { reason: "account_disabled" as const, by, message: reason };
        receipt = await ends.endAll(id, order, { disabled: true });
        void activity.record({ type: "account.disabled", reason, account: nameOf(before), by });
      } else {
        await store.enable(id);
        if (manages(before)) await store.addManager(id);
        void activity.record({ type: "account.enabled", account: nameOf(before), by });
      }
      void activity.tell({ type: "account", account: nameOf(before) });
      return { account: await get(id), receipt };
    },

    /**
     * One's own new password, the present one just proved. Ends all other sessions, and with them every family,
     * unless told not to; the caller's own is for the caller to re-issue.
     */
    async changePassword(
      account: AccountRow,
      keep: SessionId,
      next: string,
      endOthers: boolean,
    ): Promise<Receipt> {
      assertStrongPassword(next, { username: account.username, name: account.name });
      const passwordHash = await passwords.hash(next);
      const by = nameOf(account);
      void activity.record({ type: "password.changed", account: by, by });
      if (endOthers)
        return ends.endOthers(
          account.id,
          keep,
          { reason: "password_changed", by },
          { passwordHash },
        );
      await store.setPassword(account.id, passwordHash);
      return { ended: 0, confirmed: { nodes: 0, of: 0 }, sockets: 0, tookMs: 0 };
    },

    /** Somebody else sets the password: every session of the account ends. */
    async resetPassword(
      id: AccountId,
      next: string,
      by?: EndFacts["by"],
    ): Promise<{ account: AccountRow; receipt: Receipt }> {
      const account = await get(id);
      assertStrongPassword(next, { username: account.username, name: account.name });
      const passwordHash = await passwords.hash(next);
      const receipt = await ends.endAll(id, { reason: "password_changed", by }, { passwordHash });
      void activity.record({ type: "password.changed", account: nameOf(account), by });
      return { account, receipt };
    },
  };
}

const isSame = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
