/**
 * Who has pages open. Each node counts its own sockets and shares the counts under its lease, so that the
 * pages of a dead node are gone with it.
 */
import type { SessionId } from "../../shared/ids.ts";

export interface Presence {
  /** Open pages of each session over all nodes. */
  of(ids: readonly SessionId[]): Promise<number[]>;
  /** This node's counts changed; zero removes. */
  report(counts: ReadonlyMap<SessionId, number>): Promise<void>;
  /** Renew this node's counts; false when they had run out and must be reported again. */
  keepAlive(): Promise<boolean>;
  /** Sessions with at least one open page anywhere. */
  online(): Promise<SessionId[]>;
}
