/**
 * The machine under the figures: which core does what, how much processor time a process took, and how much
 * went to processes that are none of ours. Servers run on the first core; the bench, which is also the load,
 * and Redis run on the second. On one core, or without taskset, nothing is pinned and the facts say so.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

const serverCore = 0;
const loadCore = 1;

const canPin: boolean =
  cpus().length > 1 && spawnSync("taskset", ["--version"]).error === undefined;

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** This process, and with it every child that is not placed elsewhere, leaves the servers' core alone. */
export function moveToLoadCore(): void {
  if (canPin)
    execFileSync("taskset", ["-acp", String(loadCore), String(process.pid)], { stdio: "ignore" });
}

/** A process that was started on the load's core moves to the servers'. */
export function moveToServerCore(pid: number): void {
  if (canPin)
    execFileSync("taskset", ["-acp", String(serverCore), String(pid)], { stdio: "ignore" });
}

/** The command that runs `command` on the servers' core. */
export const onServerCore = (command: readonly string[]): string[] =>
  canPin ? ["taskset", "-c", String(serverCore), ...command] : [...command];

/** Seconds of processor time a process has taken so far, all its threads together. */
export function readProcessSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The command's name stands in brackets and may hold anything; the times are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Seconds that all cores together have been busy, for whomever, since the machine started. */
function readMachineSeconds(): number {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const [user, nice, system, , , interrupts, softInterrupts, stolen] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const busy = [user, nice, system, interrupts, softInterrupts, stolen];
  return busy.reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) / ticksPerSecond;
}

/** Call the answer to learn what share of one core went to processes that are none of these meanwhile. */
export function watchStrangers(ownPids: readonly number[]): () => number {
  const readOwn = () => ownPids.reduce((sum, pid) => sum + readProcessSeconds(pid), 0);
  const startedAt = performance.now();
  const before = readMachineSeconds() - readOwn();
  return () => {
    const seconds = (performance.now() - startedAt) / 1000;
    return Math.max(0, (readMachineSeconds() - readOwn() - before) / seconds);
  };
}

/** Resident memory of a process in bytes. */
export function readResidentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

export function describeMachine(): string {
  const [first] = cpus();
  const redis = execFileSync("redis-server", ["--version"], { encoding: "utf8" });
  const facts = [
    `${cpus().length} cores (${first?.model ?? "unknown"})`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    `Redis ${/v=([\d.]+)/.exec(redis)?.[1] ?? "unknown"}, in memory only, on a unix socket`,
    canPin
      ? `servers on core ${serverCore}, load and Redis on core ${loadCore}`
      : "nothing pinned (one core, or no taskset): figures are not comparable",
  ];
  return facts.join(" · ");
}
