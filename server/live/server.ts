/** Socket.IO on our http server: websocket only, small frames, no adapter carries anything that matters. */
import type { Server as HttpServer } from "node:http";
import { Server } from "socket.io";
import type { Session } from "../../shared/contract/sessions.ts";
import type { SessionId } from "../../shared/ids.ts";
import type { Door } from "../domain/door.ts";
import type { LastSeen } from "../domain/last-seen.ts";
import type { Ledger } from "../domain/ledger.ts";
import type { OriginRule } from "../domain/origin.ts";
import type { Presence } from "../domain/presence.ts";
import { createActivityFeed } from "./activity-feed.ts";
import { admitSockets, checkOrigin } from "./admit.ts";
import { createAnnounce, type AnnounceOptions } from "./announce.ts";
import { createDeskFeed, type DeskFeedParts } from "./desk-feed.ts";
import { createPresenceReporter } from "./presence.ts";
import { createRegistry, type LiveSocket } from "./registry.ts";
import { isHeld } from "./admit.ts";
import { createSessionsFeed } from "./sessions-feed.ts";
import { createStatsFeed, type StatsFeedOptions } from "./stats-feed.ts";
import { createSocketSweep } from "./sweep.ts";
import { answerSockets } from "./watch.ts";

export interface LiveOptions extends DeskFeedParts {
  origins: OriginRule;
  sessionCookie: string;
  door: Door;
  ledger: Ledger;
  lastSeen: LastSeen;
  presence: Presence;
  lease: number;
  showRows(ids: readonly SessionId[]): Promise<Session[]>;
  tell(session: Session): Promise<void>;
  total(): Promise<number>;
  listBelow: AnnounceOptions["listBelow"];
  newestStats: StatsFeedOptions["newest"];
  readBin: AnnounceOptions["readBin"];
}

export function openLive(http: HttpServer, options: LiveOptions) {
  const io = new Server(http, {
    transports: ["websocket"],
    serveClient: false,
    maxHttpBufferSize: 16 * 1024,
    connectTimeout: 5000,
    pingInterval: 20_000,
    pingTimeout: 10_000,
    perMessageDeflate: false,
    allowRequest: checkOrigin(options.origins),
  });
  const { door, ledger, presence, lease } = options;
  const registry = createRegistry();
  const feed = createSessionsFeed({ io, total: options.total });
  const activityFeed = createActivityFeed(io);
  const statsFeed = createStatsFeed({ io, newest: options.newestStats });
  const deskFeed = createDeskFeed({ ...options, io, registry });
  const announce = createAnnounce({ ...options, io, registry, feed });
  const reporter = createPresenceReporter({
    registry,
    presence,
    show: options.showRows,
    tell: options.tell,
    every: lease / 4,
  });
  admitSockets(io, { door, registry, sessionCookie: options.sessionCookie });
  const sweep = createSocketSweep({ io, registry, door, ledger, announce, lease });
  answerSockets(io, { door, lastSeen: options.lastSeen, readmit: sweep.readmit });
  io.on("connection", (connected) => {
    const socket = connected as LiveSocket;
    if (!isHeld(socket)) return;
    reporter.note(socket);
    socket.on("disconnect", () => reporter.note(socket));
  });

  return {
    announce,
    activityFeed,
    deskFeed,
    statsFeed,
    countSockets: (): number => io.engine.clientsCount,
    stop(): void {
      sweep.stop();
      feed.stop();
      activityFeed.stop();
      deskFeed.stop();
      statsFeed.stop();
      reporter.stop();
      io.disconnectSockets(true);
      io.engine.close();
    },
  };
}
