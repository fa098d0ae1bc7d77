/** Which of all live sessions a page shows: the server's own filter, for what arrives between two snapshots. */
import type { Session, SessionKind } from "../../shared/contract/sessions.ts";

export interface SessionFilter {
  q: string;
  kind: SessionKind | "";
  online: "true" | "false" | "";
  cursor: string;
}

/** Whether a session that just opened belongs on the page shown. */
export const isOnPage = (session: Session, filter: SessionFilter): boolean => {
  const q = filter.q.trim().toLowerCase();
  return (
    filter.cursor === "" &&
    (filter.kind === "" || session.kind === filter.kind) &&
    (filter.online === "" || String(session.online) === filter.online) &&
    (q === "" ||
      session.ip === q ||
      (session.account?.username.toLowerCase().startsWith(q) ?? false))
  );
};
