/**
 * When what a page shows of one account has to be fetched again: on every connect, and whenever everybody's news
 * name this account, as far as the reader may have them.
 */
import type { AccountId } from "../../shared/ids.ts";
import type { Live } from "../live.svelte.ts";

interface AccountNewsParts {
  live: Live;
  /** Of the account. */
  id: AccountId;
  mayReadActivity: boolean;
  refresh: () => void;
}

export const followAccountNews = ({
  live,
  id,
  mayReadActivity,
  refresh,
}: AccountNewsParts): (() => void) =>
  live.follow({
    refresh,
    ...(mayReadActivity && {
      topic: "activity",
      events: {
        activity: (events) => {
          if (events.some(({ account }) => account?.id === id)) refresh();
        },
      },
    }),
  });
