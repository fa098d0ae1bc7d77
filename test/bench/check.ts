/**
 * What one check costs: GET /api/me and GET /verify of the product against bare Koa that answers the same
 * bytes, and against the peers, all in one set of interleaved rounds over the same 10,000 sessions.
 */
import { deploy, sessionsPerAccount } from "./deployment.ts";
import { format, renderTable, type Figure } from "./figures.ts";
import type { Reply } from "./http-connection.ts";
import { measureInterleaved, type Measured, type Target } from "./rounds.ts";
import {
  names,
  revocablePeers,
  statelessPeer,
  targetBareKoa,
  targetMe,
  targetPeers,
  targetVerify,
  templateOf,
} from "./targets.ts";

const sessionCount = 10_000;

export interface PartResult {
  report: string;
  figures: Figure[];
  /** Answers that were not what they must be; any makes the run fail. */
  wrong: number;
}

export async function measureChecks(
  parts: { me: boolean; verify: boolean },
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<PartResult> {
  const accounts = sessionCount / sessionsPerAccount;
  const running: { stop(): Promise<void> }[] = [];
  try {
    const deployment = await deploy({ accounts, nodes: ["Rollcall"] });
    running.push(deployment);
    const node = deployment.nodes[0];
    const { sessions } = deployment;
    const me = await targetMe(node, sessions);
    const verify = await targetVerify(node, sessions);
    const sampleId = sessions[0]?.sessionId ?? "";
    const order = {
      redisUrl: deployment.redis.url,
      me: templateOf(me.sample, sampleId),
      verify: templateOf(verify.sample, ""),
      sessions,
    };
    const bare = await targetBareKoa(order);
    const others = await targetPeers(order);
    running.push(bare.server, ...others.servers);
    const targets: Target[] = [];
    if (parts.me) targets.push(bare.me, me.target, ...others.targets);
    if (parts.verify) targets.push(bare.verify, verify.target, others.jwtVerify);
    const measured = await measureInterleaved(targets, {
      rounds,
      seconds,
      ownPids: [
        process.pid,
        deployment.redis.pid,
        ...[node, bare.server, ...others.servers].map(({ pid }) => pid),
      ],
    });
    return {
      report: renderChecks(measured, { me: me.sample, verify: verify.sample }),
      figures: [
        ...(parts.me ? judgeMe(measured) : []),
        ...(parts.verify ? judgeVerify(measured) : []),
      ],
      wrong: measured.reduce((sum, { wrong }) => sum + wrong, 0),
    };
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
}

/** Each is held against the bare Koa that answers the same bytes. */
function unitOf(name: string, measured: readonly Measured[]): Measured {
  const ofVerify: string[] = [names.verify, names.jwtVerify, names.bareKoaVerify];
  const unit = ofVerify.includes(name) ? names.bareKoaVerify : names.bareKoa;
  return named(unit, measured);
}

const named = (name: string, measured: readonly Measured[]): Measured =>
  measured.find((one) => one.name === name) as Measured;

function renderChecks(
  measured: readonly Measured[],
  samples: { me: Reply; verify: Reply },
): string {
  const rows = measured.map((one) => {
    const unit = unitOf(one.name, measured);
    return [
      one.name,
      format(one.perSecond, 0),
      format(one.perSecond / unit.perSecond),
      format(unit.cpu / one.cpu),
      format(one.cpu, 1),
      format(one.p50),
      format(one.p99, 1),
      `${format(one.busy * 100, 0)} %`,
      String(one.wrong),
      `${one.rounds - one.disturbed}/${one.rounds}`,
    ];
  });
  const head = ["target", "req/s", "ratio by req/s", "ratio by CPU", "CPU µs/req"].concat([
    "p50 ms",
    "p99 ms",
    "server busy",
    "wrong",
    "quiet rounds",
  ]);
  const sizes = Object.entries(samples).map(
    ([name, { head: sent, body }]) => `${name} ${sent.length + 4} B head, ${body.length} B body`,
  );
  const all = measured.reduce((sum, { rounds }) => sum + rounds, 0);
  const disturbed = measured.reduce((sum, one) => sum + one.disturbed, 0);
  const notes = [
    `Medians of quiet rounds (of all, where fewer than three were quiet); ${disturbed} of ${all} rounds were disturbed by other processes.`,
    `Ratios are to bare Koa that answers the same bytes: ${sizes.join("; ")}.`,
  ];
  return `${renderTable(head, rows)}\n\n${notes.join(" ")}`;
}

function judgeMe(measured: readonly Measured[]): Figure[] {
  const me = named(names.me, measured);
  const bare = named(names.bareKoa, measured);
  const peers = revocablePeers.map((name) => named(name, measured));
  const fastest = peers.reduce((best, one) => (one.perSecond > best.perSecond ? one : best));
  const leanest = peers.reduce((best, one) => (one.cpu < best.cpu ? one : best));
  return [
    atLeast("GET /api/me / bare Koa, by req/s", me.perSecond / bare.perSecond, 0.6),
    atLeast("GET /api/me / bare Koa, by CPU", bare.cpu / me.cpu, 0.6),
    atLeast(`GET /api/me / ${fastest.name}, by req/s`, me.perSecond / fastest.perSecond, 1.5),
    atLeast(`GET /api/me / ${leanest.name}, by CPU`, leanest.cpu / me.cpu, 1.5),
  ];
}

function judgeVerify(measured: readonly Measured[]): Figure[] {
  const verify = named(names.verify, measured);
  const bare = named(names.bareKoaVerify, measured);
  const jwt = named(names.jwtVerify, measured);
  return [
    atLeast("GET /verify / bare Koa, by req/s", verify.perSecond / bare.perSecond, 1.2),
    atLeast("GET /verify / bare Koa, by CPU", bare.cpu / verify.cpu, 1.2),
    atLeast(`GET /verify / ${statelessPeer}, by req/s`, verify.perSecond / jwt.perSecond, 1),
    atLeast(`GET /verify / ${statelessPeer}, by CPU`, jwt.cpu / verify.cpu, 1),
  ];
}

const atLeast = (name: string, measured: number, value: number): Figure => ({
  name,
  measured,
  goal: { at: "least", value },
});
