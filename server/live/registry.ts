/**
 * This node's sockets by session and by account. A socket is registered before it is admitted, so that a cut
 * either finds it here or has already changed what `admit` answers (protocol.md P9).
 */
import type { Socket } from "socket.io";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import type { ClientToServerEvents, ServerToClientEvents } from "../../shared/live.ts";
import type { Held } from "../domain/door.ts";

export interface SocketData {
  /** Null: a stranger, who may only see what everybody may. */
  held: Held | null;
}

export type LiveSocket = Socket<
  ClientToServerEvents,
  ServerToClientEvents,
  Record<string, never>,
  SocketData
>;
export type HeldSocket = LiveSocket & { data: { held: Held } };

export type Registry = ReturnType<typeof createRegistry>;

export function createRegistry() {
  const bySession = new Map<SessionId, Set<HeldSocket>>();
  const byAccount = new Map<AccountId, Set<HeldSocket>>();

  return {
    add(socket: HeldSocket): void {
      const { id, accountId } = socket.data.held.row;
      addTo(bySession, id, socket);
      if (accountId) addTo(byAccount, accountId, socket);
    },

    remove(socket: HeldSocket): void {
      const { id, accountId } = socket.data.held.row;
      removeFrom(bySession, id, socket);
      if (accountId) removeFrom(byAccount, accountId, socket);
    },

    ofSession: (id: SessionId): readonly HeldSocket[] => [...(bySession.get(id) ?? [])],
    ofAccount: (id: AccountId): readonly HeldSocket[] => [...(byAccount.get(id) ?? [])],
    all: (): HeldSocket[] => [...bySession.values()].flatMap((sockets) => [...sockets]),
    count: (id: SessionId): number => bySession.get(id)?.size ?? 0,
    counts: (): Map<SessionId, number> =>
      new Map([...bySession].map(([id, sockets]) => [id, sockets.size])),
  };
}

function addTo<K>(map: Map<K, Set<HeldSocket>>, key: K, socket: HeldSocket): void {
  const sockets = map.get(key);
  if (sockets) sockets.add(socket);
  else map.set(key, new Set([socket]));
}

function removeFrom<K>(map: Map<K, Set<HeldSocket>>, key: K, socket: HeldSocket): void {
  const sockets = map.get(key);
  sockets?.delete(socket);
  if (sockets?.size === 0) map.delete(key);
}
