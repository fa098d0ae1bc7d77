/** What can happen to the link between one node and Redis: it swallows everything (F4), or is sick in other ways (F5). */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { expect } from "vitest";
import { eventually } from "../support/client.ts";
import { createHistory, judgeHistory } from "./history.ts";
import { expectKept } from "./node-faults.ts";
import type { LinkFault } from "./proxy.ts";
import { openPages } from "./pages.ts";
import type { Rig } from "./rig.ts";

/** F4: one node is cut off without a word. It stops deciding, closes its pages, and comes back by itself. */
export async function cutOffNode(rig: Rig, count: number, cutFor: number): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  const [cut, ...others] = rig.nodes.map((_, at) => at);
  const pages = await openPages(rig.nodes[cut].address, tokens.slice(0, 20));
  const stop = rig.startProbing(history, { tokens, rate: 100, nodes: () => [cut] });
  const cutAt = performance.now();
  rig.nodes[cut].link.setFault({ kind: "black-hole" });
  await rig.endSessions(history, admin, tokens, others, 8);
  const closed = await eventually(() => pages.lastClosedAt(), 20_000);
  await eventually(() => performance.now() > cutAt + cutFor, cutFor + 1000);
  rig.nodes[cut].link.setFault({ kind: "none" });
  const healedAt = performance.now();
  await rig.nodes[cut].ready();
  const recovery = performance.now() - healedAt;
  await stop();
  pages.close();
  await rig.audit(history, tokens);
  expectKept(
    "F4 node cut off",
    judgeHistory(history, rig.lease),
    `pages closed ${(closed - cutAt).toFixed(0)} ms after the cut, ready ${recovery.toFixed(0)} ms after it healed`,
  );
}

/** F5: answers lost, slow, stuttering, reset over and over. Deadlines hold and nothing piles up. */
export async function sickenLink(rig: Rig, count: number, sickFor: number): Promise<void> {
  const faults: (LinkFault | { kind: "reset-storm" })[] = [
    { kind: "half-open" },
    { kind: "delay", milliseconds: 2000 },
    { kind: "stall", milliseconds: 400, chance: 0.5 },
    { kind: "throttle", bytesPerSecond: 2000 },
    { kind: "reset-storm" },
  ];
  for (const fault of faults) await sickenLinkOnce(rig, fault, count, sickFor);
}

async function sickenLinkOnce(
  rig: Rig,
  fault: LinkFault | { kind: "reset-storm" },
  count: number,
  sickFor: number,
): Promise<void> {
  const history = createHistory();
  const admin = await rig.openAdmin();
  const tokens = await rig.openSessions(count);
  await rig.warm(history, tokens);
  const [sick, ...others] = rig.nodes.map((_, at) => at);
  const { link, pid } = rig.nodes[sick];
  const opened = link.opened();
  const memory = residentMebibytes(pid);
  const stop = rig.startProbing(history, { tokens, rate: 100, nodes: () => [sick] });
  const since = performance.now();
  const storm = fault.kind === "reset-storm" ? setInterval(() => link.reset(), 100) : undefined;
  if (fault.kind !== "reset-storm") link.setFault(fault);
  await rig.endSessions(history, admin, tokens, others, 8);
  await eventually(() => performance.now() > since + sickFor, sickFor + 1000);
  clearInterval(storm);
  const seconds = (performance.now() - since) / 1000;
  const reconnects = (link.opened() - opened) / seconds;
  const grown = residentMebibytes(pid) - memory;
  link.setFault({ kind: "none" });
  await rig.nodes[sick].ready();
  await stop();
  await rig.audit(history, tokens);
  expectKept(
    `F5 link ${fault.kind}`,
    judgeHistory(history, rig.lease),
    `${reconnects.toFixed(1)} connections a second, memory ${grown.toFixed(0)} MiB more`,
  );
  // Four connections, each at most about as often as the storm resets it.
  expect(reconnects).toBeLessThan(60);
  expect(grown).toBeLessThan(100);
}

const residentMebibytes = (pid: number): number => {
  const [, pages = "0"] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
  return (Number(pages) * 4096) / 2 ** 20;
};
