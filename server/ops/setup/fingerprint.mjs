// A fingerprint is one hash over the names and contents of files; a stamp is the fingerprint that a
// finished step leaves beside its result. Equal means: nothing to do.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Of files and whole folders, in a fixed order. */
export function fingerprintOf(places) {
  const hash = createHash("sha256");
  for (const place of places) {
    for (const file of listFiles(place)) {
      const content = readFileSync(file);
      hash.update(`${path.basename(place)} ${path.relative(place, file)} ${content.length}\n`);
      hash.update(content);
    }
  }
  return hash.digest("hex");
}

function listFiles(place) {
  const found = statSync(place, { throwIfNoEntry: false });
  if (!found) return [];
  if (!found.isDirectory()) return [place];
  return readdirSync(place)
    .sort()
    .flatMap((name) => listFiles(path.join(place, name)));
}

export function readStamp(file) {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return null;
  }
}

export function writeStamp(file, fingerprint) {
  writeFileSync(file, `${fingerprint}\n`);
}
