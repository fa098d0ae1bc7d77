/** What Lighthouse says of the pages people meet first, in the system's Chromium, as a phone and as a desktop. */
import { findChromium } from "../support/browser.ts";
import type { PartResult } from "./check.ts";
import { deploy } from "./deployment.ts";
import { renderTable, type Figure } from "./figures.ts";
import { startOwnServer, type RunningServer } from "./processes.ts";

interface Verdict {
  port: number;
  version: string;
  /** Where the browser ended up. */
  address: string;
  scores: Record<(typeof categories)[number], number>;
  /** Audits that cost some of a score. */
  lost: string[];
}

const categories = ["performance", "accessibility", "best-practices"] as const;
const goals = { performance: 95, accessibility: 100, "best-practices": 100 };
const forms = ["desktop", "phone"] as const;

export async function measureLighthouse(): Promise<PartResult> {
  const deployment = await deploy({ accounts: 10, nodes: ["Rollcall"] });
  try {
    const [node] = deployment.nodes as [RunningServer];
    const pages = [
      { path: "/sign-in", cookie: null },
      { path: "/devices", cookie: deployment.sessions[0]?.cookie ?? null },
    ];
    const rows: string[][] = [];
    const figures: Figure[] = [];
    for (const { path, cookie } of pages)
      for (const form of forms) {
        const { scores, lost, address, version } = await ask(
          `${node.address}${path}`,
          cookie,
          form,
        );
        if (new URL(address).pathname !== path) throw new Error(`${path} led to ${address}`);
        rows.push([
          `${path}, ${form} (Lighthouse ${version})`,
          ...categories.map((name) => String(scores[name])),
          lost.join(" "),
        ]);
        for (const name of categories)
          figures.push({
            name: `Lighthouse, ${path}, ${form}: ${name}`,
            measured: scores[name],
            goal: { at: "least", value: goals[name] },
            digits: 0,
          });
      }
    return {
      report: renderTable(["page", ...categories, "lost some at"], rows),
      figures,
      wrong: 0,
    };
  } finally {
    await deployment.stop();
  }
}

async function ask(address: string, cookie: string | null, form: string): Promise<Verdict> {
  const order = { address, cookie, isPhone: form === "phone", chromium: findChromium() };
  const lighthouse = await startOwnServer<Verdict>("Lighthouse", "lighthouse.mjs", order);
  await lighthouse.stop();
  return lighthouse.ready;
}
