// Lets one set-up at a time install and build in a folder; a second one waits for it. The lock file
// names its holder, so that the one of a process that died is taken over instead of waited for.
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { announce } from "./run.mjs";

/** Nothing a set-up does takes this long; by then the process id belongs to somebody else. */
const forgottenAfterMilliseconds = 15 * 60_000;

export async function holdLock(file) {
  for (let attempt = 0; !isTaken(file); attempt++) {
    if (isLeftBehind(file)) {
      rmSync(file, { force: true });
      continue;
    }
    if (attempt === 0) announce("Waiting for another set-up to finish…");
    await wait(200);
  }
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  return function releaseLock() {
    process.off("exit", release);
    release();
  };
}

function isTaken(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function isLeftBehind(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > forgottenAfterMilliseconds) return true;
    const holder = Number(readFileSync(file, "utf8"));
    // Empty for the instant between creating and writing it.
    return holder > 0 && !isAlive(holder);
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

function isAlive(processId) {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
