/**
 * Breadth-first search over every interleaving of a small world. States are kept as short strings, so that a
 * million of them fit; the first state that breaks the promise is reached by the shortest way there is, and
 * that way is told.
 */

export interface World<State> {
  start: State;
  /** Equal strings: the same state. */
  encode(state: State): string;
  decode(key: string): State;
  /** Hand every step that can be taken here to `take`; a step without a next state breaks the promise. */
  step(state: State, take: (label: string, next: State | null) => void): void;
}

export interface Outcome {
  /** The shortest way to a broken promise; null when none was found. */
  broken: string[] | null;
  states: number;
  /** Whether every state that can be reached was looked at. */
  exhaustive: boolean;
}

export function searchWorld<State>(world: World<State>, mostStates: number): Outcome {
  const keys = [world.encode(world.start)];
  const seen = new Set(keys);
  const parents = [-1];
  const labels = [""];
  let broken: string[] | null = null;
  let at = 0;

  function take(label: string, next: State | null): void {
    if (broken !== null) return;
    if (next === null) {
      broken = [...wayTo(at), label];
      return;
    }
    const key = world.encode(next);
    if (seen.has(key)) return;
    seen.add(key);
    keys.push(key);
    parents.push(at);
    labels.push(label);
  }

  function wayTo(index: number): string[] {
    const way: string[] = [];
    for (let step = index; step > 0; step = parents[step]) way.unshift(labels[step]);
    return way;
  }

  for (; at < keys.length && broken === null && keys.length < mostStates; at++)
    world.step(world.decode(keys[at]), take);
  return { broken, states: keys.length, exhaustive: broken === null && at === keys.length };
}

export function describeOutcome(name: string, { broken, states, exhaustive }: Outcome): string {
  const looked = `${states.toLocaleString("en")} states`;
  if (broken !== null) return `${name}: broken after ${looked}\n    ${broken.join(" > ")}`;
  return `${name}: holds in ${looked} (${exhaustive ? "exhaustive" : "bounded: as many as asked for"})`;
}
