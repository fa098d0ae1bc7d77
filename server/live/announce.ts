/**
 * The only emitter. It hears every ledger entry and every piece of news, tells this node's own sockets, and
 * answers how many it closed. Ended sessions' sockets are told why and are then disconnected by the server.
 */
import type { Server } from "socket.io";
import type { Bin } from "../../shared/contract/bin.ts";
import type { Session } from "../../shared/contract/sessions.ts";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import { topicPermission, topics, type SessionEnded } from "../../shared/live.ts";
import type { News } from "../domain/activity.ts";
import type { Cut, EndFacts, LedgerEntry } from "../domain/admission.ts";
import type { BinOwner } from "../domain/bin.ts";
import type { Door } from "../domain/door.ts";
import { toInstant } from "../domain/clock.ts";
import { showEnd } from "../domain/session.ts";
import type { HeldSocket, Registry } from "./registry.ts";
import { accountRoom, watchRoom } from "./rooms.ts";
import type { SessionsFeed } from "./sessions-feed.ts";

export interface AnnounceOptions {
  io: Server;
  registry: Registry;
  door: Door;
  feed: SessionsFeed;
  /** The account's live rows below a generation: cut, and not yet tombstones. */
  listBelow(account: AccountId, generation: number): Promise<SessionId[]>;
  readBin(owner: BinOwner): Promise<Bin>;
}

export type Announce = ReturnType<typeof createAnnounce>;

export function createAnnounce(options: AnnounceOptions) {
  const { io, registry, door, feed } = options;
  /** Tell a session's pages why it ended, and close them. Answers how many there were. */
  function cutSockets(sockets: readonly HeldSocket[], end: EndFacts): number {
    const told = showEnd(end);
    for (const socket of sockets) {
      socket.emit("signed-out", told);
      socket.disconnect(true);
    }
    return sockets.length;
  }

  function announceEnds(
    account: AccountId | null,
    ids: readonly SessionId[],
    end: EndFacts,
  ): number {
    let closed = 0;
    for (const id of ids) {
      closed += cutSockets(registry.ofSession(id), end);
      const ended = endedOf(id, end);
      if (account) io.to(accountRoom(account)).emit("session:ended", ended);
      feed.ended(ended);
    }
    return closed;
  }

  function announcePermissions(cut: Extract<Cut, { kind: "permissions" }>): number {
    const { permissions, added, removed, by, at } = cut;
    for (const socket of registry.ofAccount(cut.account)) {
      const { held } = socket.data;
      socket.data.held = {
        ...held,
        permissions: new Set(permissions),
        grant: { ...held.grant, permissionVersion: cut.version },
      };
      leaveForbiddenRooms(socket);
      socket.emit("permissions:changed", {
        permissions,
        added,
        removed,
        ...(by && { by }),
        at: toInstant(at),
      });
    }
    return 0;
  }

  /** A new secret for the same session: its sockets were let in before, and stay. */
  function keepRotated(session: SessionId, version: number): number {
    for (const socket of registry.ofSession(session)) {
      const { held } = socket.data;
      socket.data.held = { ...held, grant: { ...held.grant, tokenVersion: version } };
    }
    door.forget(session);
    return 0;
  }

  function announceEveryone(cut: Extract<Cut, { kind: "everyone" }>): number {
    const cutOff = registry
      .all()
      .filter(({ data }) => data.held.row.id !== cut.kept && isBelow(data.held, cut.generation));
    feed.reset();
    const closed = cutSockets(cutOff, cut.end);
    if (cut.kept) void tellKept(registry.ofSession(cut.kept), cut);
    return closed;
  }

  /** Whoever ended everybody sees the own other devices go too: a single entry names nobody. */
  async function tellKept(
    sockets: readonly HeldSocket[],
    cut: Extract<Cut, { kind: "everyone" }>,
  ): Promise<void> {
    const account = sockets[0]?.data.held.row.accountId;
    if (!account) return;
    const below = await options.listBelow(account, cut.generation).catch(() => []);
    for (const id of below)
      for (const socket of sockets) socket.emit("session:ended", endedOf(id, cut.end));
  }

  function announceAccount(cut: Extract<Cut, { kind: "account" }>): number {
    const named = announceEnds(cut.account, cut.sessions, cut.end);
    const rest = registry
      .ofAccount(cut.account)
      .filter(({ data }) => data.held.grant.accountGeneration < cut.generation);
    return named + cutSockets(rest, cut.end);
  }

  function tellSession(event: "session:opened" | "session:changed", session: Session): void {
    if (session.account) io.to(accountRoom(session.account.id)).emit(event, session);
    if (event === "session:opened") feed.opened(session);
    else feed.changed(session);
  }

  /** Read when it is told, in the order of telling: the last that a page is sent is the newest. */
  async function tellBin(owner: BinOwner): Promise<void> {
    const sockets = () =>
      owner.kind === "account" ? registry.ofAccount(owner.id) : registry.ofSession(owner.id);
    if (sockets().length === 0) return;
    const bin = await options.readBin(owner);
    for (const socket of sockets()) socket.emit("bin:changed", bin);
  }

  return {
    cutSockets,

    /** Called for each ledger entry as it is applied, before it is acknowledged. */
    entry({ cut }: LedgerEntry): number {
      switch (cut.kind) {
        case "ended":
          return announceEnds(cut.account, cut.sessions, cut.end);
        case "account":
          return announceAccount(cut);
        case "everyone":
          return announceEveryone(cut);
        case "permissions":
          return announcePermissions(cut);
        case "rotated":
          return keepRotated(cut.session, cut.version);
      }
    },

    news(news: News): void {
      switch (news.type) {
        case "opened":
          return tellSession("session:opened", news.session);
        case "unfamiliar":
          if (news.session.account)
            io.to(accountRoom(news.session.account.id)).emit("device:unfamiliar", news.session);
          return;
        case "renamed":
          door.forget(news.session.id);
          return tellSession("session:changed", news.session);
        case "changed":
          door.noteSockets(news.session.id, news.session.sockets);
          return tellSession("session:changed", news.session);
        case "cleared":
          return feed.reset();
        case "account":
          return door.forgetAccount(news.account.id);
        case "bin":
          return void tellBin(news.owner).catch(() => {
            // Pages that missed it read the bin again when Redis is back.
          });
      }
    },
  };
}

const isBelow = (held: HeldSocket["data"]["held"], generation: number): boolean =>
  held.grant.globalGeneration < generation;

const endedOf = (id: SessionId, end: EndFacts): SessionEnded => ({
  id,
  reason: end.reason,
  ...(end.by && { by: end.by }),
  at: toInstant(end.at),
});

export function leaveForbiddenRooms(socket: HeldSocket): void {
  for (const topic of topics)
    if (!socket.data.held.permissions.has(topicPermission[topic]))
      void socket.leave(watchRoom(topic));
}
