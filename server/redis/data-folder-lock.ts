/**
 * One living process per data folder. The lock file names its holder by process id and start time, so
 * that a crashed holder's file is taken over, also when its id belongs to somebody else by now (always
 * so in a container, where we are process 1 each time). It does not see into other containers: two of
 * them must not share a data folder.
 */
import { execFileSync } from "node:child_process";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Returns the function that gives the folder back; throws when a living process holds it. */
export function lockDataFolder(dataDir: string): () => void {
  const file = path.join(dataDir, "rollcall.lock");
  const own = `${process.pid} ${startTimeOf(process.pid)}\n`;
  while (!createWhole(file, own)) {
    const held = readIfThere(file);
    if (held === null) continue;
    const holder = livingHolderOf(held);
    if (holder !== null) {
      throw new Error(
        `${dataDir} is in use by another Rollcall, process ${holder}. ` +
          "Stop that one, or set DATA_DIR to another folder, or REDIS_URL to a Redis that both share.",
      );
    }
    removeIfUnchanged(file, held);
  }
  return function unlockDataFolder() {
    if (readIfThere(file) === own) rmSync(file, { force: true });
  };
}

/** A file that appears with all its content or not at all; false when it is there already. */
function createWhole(file: string, content: string): boolean {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Of several that find the same stale lock one wins; who moved a winner's fresh one puts it back. */
function removeIfUnchanged(file: string, content: string): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, "utf8") !== content) linkSync(aside, file);
  } catch (error) {
    if (!isCode(error, "ENOENT") && !isCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function livingHolderOf(content: string): number | null {
  const [, id, startTime] = /^(\d+) (.+)$/m.exec(content) ?? [];
  return id && startTime && startTimeOf(Number(id)) === startTime ? Number(id) : null;
}

/** Tells two processes of the same id apart; null when there is no such process. */
function startTimeOf(processId: number): string | null {
  try {
    if (process.platform !== "linux") {
      return execFileSync("ps", ["-o", "lstart=", "-p", String(processId)], {
        encoding: "utf8",
      }).trim();
    }
    const line = readFileSync(`/proc/${processId}/stat`, "utf8");
    // After the name in parentheses, which may hold anything: state first, start time 20th (proc(5)).
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return null;
    throw error;
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
