/**
 * Key material that only the nodes have: given by TOKEN_KEY, or made once and kept in DATA_DIR, readable by its owner
 * alone. Nodes that share a Redis must share it too.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function readKeyMaterial(dataDir: string, given: string | null): string {
  if (given !== null) return given;
  const path = join(dataDir, "token.key");
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    // Never over one that is there: everything sealed under it would be lost.
    writeFileSync(path, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  return readFileSync(path, "utf8").trim();
}
