// Builds into a folder of its own and puts it in the place of dist/ only when it is whole: a failed or
// interrupted build leaves the old one running. The new dist/ carries the fingerprint of its sources.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { fingerprintOf, readStamp, writeStamp } from "./fingerprint.mjs";
import { announce, root, runNode } from "./run.mjs";

const dist = path.join(root, "dist");
const stamp = "build-stamp";
const scripts = "server/redis/scripts";

function fingerprintOfSources() {
  const sources = ["server", "shared", "client", "tsconfig.json", "package-lock.json"];
  return fingerprintOf(sources.map((place) => path.join(root, place)));
}

export function isBuilt() {
  return readStamp(path.join(dist, stamp)) === fingerprintOfSources();
}

export async function build() {
  announce("Building…");
  // Read before the compilers do: a source saved meanwhile makes the next start build again.
  const fingerprint = fingerprintOfSources();
  // Beside dist/, so that the relative paths in the source maps stay right after the move.
  const folder = path.join(root, `.build-${process.pid}`);
  const clear = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", clear);
  clear();
  mkdirSync(folder);
  const server = ["-p", "server/tsconfig.json", "--outDir", folder];
  await runNode(["node_modules/typescript/bin/tsc", ...server]);
  copyScripts(folder);
  const client = ["--config", "client/vite.config.ts", "--outDir", path.join(folder, "client")];
  await runNode(["node_modules/vite/bin/vite.js", "build", ...client, "--logLevel", "warn"]);
  compressClient(path.join(folder, "client"));
  writeStamp(path.join(folder, stamp), fingerprint);
  replaceDist(folder);
  process.off("exit", clear);
}

/** tsc carries over only TypeScript. */
function copyScripts(folder) {
  const from = path.join(root, scripts);
  if (existsSync(from)) cpSync(from, path.join(folder, scripts), { recursive: true });
}

/** Once, as well as can be, so that the server only picks the file that a browser takes. */
function compressClient(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!/\.(html|js|css|svg)$/.test(name)) continue;
    const file = path.join(folder, name);
    const content = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(content));
    writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  }
}

function replaceDist(folder) {
  const old = `${folder}-old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(folder, dist);
  rmSync(old, { recursive: true, force: true });
}
