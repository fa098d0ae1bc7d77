/**
 * Counts this node's open pages per session, shares the counts, and tells the news of who came or went: also of
 * the pages of nodes that are gone, and of all of this node's own after it was taken for gone itself.
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
  /** How often the counts are kept alive and other nodes are looked after. */
  every: number;
}

const gather = 200;
const batch = 200;

export function createPresenceReporter(options: PresenceReporterOptions) {
  const { registry, presence } = options;
  let changed = new Set<SessionId>();
  let timer: NodeJS.Timeout | undefined;
  let isTicking = false;

  function note(socket: HeldSocket): void {
    changed.add(socket.data.held.row.id);
    timer ??= setTimeout(() => void report(), gather);
  }

  /** What changed since; nothing is a report too, and keeps the counts alive. */
  async function report(): Promise<void> {
    timer = undefined;
    const ids = changed;
    changed = new Set();
    try {
      const counts = new Map([...ids].map((id) => [id, registry.count(id)]));
      if (!(await presence.report(counts))) await reportAll(ids);
      await tell([...ids]);
    } catch {
      for (const id of ids) changed.add(id);
    }
  }

  async function reportAll(ids: Set<SessionId>): Promise<void> {
    const counts = registry.counts();
    if (counts.size > 0) await presence.report(counts);
    for (const id of counts.keys()) ids.add(id);
  }

  async function tell(ids: readonly SessionId[]): Promise<void> {
    for (let at = 0; at < ids.length; at += batch) {
      const sessions = await options.show(ids.slice(at, at + batch));
      await Promise.all(sessions.map((session) => options.tell(session)));
    }
  }

  async function tick(): Promise<void> {
    if (isTicking) return;
    isTicking = true;
    for (const id of await presence.takeOver().catch(() => [])) changed.add(id);
    if (timer === undefined) await report();
    isTicking = false;
  }

  const ticking = setInterval(() => void tick(), options.every);

  return {
    note,
    stop(): void {
      clearInterval(ticking);
      clearTimeout(timer);
    },
  };
}
