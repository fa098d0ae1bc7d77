/**
 * OutcomeStore on Redis: three streams and the verdicts. An outcome's public id is its kind and its id in the
 * stream; merged, they are ordered by that id, and of one instant by their kind.
 */
import type { AccountName } from "../../shared/contract/sessions.ts";
import {
  outcomeKinds,
  type OutcomeCode,
  type OutcomeId,
  type OutcomeKind,
  type Verdict,
} from "../../shared/contract/outcomes.ts";
import type { ReservationId, ResourceId, SessionId } from "../../shared/ids.ts";
import { kindOf, type OutcomeRow, type OutcomeStore } from "../domain/outcomes.ts";
import { assertInTime } from "./catalogue.ts";
import type { Connection } from "./connect.ts";
import * as keys from "./keys.ts";

type StreamEntry = [id: string, fields: string[]];

export function createOutcomeStore({ call, run }: Connection): OutcomeStore {
  async function read(kind: OutcomeKind, command: readonly string[]): Promise<OutcomeRow[]> {
    const entries = (await call(command)) as StreamEntry[];
    return entries.map((entry) => decodeOutcome(kind, entry));
  }

  /** Only hacks are judged. */
  async function addVerdicts(outcomes: OutcomeRow[]): Promise<OutcomeRow[]> {
    const hacks = outcomes.filter(({ kind }) => kind === "hack");
    if (hacks.length === 0) return outcomes;
    const found = (await call(["HMGET", keys.verdicts, ...hacks.map(({ id }) => id)])) as (
      string | null
    )[];
    const verdicts = new Map(hacks.map(({ id }, at) => [id, found[at]]));
    return outcomes.map((outcome) => {
      const verdict = verdicts.get(outcome.id);
      return verdict ? { ...outcome, verdict: decodeVerdict(verdict) } : outcome;
    });
  }

  return {
    async before(kinds, cursor, count) {
      const logs = kinds.map((kind) => {
        const newest = cursor === null ? "+" : startBelow(kind, cursor);
        const range = [newest, "-", "COUNT", String(count)];
        return read(kind, ["XREVRANGE", keys.outcomes(kind), ...range]);
      });
      // Each log gave its newest `count`: the newest `count` of all of them are among these.
      const merged = (await Promise.all(logs)).flat().toSorted(newestFirst);
      return addVerdicts(merged.slice(0, count));
    },

    async after(kind, cursor, last, count) {
      const oldest = cursor === null ? "-" : `(${streamIdOf(cursor)}`;
      const range = [oldest, streamIdOf(last), "COUNT", String(count)];
      return addVerdicts(await read(kind, ["XRANGE", keys.outcomes(kind), ...range]));
    },

    async find(id) {
      const kind = kindOf(id);
      const at = streamIdOf(id);
      const [found] = await addVerdicts(await read(kind, ["XRANGE", keys.outcomes(kind), at, at]));
      return found ?? null;
    },

    async judge(id, verdict, by, notAfter) {
      const state = await run(
        "judge-outcome",
        [keys.outcomes(kindOf(id)), keys.verdicts, keys.deskChanges],
        [notAfter, streamIdOf(id), id, verdict, by.id, by.username],
      );
      return assertInTime(state) === "judged";
    },

    async trim(kind, before, notAfter) {
      const lists = [keys.outcomes(kind), keys.verdicts];
      return assertInTime(await run("trim-outcomes", lists, [notAfter, before, kind])) as number;
    },
  };
}

const streamIdOf = (id: OutcomeId): string => id.slice(id.indexOf("-") + 1);

/** Where a log goes on below an outcome, perhaps of another log: with its namesake, if that comes later. */
const startBelow = (kind: OutcomeKind, cursor: OutcomeId): string =>
  (rankOf(kind) > rankOf(kindOf(cursor)) ? "" : "(") + streamIdOf(cursor);

const rankOf = (kind: OutcomeKind): number => outcomeKinds.indexOf(kind);

function newestFirst(one: OutcomeRow, other: OutcomeRow): number {
  const number = ({ id }: OutcomeRow): number => Number(id.slice(id.lastIndexOf("-") + 1));
  return other.at - one.at || number(other) - number(one) || rankOf(one.kind) - rankOf(other.kind);
}

function decodeOutcome(kind: OutcomeKind, [id, flat]: StreamEntry): OutcomeRow {
  const fields = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(flat[at], flat[at + 1]);
  const who = JSON.parse(fields.get("w") ?? "{}") as { account: AccountName; sessionId: SessionId };
  const evidence = JSON.parse(fields.get("e") ?? "{}") as Partial<
    Pick<OutcomeRow, "ip" | "forwardedFor" | "userAgent">
  >;
  const resourceId = fields.get("r") as ResourceId | undefined;
  const reservationId = fields.get("v") as ReservationId | undefined;
  return {
    id: `${kind}-${id}`,
    kind,
    at: Number(id.split("-")[0]),
    ...who,
    code: fields.get("c") as OutcomeCode,
    ...(resourceId !== undefined && { resourceId }),
    ...(reservationId !== undefined && { reservationId }),
    ...evidence,
  };
}

function decodeVerdict(text: string): NonNullable<OutcomeRow["verdict"]> {
  const [at, verdict, id, username] = text.split("|");
  return {
    verdict: verdict as Verdict,
    by: { id: id as AccountName["id"], username },
    at: Number(at),
  };
}
