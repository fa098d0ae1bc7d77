/**
 * The benchmark: `npm run bench [-- check verify revoke size desk pages lighthouse]`. Everything is measured on this machine in this
 * run, the peers included; the summary holds each figure against its goal as it came out. A goal that is not
 * met does not fail the run, a wrong answer does: an ended session let in, or a reply for somebody else.
 * BENCH_FULL=1 adds a million sessions; BENCH_SOCKETS, BENCH_ROUNDS and BENCH_TRIES make it smaller.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { measureChecks, type PartResult } from "./check.ts";
import { renderSummary, type Figure } from "./figures.ts";
import { measureDesk } from "./desk.ts";
import { measureLighthouse } from "./lighthouse.ts";
import { measurePages } from "./pages.ts";
import { measureRevocation } from "./revoke.ts";
import { measureSizes } from "./size.ts";
import { measureSockets } from "./sockets.ts";
import { describeMachine, moveToLoadCore } from "./machine.ts";

const partNames = ["check", "verify", "revoke", "size", "desk", "pages", "lighthouse"] as const;
type PartName = (typeof partNames)[number];

const numberFrom = (name: string, otherwise: number): number =>
  Number(process.env[name] ?? otherwise);

const rounds = numberFrom("BENCH_ROUNDS", 7);
const tries = numberFrom("BENCH_TRIES", 1000);
const sockets = numberFrom("BENCH_SOCKETS", 5000);
const isFull = process.env["BENCH_FULL"] === "1";

const chosen = readChoice(process.argv.slice(2));
moveToLoadCore();
installPeers();
console.log(`# Rollcall, measured\n\n${describeMachine()}\n`);

const figures: Figure[] = [];
let wrong = 0;
if (chosen.has("check") || chosen.has("verify"))
  report(
    "The check",
    await measureChecks(
      { me: chosen.has("check"), verify: chosen.has("verify") },
      { rounds, seconds: 2 },
    ),
  );
if (chosen.has("revoke")) report("Revocation", await measureRevocation(tries));
if (chosen.has("size")) {
  const sizes = isFull ? [1000, 100_000, 1_000_000] : [1000, 100_000];
  report("Cost against size", await measureSizes(sizes, tries));
  report("Memory of idle pages", await measureSockets(sockets));
}
if (chosen.has("desk")) report("The desk", await measureDesk({ rounds, seconds: 2 }));
if (chosen.has("pages")) report("The administrator's pages", await measurePages(100_000));
if (chosen.has("lighthouse")) report("Lighthouse", await measureLighthouse());
console.log(`## Summary\n\n${renderSummary(figures)}`);
if (wrong > 0) {
  console.error(`${wrong} answers were wrong.`);
  process.exitCode = 1;
}

function report(title: string, result: PartResult): void {
  console.log(`## ${title}\n\n${result.report}\n`);
  figures.push(...result.figures);
  wrong += result.wrong;
}

function readChoice(args: readonly string[]): ReadonlySet<PartName> {
  const unknown = args.filter((arg) => !partNames.includes(arg as PartName));
  if (unknown.length > 0) {
    console.error(`Usage: npm run bench [-- ${partNames.join(" ")}]`);
    process.exit(2);
  }
  return new Set((args.length > 0 ? args : partNames) as readonly PartName[]);
}

/** What the product is measured against lives in a folder of its own and is no dependency of the product. */
function installPeers(): void {
  const folder = import.meta.dirname;
  if (existsSync(path.join(folder, "node_modules/.package-lock.json"))) return;
  console.error("Installing what the product is measured against…");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    stdio: ["ignore", 2, 2],
  });
}
