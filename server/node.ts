/**
 * One node: the core, its HTTP and its sockets on one port. It answers from the first moment (503 until it holds
 * a lease), so that health checks and people see a server that waits for Redis and not a closed port.
 */
import { createServer } from "node:http";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { createCore } from "./core.ts";
import { clientAddress, createTrust, kindOfAddress, rateLimitKeyOf } from "./domain/address.ts";
import { showEvent } from "./domain/activity.ts";
import type { LedgerEntry } from "./domain/admission.ts";
import { createApp } from "./http/app.ts";
import { createCookies } from "./http/cookies.ts";
import { createGateway } from "./http/gateway.ts";
import { limits, listen, stopListening } from "./http/listen.ts";
import { createVisitorReader } from "./http/visitor.ts";
import { openLive } from "./live/server.ts";
import { openGeoip } from "./ops/geoip.ts";
import { readKeyMaterial } from "./ops/key-file.ts";
import { openHeadFile, readHeadFile } from "./ops/head-file.ts";
import type { Lifecycle } from "./ops/lifecycle.ts";
import type { Log } from "./ops/log.ts";
import { createMetrics, type Metrics } from "./ops/metrics.ts";

export const version = "0.1.0";

export interface NodeOptions {
  config: Config;
  /** Where Redis is. */
  url: string;
  /** The built client. */
  clientFolder: string;
  log: Log;
  life: Lifecycle;
}

export type Node = Awaited<ReturnType<typeof startNode>>;

const kinds = ["account", "guest", "token"] as const;

export async function startNode({ config, url, clientFolder, log, life }: NodeOptions) {
  const metrics = createMetrics();
  const stopping: string[] = [];
  const headPath = join(config.dataDir, "ledger-head.json");
  const core = createCore({
    config,
    url,
    role: "node",
    keyMaterial: readKeyMaterial(config.dataDir, config.tokenKey),
    knownHead: readHeadFile(headPath),
    log,
    count: { ends: metrics.countSessionEnds, signIn: metrics.countSignIn },
  });
  life.own("connections", core, (parts) => parts.close());
  const { ledger, sessions, directory, activity } = core;
  const lastSeen = life.own("lastSeen", core.createLastSeen(), (seen) => seen.stop());
  const cookies = createCookies({
    ...config,
    guestMaximum: config.sessions.guestMaximum,
    redisNow: ledger.redisNow,
  });
  const trusted = createTrust(config.trustProxy);
  const app = await createApp({
    ...core,
    store: core.sessionStore,
    lastSeen,
    cookies,
    origins: config,
    secure: config.secure,
    version,
    clientFolder,
    log,
    redisNow: ledger.redisNow,
    assertFresh: sessions.assertFresh,
    visitorOf: createVisitorReader({
      trusted,
      cookies,
      placeOf: openGeoip(config.geoipDbFile),
    }),
    async openGuest(visitor) {
      await core.attempts.spend("guest", rateLimitKeyOf(visitor.ip));
      return sessions.open(null, visitor, null);
    },
    unready: () => [...stopping, ...core.problems()],
    metricsToken: config.metricsToken,
    renderMetrics: metrics.render,
    isLocal: (address) => kindOfAddress(address ?? "") === "loopback",
  });
  const answer = app.callback();
  const answerProxy = createGateway({
    ...core,
    lastSeen,
    sessionCookie: cookies.names.session,
    home: config.publicUrl ?? "",
    hosts: config.gatewayHosts,
    trusts: (peer) =>
      peer !== undefined && trusted(clientAddress({ peer, forwardedFor: undefined, trusted })),
    count: metrics.countVerify,
    log,
  });
  const http = createServer(limits, (request, response) => {
    if (!answerProxy(request, response)) void answer(request, response);
  });
  const live = openLive(http, {
    ...core,
    lastSeen,
    origins: config,
    sessionCookie: cookies.names.session,
    lease: config.lease,
    tell: (session) => activity.tell({ type: "changed", session }),
    readBin: core.bins.read,
    showReservation: core.desk.look,
    showStocked: core.catalogue.showStocked,
    showOutcome: core.outcomes.showOutcome,
    total: directory.count,
    newestStats: core.stats.newest,
  });
  ledger.onEntry((entry) => {
    const closed = live.announce.entry(entry);
    observeCut(metrics, entry, ledger.redisNow(), closed);
    return closed;
  });
  metrics.readGaugesFrom({
    async countActiveSessions() {
      const counts = await Promise.all(kinds.map((kind) => directory.count(kind)));
      return Object.fromEntries(kinds.map((kind, at) => [kind, counts[at] ?? 0]));
    },
    countSockets: live.countSockets,
    measureLedgerLag: ledger.lag,
    measureLeaseAge: () => ledger.leaseAge() / 1000,
  });

  const address = await listen(http, config.host, config.port);
  life.own("ledger", ledger, (owned) => owned.stop());
  life.own("http", http, (server) => stopListening(server));
  life.own("sockets", live, (owned) => {
    owned.stop();
  });
  await core.connect();
  await ledger.start();
  await core.signingKeys.load();
  const refreshKeys = setInterval(
    () => void core.signingKeys.load().catch(() => {}),
    core.signingKeys.refreshEvery,
  );
  life.own("signing keys", refreshKeys, clearInterval);
  void core.activityReader.follow((told) => {
    if (told.kind === "news") live.announce.news(told.news);
    else {
      live.activityFeed.happened(showEvent(told.event));
      live.statsFeed.happened();
    }
  });
  life.own("activity", core.activityReader, (reader) => reader.stop());
  void core.deskReader.follow(live.deskFeed.changed);
  life.own("desk", core.deskReader, (reader) => reader.stop());
  core.deskClock.start();
  life.own("desk clock", core.deskClock, (deskClock) => deskClock.stop());
  core.sweeper.start();
  life.own("sweeper", core.sweeper, (sweeper) => sweeper.stop());
  core.sampler.start();
  life.own("sampler", core.sampler, (sampler) => sampler.stop());
  const head = openHeadFile(headPath, ledger.head);
  head.keep();
  life.own("head", head, (file) => {
    file.stop();
  });
  life.own("readiness", stopping, (list) => list.push("stopping"));
  return { address, core };
}

/** How long after its script an end is refused here, and its pages are closed. */
function observeCut(
  metrics: Metrics,
  { cut }: LedgerEntry,
  redisNow: number,
  closed: number,
): void {
  if (cut.kind === "permissions" || cut.kind === "rotated") return;
  const seconds = (redisNow - cut.end.at) / 1000;
  if (!(seconds >= 0 && seconds < 60)) return;
  metrics.observeRevokeToRefused(seconds);
  if (closed > 0) metrics.observeRevokeToDisconnect(seconds);
}
