/**
 * Interleaved rounds: each target in turn, over and over, in a new order each time, so that what else the
 * machine does falls on all of them alike. A round in which processes that are none of ours took a share of a
 * core worth mentioning counts as disturbed and is left out of the medians where enough others are left. Each
 * round begins with a second that is not counted: what a target keeps for sessions in use has grown old while
 * the others had their turns.
 */
import { medianOf, percentileOf } from "./figures.ts";
import { applyLoad, type Requests } from "./load.ts";
import { readProcessSeconds, watchStrangers } from "./machine.ts";

export interface Target extends Requests {
  name: string;
  pid: number;
}

interface Round {
  perSecond: number;
  wrong: number;
  /** Microseconds of the server's processor time for one request. */
  cpu: number;
  /** Share of its core that the server used: below one, the load or somebody else held it up. */
  busy: number;
  /** Share of one core that strangers used meanwhile. */
  strangers: number;
  p50: number;
  p99: number;
}

export interface Measured {
  name: string;
  perSecond: number;
  cpu: number;
  busy: number;
  p50: number;
  p99: number;
  wrong: number;
  rounds: number;
  disturbed: number;
}

const rampSeconds = 1;
const disturbingShare = 0.1;
/** Below this many quiet rounds the medians are over all of them. */
const enoughRounds = 3;

export async function measureInterleaved(
  targets: readonly Target[],
  options: { rounds: number; seconds: number; ownPids: readonly number[] },
): Promise<Measured[]> {
  const rounds = new Map<Target, Round[]>(targets.map((target) => [target, []]));
  for (let count = 0; count < options.rounds; count++)
    for (const target of shuffle(targets))
      rounds.get(target)?.push(await measureRound(target, options));
  return [...rounds].map(([{ name }, all]) => summarise(name, all));
}

async function measureRound(
  target: Target,
  { seconds, ownPids }: { seconds: number; ownPids: readonly number[] },
): Promise<Round> {
  const ramp = await applyLoad(target, wait(rampSeconds));
  const readStrangers = watchStrangers(ownPids);
  const before = readProcessSeconds(target.pid);
  const result = await applyLoad(target, wait(seconds));
  const server = readProcessSeconds(target.pid) - before;
  return {
    perSecond: result.requests / result.seconds,
    wrong: ramp.wrong + result.wrong,
    cpu: (server / result.requests) * 1e6,
    busy: server / result.seconds,
    strangers: readStrangers(),
    p50: percentileOf(result.times, 0.5),
    p99: percentileOf(result.times, 0.99),
  };
}

function summarise(name: string, all: readonly Round[]): Measured {
  const quiet = all.filter(({ strangers }) => strangers <= disturbingShare);
  const used = quiet.length >= enoughRounds ? quiet : all;
  const median = (read: (round: Round) => number) => medianOf(used.map(read));
  return {
    name,
    perSecond: median((round) => round.perSecond),
    cpu: median((round) => round.cpu),
    busy: median((round) => round.busy),
    p50: median((round) => round.p50),
    p99: median((round) => round.p99),
    wrong: all.reduce((sum, round) => sum + round.wrong, 0),
    rounds: all.length,
    disturbed: all.length - quiet.length,
  };
}

function shuffle<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

const wait = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000));
