/**
 * Warns before the session ends by itself. The server's word counts: before anything is said it is asked once
 * more, because another tab may have been used meanwhile, and it is asked again while the warning stands. Every
 * tab warns; one that is told to stay takes the warning back in all.
 */
import type { Session } from "../../shared/contract/sessions.ts";
import type { Clock } from "./clock.svelte.ts";
import { planExpiry } from "./expiry-plan.ts";
import type { ExpiryPlan } from "./expiry-plan.ts";
import type { Tabs } from "./tabs.ts";

export interface ExpiryWarning {
  kind: ExpiryPlan["kind"];
  secondsLeft: number;
}

export interface Expiry {
  readonly warning: ExpiryWarning | null;
  /** Uses the session, which puts its idle end off; false when the server was not reached. */
  stay(): Promise<boolean>;
  /** Says no more of this end, in this tab. */
  dismiss(): void;
  /** Begins for the account that is signed in. */
  open(): () => void;
}

interface ExpiryParts {
  clock: Clock;
  tabs: Tabs;
  /** As the server told of it last. */
  session: () => Session | null;
  /** Asks the server about the session, which is no use of it; false when it did not say. */
  ask(): Promise<boolean>;
  /** A real request; false when it did not arrive. */
  use(): Promise<boolean>;
}

const lookEveryMs = 1_000;
const longestSilenceMs = 10_000;

export const createExpiry = ({ clock, tabs, session, ask, use }: ExpiryParts): Expiry => {
  let warning = $state.raw<ExpiryWarning | null>(null);
  let usedAt = 0;
  let askedAt = -Infinity;
  /** The end that the server was asked about, and that it did not put off. */
  let confirmed = 0;
  let dismissed = 0;

  const findPlan = (): ExpiryPlan | null => {
    const known = session();
    const plan = known && planExpiry(known, usedAt);
    return plan && clock.now >= plan.warnsAt ? plan : null;
  };

  const look = () => {
    const plan = findPlan();
    if (plan) void askAbout(plan);
    const isSaid = plan?.endsAt === confirmed && confirmed !== dismissed;
    warning =
      plan && isSaid
        ? {
            kind: plan.kind,
            secondsLeft: Math.max(0, Math.ceil((plan.endsAt - clock.now) / 1_000)),
          }
        : null;
  };

  const askAbout = async ({ endsAt, warnsAt }: ExpiryPlan) => {
    const patience = Math.min(longestSilenceMs, (endsAt - warnsAt) / 4);
    if (clock.now - askedAt < patience) return;
    askedAt = clock.now;
    if (!(await ask())) return;
    confirmed = findPlan()?.endsAt ?? 0;
    look();
  };

  const learnUse = () => {
    usedAt = clock.now;
    look();
  };
  tabs.onUsed(learnUse);

  return {
    get warning() {
      return warning;
    },
    async stay() {
      if (!(await use())) return false;
      learnUse();
      tabs.tellUsed();
      return true;
    },
    dismiss() {
      dismissed = confirmed;
      look();
    },
    open() {
      [usedAt, askedAt, confirmed, dismissed] = [0, -Infinity, 0, 0];
      const ticker = setInterval(look, lookEveryMs);
      return () => {
        clearInterval(ticker);
        warning = null;
      };
    },
  };
};
