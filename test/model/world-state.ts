/**
 * One state of the world, and its shortest text: all its numbers one after another, each as one character, so that
 * millions of states fit into memory and equal states are equal strings.
 */

/** No instant: not acknowledged, no lease. */
export const never = -1;

/** An entry is `session + 1 + id * radix`: unique, so that it stands for its own chain hash too. */
export type Code = number;

export interface Flight {
  sentAt: number;
  wallSentAt: number;
  /** The position that the renewal carries. */
  seq: number;
  hash: Code;
  /** Null while the request is on its way. */
  reply: Reply | null;
}

export interface Reply {
  continues: boolean;
  /** What follows position `from`, whose hash is `previous`. */
  from: number;
  previous: Code;
  codes: Code[];
  /** Whether the quorum has confirmed the renewal's write. */
  counts: boolean;
}

export interface NodeState {
  ended: number;
  seq: number;
  hash: Code;
  leaseFrom: number;
  leaseWallFrom: number;
  flag: boolean;
  paused: boolean;
  /** Ticks for which this host was suspended. */
  slept: number;
  flight: Flight | null;
}

export interface WorldState {
  now: number;
  nextId: number;
  log: Code[];
  /** How much of the log each replica holds. */
  held: number[];
  failedOver: boolean;
  /** The log of a primary that was replaced, and whether it knows. */
  old: { log: Code[]; demoted: boolean } | null;
  /** By session: whether its end was asked for, and when it was acknowledged. */
  asked: boolean[];
  acknowledged: number[];
  nodes: NodeState[];
}

export const copyState = (state: WorldState): WorldState => ({
  ...state,
  log: [...state.log],
  held: [...state.held],
  old: state.old && { ...state.old },
  asked: [...state.asked],
  acknowledged: [...state.acknowledged],
  nodes: state.nodes.map((node) => ({ ...node, flight: node.flight && { ...node.flight } })),
});

/** All numbers of a state one after another, each as one character; -1 is the smallest of them. */
export function encodeState(state: WorldState): string {
  const numbers: number[] = [state.now, state.nextId, Number(state.failedOver)];
  const list = (values: readonly number[]) => void numbers.push(values.length, ...values);
  list(state.log);
  list(state.held);
  numbers.push(state.old === null ? 0 : 1 + Number(state.old.demoted));
  if (state.old !== null) list(state.old.log);
  list(state.asked.map(Number));
  list(state.acknowledged);
  numbers.push(state.nodes.length);
  for (const node of state.nodes) {
    numbers.push(node.ended, node.seq, node.hash, node.leaseFrom, node.leaseWallFrom, node.slept);
    numbers.push(Number(node.flag) + 2 * Number(node.paused));
    const { flight } = node;
    numbers.push(flight === null ? 0 : flight.reply === null ? 1 : 2);
    if (flight === null) continue;
    numbers.push(flight.sentAt, flight.wallSentAt, flight.seq, flight.hash);
    if (flight.reply === null) continue;
    const { continues, from, previous, codes, counts } = flight.reply;
    numbers.push(Number(continues) + 2 * Number(counts), from, previous);
    list(codes);
  }
  for (let at = 0; at < numbers.length; at++) numbers[at]++;
  return String.fromCharCode(...numbers);
}

export function decodeState(key: string): WorldState {
  let at = 0;
  const number = (): number => key.charCodeAt(at++) - 1;
  const list = (): number[] => Array.from({ length: number() }, number);
  const [now, nextId, failedOver] = [number(), number(), number() === 1];
  const [log, held, oldKind] = [list(), list(), number()];
  const old = oldKind === 0 ? null : { demoted: oldKind === 2, log: list() };
  const asked = list().map((one) => one === 1);
  const acknowledged = list();
  const nodes = Array.from({ length: number() }, () => decodeNode(number, list));
  return { now, nextId, log, held, failedOver, old, asked, acknowledged, nodes };
}

function decodeNode(number: () => number, list: () => number[]): NodeState {
  const [ended, seq, hash] = [number(), number(), number()];
  const [leaseFrom, leaseWallFrom, slept] = [number(), number(), number()];
  const flags = number();
  const [flag, paused] = [(flags & 1) === 1, (flags & 2) === 2];
  const flightKind = number();
  const known = { ended, seq, hash, leaseFrom, leaseWallFrom, slept, flag, paused };
  if (flightKind === 0) return { ...known, flight: null };
  const [sentAt, wallSentAt, sentSeq, sentHash] = [number(), number(), number(), number()];
  const sent = { sentAt, wallSentAt, seq: sentSeq, hash: sentHash };
  if (flightKind === 1) return { ...known, flight: { ...sent, reply: null } };
  const replyFlags = number();
  const [continues, counts] = [(replyFlags & 1) === 1, (replyFlags & 2) === 2];
  const [from, previous, codes] = [number(), number(), list()];
  return { ...known, flight: { ...sent, reply: { continues, from, previous, codes, counts } } };
}
