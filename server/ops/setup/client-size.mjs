// What a first visit downloads as JavaScript: the modules that index.html names, and the larger dictionary, which
// the first of them asks for before it shows anything. Measured as gzip at its best; beyond the limit it fails.
// Run by itself with the folder of a built client, or by `npm run check`.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { announce, root } from "./run.mjs";

const limitBytes = 120 * 1024;

const builtClient = path.join(root, "dist/client");

/** Scripts and preloaded modules; every module that those import is among them. */
function listNamed(page) {
  const scripts = [...page.matchAll(/<script[^>]*\ssrc="\/([^"]+)"/g)];
  const modules = [...page.matchAll(/<link rel="modulepreload"[^>]*\shref="\/([^"]+)"/g)];
  return [...scripts, ...modules].map(([, file]) => file);
}

function measure(file) {
  return gzipSync(readFileSync(file), { level: 9 }).length;
}

function measureDictionary(folder) {
  const files = readdirSync(path.join(folder, "assets")).filter((name) =>
    /^(en|de)-[^.]+\.js$/.test(name),
  );
  if (files.length < 2) throw new Error("The built client has no dictionaries of its languages.");
  return Math.max(...files.map((name) => measure(path.join(folder, "assets", name))));
}

export function checkClientSize(folder = builtClient) {
  const named = listNamed(readFileSync(path.join(folder, "index.html"), "utf8"));
  const sizes = named.map((file) => measure(path.join(folder, file)));
  const bytes = sizes.reduce((sum, size) => sum + size, measureDictionary(folder));
  const said = `Initial JavaScript: ${inKilobytes(bytes)} of at most ${inKilobytes(limitBytes)} (gzip).`;
  announce(said);
  if (bytes > limitBytes) throw new Error(`The client is too large. ${said}`);
}

function inKilobytes(bytes) {
  return `${(bytes / 1024).toFixed(1)} KB`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    checkClientSize(process.argv[2]);
  } catch (error) {
    announce(error.message);
    process.exit(1);
  }
}
