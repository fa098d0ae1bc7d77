/**
 * Finishing what was begun. A change of an account's slot leaves an intent until its cut is in the ledger; when
 * a node dies in between, any other tells the ledger what the slot says, and takes a guest's bin to the account
 * that it was frozen for. And when Redis has lost cuts that a node still knows, they are done again on their slots
 * before they are told again.
 */
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { AccountStore } from "./accounts.ts";
import type { Cut } from "./admission.ts";
import type { Ledger, Owner } from "./ledger.ts";
import type { SessionStore } from "./sessions.ts";

export interface HealingOptions {
  sessions: SessionStore;
  accounts: AccountStore;
  ledger: Ledger;
  /** A guest was signing in: its bin is merged, the guest dissolved. */
  finishMerge(guest: SessionId, into: AccountId): Promise<unknown>;
  /** How far back ended sessions are told again: the ledger's retention. */
  retention: number;
}

const isAccountId = (owner: Owner): owner is AccountId => owner.length === 16;

export function createHealing(options: HealingOptions) {
  const { sessions, accounts, ledger, retention } = options;

  /** Tell the ledger all that it may have missed of one owner. Every cut is idempotent. */
  async function republish(owner: Owner): Promise<void> {
    if (!isAccountId(owner)) {
      const [row] = await sessions.rows([owner]);
      if (row?.mergesInto && !row.end) await options.finishMerge(row.id, row.mergesInto);
      else if (row) await republishSession(row);
      return;
    }
    const account = await accounts.find(owner);
    if (account === null) return;
    const { at, live, ended } = await sessions.list(owner);
    for (const row of live) await republishSession(row);
    for (const row of ended) if (row.end.at >= at - retention) await republishSession(row);
    const { permissions, generation, permissionVersion: version } = account;
    const end = ended[0]?.end ?? { reason: "admin" as const, at };
    await ledger.append({ kind: "account", account: owner, generation, sessions: [], end }, null);
    const facts = { permissions, added: [], removed: [], at };
    await ledger.append({ kind: "permissions", account: owner, version, ...facts }, null);
  }

  async function republishSession(
    row: NonNullable<Awaited<ReturnType<SessionStore["rows"]>>[number]>,
  ): Promise<void> {
    const { id, accountId: account, tokenVersion: version, end } = row;
    if (end) await ledger.append({ kind: "ended", account, sessions: [id], end }, null);
    else if (version > 1) await ledger.append({ kind: "rotated", session: id, version }, null);
  }

  async function redo(cut: Cut): Promise<void> {
    switch (cut.kind) {
      case "ended":
        for (const id of cut.sessions) await endAgain(id, cut);
        break;
      case "account":
        for (const id of cut.sessions) await endAgain(id, cut);
        // Or every later sign-in would carry a generation that nodes know to be over.
        await accounts.raiseGeneration(cut.account, cut.generation);
        break;
      case "permissions":
        await accounts.setPermissions(cut.account, cut.permissions, cut.version);
        break;
      case "rotated":
      case "everyone":
        break;
    }
    await ledger.append(cut, null);
  }

  const endAgain = (id: SessionId, { end }: Extract<Cut, { kind: "ended" | "account" }>) =>
    sessions.end(id, { reason: end.reason, by: end.by, message: end.message, account: null });

  return {
    redo,

    /** Finish changes that were begun more than `age` milliseconds ago. Answers how many. */
    async finishBegun(age: number): Promise<number> {
      const begun = await ledger.unfulfilled(age);
      for (const { operation, owner } of begun) {
        await republish(owner);
        await ledger.fulfil(operation);
      }
      return begun.length;
    },
  };
}
