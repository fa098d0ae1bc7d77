/**
 * Who has applied what. Every node acknowledges what it has applied, with the sockets it closed; whoever ends a
 * session waits here until all have, and reads the receipt.
 */
import type { Receipt } from "../../shared/contract/sessions.ts";
import { pause, signal } from "./waiting.ts";

export interface Acknowledgement {
  node: string;
  seq: number;
  /** Sockets closed on that node, by the sequence number of the entry that closed them. */
  closed: Record<string, number>;
}

export function createReceipts() {
  const appliedBy = new Map<string, number>();
  const closedBy = new Map<number, Map<string, number>>();
  let changed = signal();

  return {
    note({ node, seq, closed }: Acknowledgement): void {
      appliedBy.set(node, seq);
      for (const [entry, sockets] of Object.entries(closed)) {
        const nodes = closedBy.get(Number(entry)) ?? new Map<string, number>();
        nodes.set(node, sockets);
        closedBy.set(Number(entry), nodes);
      }
      // Only entries that somebody may still be waiting for are worth remembering.
      for (const entry of closedBy.keys()) {
        if (closedBy.size <= 10_000) break;
        closedBy.delete(entry);
      }
      changed.fire();
      changed = signal();
    },

    /** The log was replaced: what was acknowledged in the old one says nothing about this one. */
    reset(): void {
      appliedBy.clear();
      closedBy.clear();
    },

    /** Wait until all of `expected` have applied `seq`, at most until the deadline. */
    async collect(seq: number, expected: readonly string[], deadline: number): Promise<void> {
      const expired = pause(deadline).then(() => "expired" as const);
      while (expected.some((node) => (appliedBy.get(node) ?? 0) < seq))
        if ((await Promise.race([changed.fired, expired])) === "expired") return;
    },

    read(seq: number, expected: readonly string[]): Pick<Receipt, "confirmed" | "sockets"> {
      const absent = expected.filter((node) => (appliedBy.get(node) ?? 0) < seq);
      let sockets = 0;
      for (const count of closedBy.get(seq)?.values() ?? []) sockets += count;
      return {
        confirmed: {
          nodes: expected.length - absent.length,
          of: expected.length,
          ...(absent.length > 0 && { missing: absent }),
        },
        sockets,
      };
    },
  };
}
