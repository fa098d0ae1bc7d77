/** What an idle page costs a node: resident memory with thousands of them open, less that with none. */
import type { PartResult } from "./check.ts";
import { deploy, sessionsPerAccount, type SeededSession } from "./deployment.ts";
import { format } from "./figures.ts";
import { readProcessSeconds, readResidentBytes } from "./machine.ts";
import type { RunningServer } from "./processes.ts";
import { openPage, type WebSocket } from "./websocket.ts";

const opening = 50;
const warmingUp = 500;
/** Share of its core below which a node counts as idle. */
const idleShare = 0.05;

export async function measureSockets(count: number): Promise<PartResult> {
  const accounts = Math.ceil((count + warmingUp) / sessionsPerAccount);
  const deployment = await deploy({
    accounts,
    nodes: ["Rollcall"],
    nodeArgs: ["--expose-gc", "--import", "./test/bench/servers/collect-garbage.mjs"],
  });
  try {
    const [node] = deployment.nodes as [RunningServer];
    const { sessions } = deployment;
    // Code and pools that the first pages bring are not counted to the others.
    for (const page of await openPages(node, sessions.slice(count))) page.close();
    const before = await measureIdle(node);
    const pages = await openPages(node, sessions.slice(0, count));
    const bytes = ((await measureIdle(node)) - before) / count;
    for (const page of pages) page.close();
    return {
      report: `Resident memory per idle page at ${count} pages, each of another session: ${format(bytes / 1024, 1)} KiB.`,
      figures: [
        {
          name: `resident memory per idle page at ${count}`,
          measured: bytes / 1024,
          goal: { at: "most", value: 15 },
          unit: " KiB",
          digits: 1,
        },
      ],
      wrong: 0,
    };
  } finally {
    await deployment.stop();
  }
}

async function openPages(
  { address }: RunningServer,
  sessions: readonly SeededSession[],
): Promise<WebSocket[]> {
  const pages: WebSocket[] = [];
  for (let first = 0; first < sessions.length; first += opening)
    pages.push(
      ...(await Promise.all(
        sessions.slice(first, first + opening).map(({ cookie }) => openPage(address, cookie)),
      )),
    );
  return pages;
}

/** Resident bytes once the node has nothing left to do and has collected its garbage. */
async function measureIdle({ pid }: RunningServer): Promise<number> {
  await becomeIdle(pid);
  for (let count = 0; count < 3; count++) {
    process.kill(pid, "SIGUSR2");
    await becomeIdle(pid);
  }
  return readResidentBytes(pid);
}

async function becomeIdle(pid: number): Promise<void> {
  const second = 1000;
  for (let before = readProcessSeconds(pid), used = 1; used > idleShare;) {
    await new Promise((resolve) => setTimeout(resolve, second));
    const now = readProcessSeconds(pid);
    used = now - before;
    before = now;
  }
}
