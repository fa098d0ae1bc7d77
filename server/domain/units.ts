/**
 * Adding units to a resource: all of what was handed in, or nothing. They are read as they come, a portion at a
 * time, and laid aside as a batch nobody reserves from; one step then makes the whole batch stock. Whatever goes
 * wrong before it leaves nothing behind. Units are secrets: no answer, error or log ever quotes one.
 */
import { randomBytes } from "node:crypto";
import { Unit, type UnitsAdded } from "../../shared/contract/catalogue.ts";
import { DomainError } from "../../shared/errors.ts";
import type { ResourceId } from "../../shared/ids.ts";
import { pause } from "./waiting.ts";

/** `unknown`: no such resource; `taken`: another batch is being added; `lost`: this one is not whole any more. */
export type NotAdded = "unknown" | "taken" | "lost";

export interface UnitStore {
  /**
   * Lay a portion aside. The first one makes the batch the one that is added now, each renews that for a minute.
   * Answers which of them were duplicates, by their index.
   */
  stage(
    resource: ResourceId,
    batch: string,
    portion: { units: readonly string[]; isFirst: boolean },
    notAfter: number,
  ): Promise<number[] | NotAdded>;
  /** Make the batch stock. */
  add(
    resource: ResourceId,
    batch: string,
    count: number,
    notAfter: number,
  ): Promise<"added" | NotAdded>;
  /** Leave nothing of it, unless it was added. */
  abandon(resource: ResourceId, batch: string): Promise<"added" | "abandoned">;
}

export interface UnitsOptions {
  store: UnitStore;
  /** Until when, in Redis time, what is asked for now may happen. */
  mayActUntil(): number;
}

export interface Handover {
  resource: ResourceId;
  /** Line by line; blank ones are skipped. */
  units: AsyncIterable<string> | Iterable<string>;
  /** Reading may take long: whoever may no more is refused before anything is added. */
  assertStillMay(): Promise<void>;
}

export type Units = ReturnType<typeof createUnits>;

interface Portion {
  isFirst: boolean;
  units: string[];
  /** Where each was. */
  lines: number[];
  characters: number;
}

export const mostLines = 1_000_000;
/** What one script takes: some milliseconds at most. */
const unitsAtOnce = 500;
const charactersAtOnce = 256 * 1024;
const duplicatesNamed = 100;
/** Milliseconds between two tries to abandon a batch when Redis is away; the last is after its right has run out. */
const abandonAgainAfter = 1000;
const abandonTries = 60;

export function createUnits({ store, mayActUntil }: UnitsOptions) {
  async function stage(
    { resource }: Handover,
    batch: string,
    portion: Portion,
    report: UnitsAdded,
  ): Promise<void> {
    const duplicates = await store.stage(resource, batch, portion, mayActUntil());
    if (typeof duplicates === "string") throw refusal(duplicates);
    report.added += portion.units.length - duplicates.length;
    report.duplicates += duplicates.length;
    const lines = duplicates.map((index) => portion.lines[index]);
    report.duplicateLines.push(...lines.slice(0, duplicatesNamed - report.duplicateLines.length));
  }

  async function finish({ resource }: Handover, batch: string, count: number): Promise<void> {
    const state = await store.add(resource, batch, count, mayActUntil());
    if (state !== "added") throw refusal(state);
  }

  /** Whoever hands the same in again need not wait until what was left of it has run out. */
  async function abandonLater(resource: ResourceId, batch: string): Promise<void> {
    for (let tries = 0; tries < abandonTries; tries++) {
      await pause(abandonAgainAfter);
      const ending = await store.abandon(resource, batch).catch(() => null);
      if (ending !== null) return;
    }
  }

  async function abandon({ resource }: Handover, batch: string): Promise<"added" | "abandoned"> {
    try {
      return await store.abandon(resource, batch);
    } catch {
      void abandonLater(resource, batch);
      return "abandoned";
    }
  }

  return {
    async add(handover: Handover): Promise<UnitsAdded> {
      const batch = randomBytes(6).toString("base64url");
      const report: UnitsAdded = { added: 0, duplicates: 0, duplicateLines: [] };
      try {
        // Whoever must be refused anyway is refused before the file is read.
        await stage(handover, batch, emptyPortion(true), report);
        for await (const portion of readPortions(handover.units))
          await stage(handover, batch, portion, report);
        await handover.assertStillMay();
        if (report.added > 0) await finish(handover, batch, report.added);
        else await abandon(handover, batch);
      } catch (error) {
        // The last answer may have been lost on its way; Redis knows whether it was done.
        if ((await abandon(handover, batch)) !== "added") throw error;
      }
      return report;
    },
  };
}

const emptyPortion = (isFirst = false): Portion => ({
  isFirst,
  units: [],
  lines: [],
  characters: 0,
});

async function* readPortions(texts: Handover["units"]): AsyncGenerator<Portion> {
  let portion = emptyPortion();
  let line = 0;
  for await (const text of texts) {
    if (++line > mostLines) throw faultOf(line, `is one more than the ${mostLines} it may have`);
    if (text.trim() === "") continue;
    const { success, data, error } = Unit.safeParse(text);
    if (!success) throw faultOf(line, error.issues[0]?.message ?? "is not right");
    portion.units.push(data);
    portion.lines.push(line);
    portion.characters += data.length;
    if (portion.units.length < unitsAtOnce && portion.characters < charactersAtOnce) continue;
    yield portion;
    portion = emptyPortion();
  }
  if (portion.units.length > 0) yield portion;
}

const faultOf = (line: number, message: string): DomainError =>
  new DomainError("invalid_request", { errors: [{ path: `line ${line}`, message }] });

function refusal(state: NotAdded): DomainError {
  switch (state) {
    case "unknown":
      return new DomainError("not_found");
    case "taken":
      return new DomainError("units_being_added");
    case "lost":
      return new DomainError("unavailable", { retryAfterSeconds: 1 });
  }
}
