/**
 * Who has pages open. Each node counts its own sockets and shares the counts, which are good for as long as it
 * holds its lease: the pages of a node that died are gone with it, and whoever survives it takes its counts over
 * to tell of them.
 */
import type { SessionId } from "../../shared/ids.ts";

export interface Presence {
  /** Open pages of each session over all nodes. */
  of(ids: readonly SessionId[]): Promise<number[]>;
  /**
   * This node's counts changed (zero removes), and all the others still hold. False: they were taken over, or
   * there were none; all must be reported.
   */
  report(changed: ReadonlyMap<SessionId, number>): Promise<boolean>;
  /** Sessions that had pages on nodes that are gone. Each is answered to one node only, once. */
  takeOver(): Promise<SessionId[]>;
  /** Sessions with at least one open page anywhere. */
  online(): Promise<SessionId[]>;
  /** How many that are; one with pages on two nodes counts once. */
  countOnline(): Promise<number>;
}
