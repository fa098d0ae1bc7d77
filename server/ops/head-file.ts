/**
 * The last head of the ledger this node knew, kept over restarts: a Redis restored from a backup while all nodes
 * were down is noticed by it. Written at most once a second, through a rename, so that it is never half there.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface Head {
  seq: number;
  generation: number;
}

export function openHeadFile(path: string, current: () => Head) {
  let written = "";

  function write(): void {
    const text = JSON.stringify(current());
    if (text === written) return;
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    written = text;
  }

  let timer: NodeJS.Timeout | undefined;
  return {
    keep(): void {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      timer = setInterval(write, 1000);
    },
    stop(): void {
      clearInterval(timer);
      write();
    },
  };
}

export function readHeadFile(path: string): Head | undefined {
  try {
    const { seq, generation } = JSON.parse(readFileSync(path, "utf8")) as Partial<Head>;
    return Number.isInteger(seq) && Number.isInteger(generation)
      ? { seq: seq as number, generation: generation as number }
      : undefined;
  } catch {
    return undefined;
  }
}
