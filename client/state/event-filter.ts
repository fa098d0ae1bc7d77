/** Which events a page shows: the server's own filter, for what arrives between two snapshots. */
import type { Event, EventType } from "../../shared/contract/activity.ts";

export interface EventFilter {
  type: EventType | "";
  /** An address, or part of a username. */
  q: string;
}

export const everything: EventFilter = { type: "", q: "" };

export const isWanted = (event: Event, filter: EventFilter): boolean => {
  if (filter.type !== "" && event.type !== filter.type) return false;
  const q = filter.q.trim().toLowerCase();
  const names = [event.account?.username, event.by?.username];
  return q === "" || event.ip === q || names.some((name) => name?.toLowerCase().includes(q));
};
