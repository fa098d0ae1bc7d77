/**
 * One of the three logs of how reserving and claiming went, kept live; what a hack was judged, and what was
 * done about it from here. Outcomes know resources by their ids: their names are fetched beside them.
 */
import { accountRoutes } from "../../shared/contract/accounts.ts";
import { adminCatalogueRoutes } from "../../shared/contract/catalogue.ts";
import { outcomeRoutes } from "../../shared/contract/outcomes.ts";
import type { Outcome, OutcomeKind, Verdict } from "../../shared/contract/outcomes.ts";
import { adminSessionRoutes } from "../../shared/contract/session-routes.ts";
import type { Receipt } from "../../shared/contract/sessions.ts";
import { mostOutcomesInBatch } from "../../shared/live.ts";
import type { AccountId, ResourceId } from "../../shared/ids.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { createLogWindow } from "./log-window.svelte.ts";
import type { LogWindow } from "./log-window.svelte.ts";
import { isWanted, readOutcomeFilter } from "./outcome-filter.ts";
import type { OutcomeFilter } from "./outcome-filter.ts";

/** What followed a judgement, on this page. */
export interface Aftermath {
  released?: number;
  ended?: Receipt;
  disabled?: Receipt;
}

export interface NamedResource {
  id: ResourceId;
  name: string;
}

export interface Outcomes {
  readonly log: LogWindow<Outcome, OutcomeFilter>;
  /** Of all resources there are, oldest first; null until they are known. */
  readonly resources: readonly NamedResource[] | null;
  aftermathOf(outcome: Outcome): Aftermath;
  judge(outcome: Outcome, verdict: Verdict): Promise<void>;
  endSessions(outcome: Outcome, message: { message?: string }): Promise<void>;
  disable(outcome: Outcome, reason: { reason?: string }): Promise<void>;
  /** Answers how many were forgotten. */
  trim(kind: OutcomeKind, before: Date): Promise<number>;
  open(): () => void;
}

export const createOutcomes = ({ call, live }: { call: Call; live: Live }): Outcomes => {
  let resources = $state.raw<readonly NamedResource[] | null>(null);
  let aftermaths = $state.raw<Readonly<Record<Outcome["id"], Aftermath>>>({});

  const fetchNames = async () => {
    // Without names the outcomes are still there, and the next connect asks again.
    const reply = await call(adminCatalogueRoutes.list, {}, { background: true }).catch(() => null);
    if (reply) resources = reply.resources;
  };
  const putName = (named: NamedResource) => {
    if (resources?.some(({ id, name }) => id === named.id && name === named.name)) return;
    const others = (resources ?? []).filter(({ id }) => id !== named.id);
    if (resources) resources = [...others, named];
  };

  const log = createLogWindow<Outcome, OutcomeFilter>({
    read: async ({ kind, resource, account, code, judged }, cursor, options) => {
      const query = {
        kind,
        ...(resource && { resource: resource as ResourceId }),
        ...(account && { account: account as AccountId }),
        ...(code && { code }),
        ...(judged && { judged }),
        ...(cursor && { cursor }),
      };
      const { outcomes, next } = await call(outcomeRoutes.list, { query }, options);
      return { entries: outcomes, next };
    },
    isWanted,
    everything: readOutcomeFilter(() => ""),
    live,
    listen: (hear) => ({
      topic: "desk",
      events: {
        desk: (batch) => {
          batch.resources.forEach(putName);
          if (batch.outcomes.length < mostOutcomesInBatch) hear(batch.outcomes);
          else void log.refresh();
        },
      },
    }),
  });

  const aftermathOf = ({ id }: Outcome): Aftermath => aftermaths[id] ?? {};
  const follow = (outcome: Outcome, more: Aftermath) => {
    aftermaths = { ...aftermaths, [outcome.id]: { ...aftermathOf(outcome), ...more } };
  };

  return {
    log,
    get resources() {
      return resources;
    },
    aftermathOf,
    async judge(outcome, verdict) {
      const params = { id: outcome.id };
      const judged = await call(outcomeRoutes.judge, { params, body: { verdict } });
      log.put(judged.outcome);
      if (verdict === "hack") follow(outcome, { released: judged.released });
    },
    async endSessions(outcome, message) {
      const params = { id: outcome.account.id };
      const ended = await call(adminSessionRoutes.endAllOfAccount, { params, query: message });
      follow(outcome, { ended });
    },
    async disable(outcome, reason) {
      const params = { id: outcome.account.id };
      const body = { disabled: true, ...reason };
      follow(outcome, {
        disabled: (await call(accountRoutes.setStatus, { params, body })).receipt,
      });
    },
    async trim(kind, before) {
      const query = { kind, before: before.toISOString() };
      return (await call(outcomeRoutes.trim, { query })).trimmed;
    },
    open() {
      const closings = [live.follow({ refresh: () => void fetchNames() }), log.open()];
      return () => closings.forEach((close) => close());
    },
  };
};
