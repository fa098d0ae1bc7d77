/**
 * When Redis carried out a command, seen from outside by MONITOR, on this process' own clock. What is counted
 * from the ledger's append and what is counted from a plain PUBLISH then both begin at the same place.
 */
import { createClient } from "redis";

export interface RedisWatch {
  /** Resolves with the instant (performance.now) at which a command that contains `text` was carried out. */
  when(text: string): Promise<number>;
  /** Compare the clocks again: they drift apart by some microseconds a second. */
  compareClocks(): Promise<void>;
  stop(): void;
}

const samples = 50;
/** Commands remembered for somebody who asks a moment later. */
const remembered = 200;

export async function watchRedis(url: string, pattern: RegExp): Promise<RedisWatch> {
  const monitor = createClient({ url });
  const asking = createClient({ url });
  await Promise.all([monitor.connect(), asking.connect()]);
  /** Redis' wall clock less this process' monotonic clock, in milliseconds. */
  let ahead = 0;
  const recent: string[] = [];
  const waiting = new Map<string, (line: string) => void>();

  await monitor.monitor((reply) => {
    const line = String(reply);
    if (!pattern.test(line)) return;
    recent.push(line);
    if (recent.length > remembered) recent.shift();
    for (const [text, resolve] of waiting)
      if (line.includes(text)) {
        waiting.delete(text);
        resolve(line);
      }
  });

  const instantOf = (line: string): number =>
    Number(line.slice(0, line.indexOf(" "))) * 1000 - ahead;

  async function compareClocks(): Promise<void> {
    let quickest = Infinity;
    for (let count = 0; count < samples; count++) {
      const before = performance.now();
      const [seconds, microseconds] = await asking.sendCommand<[string, string]>(["TIME"]);
      const after = performance.now();
      if (after - before >= quickest) continue;
      quickest = after - before;
      ahead = Number(seconds) * 1000 + Number(microseconds) / 1000 - (before + after) / 2;
    }
  }

  await compareClocks();
  return {
    async when(text) {
      const known = recent.find((line) => line.includes(text));
      const line = known ?? (await new Promise<string>((resolve) => waiting.set(text, resolve)));
      return instantOf(line);
    },
    compareClocks,
    stop() {
      monitor.destroy();
      asking.destroy();
    },
  };
}
