/**
 * Twice a lease every socket is admitted again: grants grow old, deadlines pass, and a lease may be lost. Without
 * one, pages are kept waiting for less than a lease's time and then closed without a word: the client comes back,
 * and is let in or told why by whoever knows.
 */
import type { Server } from "socket.io";
import type { Checked, Door } from "../domain/door.ts";
import type { Ledger } from "../domain/ledger.ts";
import { idleExpiresAt } from "../domain/session.ts";
import type { Announce } from "./announce.ts";
import type { HeldSocket, Registry } from "./registry.ts";

export interface SocketSweepOptions {
  io: Server;
  registry: Registry;
  door: Door;
  ledger: Ledger;
  announce: Announce;
  lease: number;
}

export function createSocketSweep(options: SocketSweepOptions) {
  const { io, registry, door, ledger, announce } = options;
  let withoutLease = 0;

  function sweep(): void {
    if (!ledger.holdsLease()) {
      withoutLease++;
      if (withoutLease > 1) for (const { conn } of io.sockets.sockets.values()) conn.close();
      return;
    }
    withoutLease = 0;
    const now = ledger.redisNow();
    for (const socket of registry.all()) {
      const { held } = socket.data;
      if (!door.mayStill(held) || now >= idleExpiresAt(held.row, held.usedAt)) void readmit(socket);
    }
  }

  /** Read the session of a socket again, and act on what it is now. */
  async function readmit(socket: HeldSocket): Promise<void> {
    const checked: Checked | null = await door
      .readById(socket.data.held.row.id, socket.data.held.token)
      .catch(() => null);
    if (checked === null || !socket.connected) return;
    if (checked.state === "held") socket.data.held = checked.held;
    else if (checked.state === "ended") announce.cutSockets([socket], checked.end);
    else socket.disconnect(true);
  }

  const timer = setInterval(sweep, options.lease / 2);
  return { readmit, stop: (): void => clearInterval(timer) };
}
