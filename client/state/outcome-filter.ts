/** Which outcomes a page shows: the server's own filter, for what arrives between two snapshots. */
import { outcomeCodes, outcomeKinds } from "../../shared/contract/outcomes.ts";
import type { Outcome, OutcomeCode, OutcomeKind } from "../../shared/contract/outcomes.ts";

export interface OutcomeFilter {
  kind: OutcomeKind;
  resource: string;
  account: string;
  code: OutcomeCode | "";
  judged: "true" | "false" | "";
}

/** The reasons that occur in each log. */
export const codesOf: Record<OutcomeKind, readonly OutcomeCode[]> = {
  success: ["claimed"],
  fail: ["out_of_stock", "limit_reached", "reservation_expired", "already_claimed", "not_entitled"],
  hack: ["not_entitled", "not_yours", "unknown_reservation", "task_not_done"],
};

/** As the address says it; what it says wrongly is left out. */
export const readOutcomeFilter = (query: (name: string) => string): OutcomeFilter => {
  const kind = outcomeKinds.find((known) => known === query("kind")) ?? "success";
  const judged = query("judged");
  return {
    kind,
    resource: query("resource"),
    account: query("account"),
    code: outcomeCodes.find((code) => code === query("code") && codesOf[kind].includes(code)) ?? "",
    judged: kind === "hack" && (judged === "true" || judged === "false") ? judged : "",
  };
};

export const isWanted = (outcome: Outcome, filter: OutcomeFilter): boolean =>
  outcome.kind === filter.kind &&
  (filter.resource === "" || outcome.resourceId === filter.resource) &&
  (filter.account === "" || outcome.account.id === filter.account) &&
  (filter.code === "" || outcome.code === filter.code) &&
  (filter.judged === "" || String(outcome.verdict !== undefined) === filter.judged);
