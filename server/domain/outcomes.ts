/**
 * How reserving and claiming went, to be read, judged, exported and trimmed. The logs are written by the scripts
 * that decide (desk.ts); here nothing is added but verdicts. A verdict may be changed; what it gave back stays
 * given back.
 */
import type { AccountName } from "../../shared/contract/sessions.ts";
import {
  outcomeKinds,
  type Outcome,
  type OutcomeCode,
  type OutcomeId,
  type OutcomeKind,
  type Verdict,
} from "../../shared/contract/outcomes.ts";
import { DomainError } from "../../shared/errors.ts";
import type { AccountId, ResourceId } from "../../shared/ids.ts";
import type { ActivityLog } from "./activity.ts";
import type { CatalogueStore } from "./catalogue.ts";
import { toInstant } from "./clock.ts";
import { readPage } from "./page.ts";

export type OutcomeRow = Omit<Outcome, "at" | "verdict"> & {
  at: number;
  verdict?: { verdict: Verdict; by: AccountName; at: number };
};

export interface OutcomeStore {
  /** Those of these logs, merged, that come before `cursor`, newest first. */
  before(
    kinds: readonly OutcomeKind[],
    cursor: OutcomeId | null,
    count: number,
  ): Promise<OutcomeRow[]>;
  /** Of one log after `cursor` up to and with `last`, oldest first. */
  after(
    kind: OutcomeKind,
    cursor: OutcomeId | null,
    last: OutcomeId,
    count: number,
  ): Promise<OutcomeRow[]>;
  find(id: OutcomeId): Promise<OutcomeRow | null>;
  /** These two refuse after `notAfter`, in Redis time, with `unavailable`. False: there is no such outcome. */
  judge(id: OutcomeId, verdict: Verdict, by: AccountName, notAfter: number): Promise<boolean>;
  trim(kind: OutcomeKind, before: number, notAfter: number): Promise<number>;
}

export interface OutcomesOptions {
  store: OutcomeStore;
  resources: Pick<CatalogueStore, "rows">;
  activity: ActivityLog;
  /** Until when, in Redis time, what is asked for now may happen. */
  mayActUntil(): number;
  /** Give back all that an account holds; answers how many units. */
  releaseAll(account: AccountId): Promise<number>;
}

export interface OutcomesAsk {
  kind?: OutcomeKind | undefined;
  resource?: ResourceId | undefined;
  account?: AccountId | undefined;
  code?: OutcomeCode | undefined;
  /** Hacks only: whether somebody has judged it. */
  judged?: "true" | "false" | undefined;
  cursor?: OutcomeId | undefined;
  limit: number;
}

export type Outcomes = ReturnType<typeof createOutcomes>;

const exportedAtOnce = 500;

export function createOutcomes(options: OutcomesOptions) {
  const { store, activity, mayActUntil } = options;

  async function findHack(id: OutcomeId): Promise<OutcomeRow> {
    if (kindOf(id) !== "hack")
      throw new DomainError("invalid_request", {
        errors: [{ path: "params.id", message: "is not a hack: nothing else is judged" }],
      });
    const outcome = await store.find(id);
    if (outcome === null) throw new DomainError("not_found");
    return outcome;
  }

  async function recordVerdict(
    { account, resourceId, reservationId, sessionId }: OutcomeRow,
    verdict: Verdict,
    by: AccountName,
  ): Promise<void> {
    const [resource] = resourceId ? await options.resources.rows([resourceId]) : [];
    await activity.record({
      type: "outcome.judged",
      verdict,
      account,
      by,
      sessionId,
      reservationId,
      ...(resource && { resource: { id: resource.id, name: resource.name } }),
    });
  }

  return {
    async list(ask: OutcomesAsk): Promise<{ outcomes: Outcome[]; next: OutcomeId | null }> {
      const kinds = outcomeKinds.filter((kind) => isAskedFor(kind, ask));
      const { entries, next } = await readPage({
        before: (cursor, count) => store.before(kinds, cursor, count),
        cursor: ask.cursor,
        limit: ask.limit,
        matches: isFiltered(ask) ? (outcome) => matches(outcome, ask) : null,
      });
      return { outcomes: entries.map(showOutcome), next };
    },

    async showOutcome(id: OutcomeId): Promise<Outcome | null> {
      const outcome = await store.find(id);
      return outcome && showOutcome(outcome);
    },

    async judge(
      id: OutcomeId,
      verdict: Verdict,
      by: AccountName,
    ): Promise<{ outcome: Outcome; released: number }> {
      const { account } = await findHack(id);
      if (!(await store.judge(id, verdict, by, mayActUntil()))) throw new DomainError("not_found");
      const released = verdict === "hack" ? await options.releaseAll(account.id) : 0;
      const judged = await findHack(id);
      void recordVerdict(judged, verdict, by).catch(() => {});
      return { outcome: showOutcome(judged), released };
    },

    /** A whole log as it is now, oldest first, read as it is sent. */
    async *export(
      kind: OutcomeKind,
      assertStillMay: () => Promise<void>,
    ): AsyncGenerator<Outcome, void> {
      const [newest] = await store.before([kind], null, 1);
      for (let cursor: OutcomeId | null = null; newest && cursor !== newest.id;) {
        const portion = await store.after(kind, cursor, newest.id, exportedAtOnce);
        for (const outcome of portion) yield showOutcome(outcome);
        // Trimmed meanwhile.
        if (portion.length < exportedAtOnce) return;
        cursor = portion[portion.length - 1].id;
        await assertStillMay();
      }
    },

    trim: (kind: OutcomeKind, before: string): Promise<number> =>
      store.trim(kind, Math.max(0, Date.parse(before)), mayActUntil()),
  };
}

export const kindOf = (id: OutcomeId): OutcomeKind =>
  outcomeKinds.find((kind) => id.startsWith(`${kind}-`)) ?? "fail";

const isAskedFor = (kind: OutcomeKind, ask: OutcomesAsk): boolean =>
  (ask.kind === undefined || ask.kind === kind) && (ask.judged === undefined || kind === "hack");

const isFiltered = ({ resource, account, code, judged }: OutcomesAsk): boolean =>
  [resource, account, code, judged].some((filter) => filter !== undefined);

const matches = (outcome: OutcomeRow, { resource, account, code, judged }: OutcomesAsk): boolean =>
  (resource === undefined || outcome.resourceId === resource) &&
  (account === undefined || outcome.account.id === account) &&
  (code === undefined || outcome.code === code) &&
  (judged === undefined || (outcome.verdict !== undefined) === (judged === "true"));

function showOutcome({ at, verdict, ...facts }: OutcomeRow): Outcome {
  return {
    ...facts,
    at: toInstant(at),
    ...(verdict && { verdict: { ...verdict, at: toInstant(verdict.at) } }),
  };
}
