/**
 * What was asked and what was answered, with one monotonic clock: every end (asked, acknowledged) and every probe
 * (sent, answered, by which node, how). The judge only reads it. It never looks into a node or into Redis, so it
 * cannot be fooled by them: an ended session is late where a probe sent after its acknowledgement plus the
 * bound was let in.
 */

export type Outcome =
  /** The door let the session in. */
  | "accepted"
  /** It is not let in: ended, unknown, or not signed in. */
  | "refused"
  /** Nobody can say now: 503, with Retry-After. */
  | "unavailable"
  /** The connection was refused or broke. */
  | "failed"
  /** No answer within the deadline of any answer. */
  | "hung"
  /** Anything else: a fault of the node's own, or a 503 that does not say when to come back. */
  | "wrong";

export interface EndRecord {
  session: string;
  askedAt: number;
  /** When the receipt came; null when the end was not acknowledged. */
  acknowledgedAt: number | null;
  status: number;
  /** Nodes that the receipt names as not having confirmed. */
  missing: readonly string[];
}

export interface ProbeRecord {
  node: number;
  session: string;
  sentAt: number;
  repliedAt: number;
  outcome: Outcome;
}

export interface History {
  readonly ends: EndRecord[];
  readonly probes: ProbeRecord[];
}

export const createHistory = (): History => ({ ends: [], probes: [] });

export interface Figures {
  n: number;
  p50: number;
  p99: number;
  max: number;
}

export function figuresOf(values: readonly number[]): Figures {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { n: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

export interface Judgement {
  /** From asking for an end to its receipt, milliseconds. */
  receipts: Figures;
  /** From sending a probe to its answer, milliseconds. */
  answers: Figures;
  /** How long after its receipt an ended session was last let in; below zero: never after it. */
  lastAccepted: number;
  acknowledged: number;
  unacknowledged: number;
  outcomes: Record<Outcome, number>;
  /** Probes let in although they were sent later than the bound after the receipt. */
  late: ProbeRecord[];
  /** Ended sessions of which at least one probe was late. */
  lost: number;
  /** Probes let in after a receipt that named nobody as missing. */
  afterReceipt: number;
}

/** Monotonic clocks may run apart by this much (protocol.md P1). */
const clockDrift = 5e-4;

export function judgeHistory({ ends, probes }: History, lease: number): Judgement {
  const bound = lease * (1 + clockDrift);
  const first = new Map<string, EndRecord & { acknowledgedAt: number }>();
  for (const end of ends) {
    const { acknowledgedAt } = end;
    if (acknowledgedAt === null) continue;
    const known = first.get(end.session);
    if (known === undefined || acknowledgedAt < known.acknowledgedAt)
      first.set(end.session, { ...end, acknowledgedAt });
  }
  const outcomes = { accepted: 0, refused: 0, unavailable: 0, failed: 0, hung: 0, wrong: 0 };
  const late: ProbeRecord[] = [];
  let afterReceipt = 0;
  let lastAccepted = Number.NEGATIVE_INFINITY;
  for (const probe of probes) {
    outcomes[probe.outcome]++;
    const end = first.get(probe.session);
    if (end === undefined || probe.outcome !== "accepted") continue;
    const after = probe.sentAt - end.acknowledgedAt;
    lastAccepted = Math.max(lastAccepted, after);
    if (after > bound) late.push(probe);
    if (after > 0 && end.missing.length === 0) afterReceipt++;
  }
  const done = ends.filter((end) => end.acknowledgedAt !== null);
  return {
    receipts: figuresOf(done.map((end) => (end.acknowledgedAt ?? 0) - end.askedAt)),
    answers: figuresOf(probes.map((probe) => probe.repliedAt - probe.sentAt)),
    lastAccepted,
    acknowledged: first.size,
    unacknowledged: ends.length - done.length,
    outcomes,
    late,
    lost: new Set(late.map((probe) => probe.session)).size,
    afterReceipt,
  };
}

const round = (milliseconds: number): string =>
  Number.isFinite(milliseconds) ? milliseconds.toFixed(1) : "never";

const describeFigures = ({ n, p50, p99, max }: Figures): string =>
  `n ${n}, p50 ${round(p50)}, p99 ${round(p99)}, max ${round(max)} ms`;

export function describeJudgement(name: string, judgement: Judgement, more = ""): string {
  const { outcomes } = judgement;
  const counted = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  return [
    `${name}: late ${judgement.late.length}, lost ${judgement.lost}, hung ${outcomes.hung}`,
    `  ends: acknowledged ${judgement.acknowledged}, not ${judgement.unacknowledged}; ` +
      `receipts ${describeFigures(judgement.receipts)}`,
    `  probes: ${counted.join(", ")}; answers ${describeFigures(judgement.answers)}`,
    `  last let in after a receipt: ${round(judgement.lastAccepted)} ms; ` +
      `after a full receipt: ${judgement.afterReceipt}${more && `; ${more}`}`,
  ].join("\n");
}
