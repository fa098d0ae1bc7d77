/** The devices of one account as an administrator sees them: what all watchers are told, kept to this account. */
import { accountRoutes } from "../../shared/contract/accounts.ts";
import type { SessionsBatch } from "../../shared/live.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { createSessionList } from "./session-list.svelte.ts";
import type { SessionList, SessionListEars } from "./session-list.svelte.ts";

interface AccountSessionsParts {
  call: Call;
  live: Live;
  /** Of the account. */
  id: string;
  ownId: () => string | undefined;
}

export const createAccountSessions = ({
  call,
  live,
  id,
  ownId,
}: AccountSessionsParts): SessionList => {
  const hear = (batch: SessionsBatch, { refresh, put, end }: SessionListEars) => {
    if (batch.reset) return refresh();
    for (const session of [...batch.opened, ...batch.changed])
      if (session.account?.id === id) put(session);
    for (const told of batch.ended) end(told);
  };
  return createSessionList({
    ownId,
    read: () => call(accountRoutes.sessions, { params: { id } }, { background: true }),
    follow: (ears) =>
      live.follow({
        topic: "sessions",
        refresh: () => ears.refresh(),
        events: { sessions: (batch) => hear(batch, ears) },
      }),
  });
};
