/**
 * Ending sessions. Every end takes the same way: an intent, one script on the account's slot, one entry in the
 * ledger, the confirmation of every live node, and a receipt that says so. A failure after the script leaves the
 * intent, and the sweeper of any node finishes what was begun.
 */
import type { Receipt } from "../../shared/contract/sessions.ts";
import { DomainError } from "../../shared/errors.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { ActivityLog } from "./activity.ts";
import type { Cut, EndFacts } from "./admission.ts";
import type { Clock } from "./clock.ts";
import type { Ledger } from "./ledger.ts";
import type { SessionRow } from "./session.ts";
import { newOperation, type EndOrder, type SessionStore } from "./sessions.ts";

export interface EndsOptions {
  store: SessionStore;
  ledger: Ledger;
  activity: ActivityLog;
  clock: Clock;
  /** How far back an end may matter that the ledger was not told of: as long as it keeps any. */
  retention: number;
  /** Whose account it is, for the feed; null for a guest or an account that is gone. */
  nameOfAccount(id: AccountId): Promise<EndFacts["by"] | null>;
  /** Told of each end that happened, for the metrics. */
  count(reason: EndFacts["reason"], sessions: number): void;
}

export type Ends = ReturnType<typeof createEnds>;

export function createEnds(options: EndsOptions) {
  const { store, ledger, activity, clock } = options;

  /** Put the cut of a finished script into the ledger, and wait for every live node. */
  async function settle(
    cut: Cut,
    ended: number,
    operation: string,
    startedAt: number,
  ): Promise<Receipt> {
    const entry = await ledger.append(cut, operation);
    const confirmation = await unconfirmedUnlessDone(() => ledger.confirm(entry));
    return { ended, ...confirmation, tookMs: roundToMicroseconds(clock.monotonic() - startedAt) };
  }

  async function record(
    account: AccountId | null,
    sessions: readonly SessionId[],
    end: EndFacts,
  ): Promise<void> {
    options.count(end.reason, sessions.length);
    const name = account ? ((await options.nameOfAccount(account)) ?? undefined) : undefined;
    await Promise.all(
      sessions.map((sessionId) =>
        activity.record({
          type: "session.ended",
          reason: end.reason,
          message: end.message,
          by: end.by,
          account: name,
          sessionId,
        }),
      ),
    );
    await store.unlist(sessions);
  }

  /**
   * End one session. `account` null: whoever's it is (an admin's end).
   * Throws `session_not_found`, also for somebody else's; answers `ended: 0` when it already was.
   */
  async function endOne(
    id: SessionId,
    account: AccountId | null,
    order: EndOrder,
  ): Promise<Receipt> {
    const startedAt = clock.monotonic();
    const operation = newOperation();
    const [ending] = await Promise.all([
      store.end(id, { ...order, account }),
      ledger.intend(operation, account ?? id),
    ]);
    if (ending.state === "unknown" || ending.state === "not_due") {
      await ledger.fulfil(operation);
      throw new DomainError("session_not_found");
    }
    const owner = ending.row.accountId;
    // Already ended: told again, because whoever ended it may not have lived to tell.
    const cut: Cut = { kind: "ended", account: owner, sessions: [id], end: ending.end };
    const happened = ending.state === "ended";
    const receipt = await settle(cut, happened ? 1 : 0, operation, startedAt);
    if (happened) void record(owner, [id], ending.end).catch(() => {});
    return receipt;
  }

  /**
   * Sessions that another request has ended, and may not have lived to tell: a receipt that speaks for a whole
   * account speaks for them too. (A bumped generation denies them anyway.)
   */
  async function tellEndsOfOthers(
    account: AccountId,
    own: { at: number; ids: readonly SessionId[] },
  ): Promise<void> {
    const { ended } = await store.list(account);
    const mayBeUntold = ({ id, end }: (typeof ended)[number]) =>
      end.at >= own.at - options.retention && !own.ids.includes(id) && !ledger.knownEnd(id);
    await Promise.all(
      ended
        .filter(mayBeUntold)
        .map(({ id, end }) => ledger.append({ kind: "ended", account, sessions: [id], end }, null)),
    );
  }

  /** End all sessions of an account but one. */
  async function endOthers(
    account: AccountId,
    keep: SessionId,
    order: EndOrder,
    change?: { passwordHash: string },
  ): Promise<Receipt> {
    const startedAt = clock.monotonic();
    const operation = newOperation();
    const [result] = await Promise.all([
      store.endAll(account, keep, order, change),
      ledger.intend(operation, account),
    ]);
    if (result === null) throw new DomainError("not_found");
    const end: EndFacts = { ...order, at: result.at };
    const cut: Cut = { kind: "ended", account, sessions: result.ids, end };
    await tellEndsOfOthers(account, result);
    const receipt = await settle(cut, result.ids.length, operation, startedAt);
    void record(account, result.ids, end).catch(() => {});
    return receipt;
  }

  return {
    endOne,
    endOthers,

    /** End all sessions of an account, and change the account in the same step. */
    async endAll(
      account: AccountId,
      order: EndOrder,
      change?: { disabled?: boolean; passwordHash?: string },
    ): Promise<Receipt> {
      const startedAt = clock.monotonic();
      const operation = newOperation();
      const [result] = await Promise.all([
        store.endAll(account, null, order, change),
        ledger.intend(operation, account),
      ]);
      if (result === null) throw new DomainError("not_found");
      const end: EndFacts = { ...order, at: result.at };
      const { generation, ids: sessions } = result;
      const cut: Cut = { kind: "account", account, generation, sessions, end };
      const receipt = await settle(cut, sessions.length, operation, startedAt);
      void record(account, sessions, end).catch(() => {});
      return receipt;
    },

    /** End everybody's sessions but one: a single entry, whatever their number. */
    async endEveryone(keep: SessionId | null, order: EndOrder, ended: number): Promise<Receipt> {
      const startedAt = clock.monotonic();
      const generation = await ledger.drawGeneration();
      if (keep !== null) await store.restamp(keep, generation);
      const end: EndFacts = { ...order, at: Math.floor(ledger.redisNow()) };
      const cut: Cut = { kind: "everyone", generation, kept: keep, end };
      const entry = await ledger.append(cut, null);
      const confirmation = await unconfirmedUnlessDone(() => ledger.confirm(entry));
      options.count(order.reason, ended);
      void activity
        .record({
          type: "everyone.ended",
          sessions: ended,
          reason: order.reason,
          message: order.message,
          by: order.by,
        })
        .catch(() => {});
      return { ended, ...confirmation, tookMs: roundToMicroseconds(clock.monotonic() - startedAt) };
    },

    /** End a session that is past its deadline; null when it is not, or is gone. */
    async expire(row: SessionRow): Promise<EndFacts | null> {
      const operation = newOperation();
      const [ending] = await Promise.all([
        store.end(row.id, { reason: "expired_idle", account: null, due: true }),
        ledger.intend(operation, row.accountId ?? row.id),
      ]);
      if (ending.state === "unknown" || ending.state === "not_due") {
        await ledger.fulfil(operation);
        return null;
      }
      await ledger.append(
        { kind: "ended", account: row.accountId, sessions: [row.id], end: ending.end },
        operation,
      );
      if (ending.state === "ended")
        void record(row.accountId, [row.id], ending.end).catch(() => {});
      return ending.end;
    },

    /**
     * A guest's session goes without a trace when the guest signs in. The row, which nobody may change any more,
     * goes last: whoever comes with its cookie is either found in it, or known by every node to have signed in.
     */
    async dissolveGuest(id: SessionId, operation: string): Promise<void> {
      const end: EndFacts = { reason: "replaced", at: Math.floor(ledger.redisNow()) };
      const entry = await ledger.append(
        { kind: "ended", account: null, sessions: [id], end },
        null,
      );
      void ledger
        .confirm(entry)
        .then(() => store.end(id, { reason: "replaced", account: null, trace: false }))
        .then(() => store.unlist([id]))
        .then(() => ledger.fulfil(operation))
        .catch(() => {
          // The intent is left, and the sweeper of any node does it again.
        });
    },
  };
}

/** Past the script nothing can be taken back: what fails now is an end that is not confirmed yet. */
async function unconfirmedUnlessDone<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof DomainError && error.code === "unavailable")
      throw new DomainError("not_confirmed", { retryAfterSeconds: 2 });
    throw error;
  }
}

const roundToMicroseconds = (milliseconds: number): number =>
  Math.round(milliseconds * 1000) / 1000;
