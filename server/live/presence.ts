/**
 * Counts this node's open pages per session, shares the counts, and tells the news of who came or went. The
 * counts live under the node's lease; when they ran out (a long pause) all are reported again.
 */
import type { Session } from "../../shared/contract/sessions.ts";
import type { SessionId } from "../../shared/ids.ts";
import type { Presence } from "../domain/presence.ts";
import type { HeldSocket, Registry } from "./registry.ts";

export interface PresenceReporterOptions {
  registry: Registry;
  presence: Presence;
  /** The rows as they are shown, with the counts of all nodes; sessions that are gone are left out. */
  show(ids: readonly SessionId[]): Promise<Session[]>;
  tell(session: Session): Promise<void>;
  /** How often the counts are kept alive: a third of their life at most. */
  every: number;
}

const gather = 200;

export function createPresenceReporter(options: PresenceReporterOptions) {
  const { registry, presence } = options;
  let changed = new Set<SessionId>();
  let timer: NodeJS.Timeout | undefined;

  function note(socket: HeldSocket): void {
    changed.add(socket.data.held.row.id);
    timer ??= setTimeout(() => void report(), gather);
  }

  async function report(): Promise<void> {
    timer = undefined;
    const ids = [...changed];
    changed = new Set();
    try {
      await presence.report(new Map(ids.map((id) => [id, registry.count(id)])));
      for (const session of await options.show(ids)) await options.tell(session);
    } catch {
      for (const id of ids) changed.add(id);
    }
  }

  async function keepAlive(): Promise<void> {
    if (changed.size > 0 && timer === undefined) await report();
    const counts = registry.counts();
    if (counts.size === 0) return;
    const alive = await presence.keepAlive().catch(() => true);
    if (!alive) await presence.report(counts).catch(() => {});
  }

  const ticking = setInterval(() => void keepAlive(), options.every);

  return {
    note,
    stop(): void {
      clearInterval(ticking);
      clearTimeout(timer);
    },
  };
}
