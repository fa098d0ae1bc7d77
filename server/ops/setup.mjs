// The way in: `npm start`, `npm test` and the other scripts come through here, because a fresh clone
// has no dependencies and no build yet. Node built-ins only. Makes ready what is missing (packages,
// system programs, build), each only when its fingerprint says so, then *becomes* the real program in
// this very process: nobody stands between it and the signals, the terminal or the exit code.
// Progress goes to stderr; stdout belongs to the program.
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build, isBuilt } from "./setup/build.mjs";
import { checkClientSize } from "./setup/client-size.mjs";
import { fingerprintOf, readStamp, writeStamp } from "./setup/fingerprint.mjs";
import { holdLock } from "./setup/lock.mjs";
import { announce, root, runNode, runProgram } from "./setup/run.mjs";
import { ensureSystemProgram } from "./setup/system-programs.mjs";

const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/vitest.config.ts"];
const tests = { builds: true, programs: ["redis-server", "chromium", "nginx", "caddy"] };

/** What each script needs, and what it then runs. A settings file (.env) is for running, not for tests. */
const commands = {
  start: { builds: true, programs: ["redis-server"], settings: true, run: ["dist/server/main.js"] },
  cli: { builds: true, programs: ["redis-server"], settings: true, run: ["dist/server/cli.js"] },
  demo: { builds: true, programs: ["redis-server"], run: ["dist/server/demo/main.js"] },
  dev: { programs: ["redis-server"], settings: true, run: ["server/ops/dev.mjs"] },
  build: { builds: true },
  test: { ...tests, run: vitest },
  check: { ...tests, inspects: true, run: vitest },
  faults: { ...tests, run: [...vitest, "test/faults"] },
  bench: { ...tests, run: ["node_modules/tsx/dist/cli.mjs", "test/bench/main.ts"] },
};

/** The checks that run before the tests, cheapest answer first. */
const inspections = [
  ["Checking types…", "node_modules/typescript/bin/tsc", "-p", "tsconfig.json"],
  ["", "node_modules/typescript/bin/tsc", "-p", "server/tsconfig.json", "--noEmit"],
  [
    "Checking components…",
    "node_modules/svelte-check/bin/svelte-check",
    "--workspace",
    "client",
    "--fail-on-warnings",
  ],
  ["Linting…", "node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "."],
  [
    "Checking the format…",
    "node_modules/prettier/bin/prettier.cjs",
    "--check",
    "--log-level",
    "warn",
    "{server,shared,client,test}/**/*.{ts,svelte,js,mjs,css,html,json}",
    "*.{js,json}",
  ],
];

const lockFile = path.join(root, "package-lock.json");
const packagesStamp = path.join(root, "node_modules/.rollcall-stamp");

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`Rollcall needs Node 20.19 or newer; this is ${process.versions.node}.`);
}

function areDependenciesInstalled() {
  return readStamp(packagesStamp) === fingerprintOf([lockFile]);
}

async function installDependencies() {
  announce("Installing dependencies…");
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  // Builds and tests need the development packages also where NODE_ENV says production.
  await runProgram("npm", ["ci", "--include=dev", ...quiet]);
  writeStamp(packagesStamp, fingerprintOf([lockFile]));
}

/** The lock is taken only when there is something to do, so that a read-only installation starts too. */
async function prepare(builds) {
  if (areDependenciesInstalled() && (!builds || isBuilt())) return;
  const release = await holdLock(path.join(root, ".setup.lock"));
  try {
    if (!areDependenciesInstalled()) await installDependencies();
    if (builds && !isBuilt()) await build();
  } finally {
    release();
  }
}

/** Turns this process into the given module, as if node had been called with it. */
async function become([file, ...args]) {
  const entry = path.join(root, file);
  if (!existsSync(entry)) throw new Error(`${file} does not exist.`);
  process.setSourceMapsEnabled(true);
  process.argv = [process.argv[0], entry, ...args];
  await import(pathToFileURL(entry).href);
}

async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? "") ? commands[name] : undefined;
  if (!command) throw new Error(`Usage: setup.mjs ${Object.keys(commands).join("|")} [arguments]`);
  checkNode();
  process.chdir(root);
  if (command.settings && existsSync(".env")) process.loadEnvFile(".env");
  for (const program of command.programs ?? []) {
    const isElsewhere = program === "redis-server" && command.settings && process.env.REDIS_URL;
    if (!isElsewhere) await ensureSystemProgram(program);
  }
  await prepare(command.builds);
  if (command.inspects) {
    for (const [line, ...tool] of inspections) {
      if (line) announce(line);
      await runNode(tool);
    }
    checkClientSize();
  }
  return command.run ? [...command.run, ...args] : null;
}

let program = null;
try {
  program = await main(process.argv.slice(2));
} catch (error) {
  // Our own faults are sentences for people; anything else keeps its stack.
  announce(error.constructor === Error ? error.message : error);
  process.exit(error.exitCode ?? 1);
}
if (program) await become(program);
