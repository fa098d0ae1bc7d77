/**
 * Deny knowledge may be dropped because no grant that it denies can be alive any more: a grant expires a fixed
 * time after Redis found its session live, however late it is signed or used (protocol.md P7). Every schedule of
 * find, end, sign and use within a few seconds is tried on the product's own functions.
 */
import { describe, expect, test } from "vitest";
import {
  admit,
  applyEntry,
  createKnowledge,
  extendLease,
  forgetBefore,
} from "../../server/domain/admission.ts";
import { grantOf, type SessionRow } from "../../server/domain/session.ts";
import type { SessionId } from "../../shared/ids.ts";

interface Rule {
  /** What the grant's life is counted from. */
  livesFrom: "found" | "signed";
  /** How long deny knowledge is kept. */
  retention: number;
}

interface Schedule {
  found: number;
  ended: number;
  signed: number;
  used: number;
}

const second = 1000;
const grantLife = 3 * second;
const bound = 1 * second;
const until = 10;
const id = "session" as SessionId;
const row = { id, tokenVersion: 1, accountId: null, globalGeneration: 0 } as SessionRow;

function isAdmitted({ found, ended, signed, used }: Schedule, rule: Rule): boolean {
  const knowledge = createKnowledge();
  const end = { reason: "revoked" as const, at: ended };
  const cut = { kind: "ended" as const, account: null, sessions: [id], end };
  if (used >= ended) applyEntry(knowledge, { seq: 1, at: ended, previous: "", hash: "1", cut });
  forgetBefore(knowledge, used - rule.retention);
  extendLease(knowledge, { sentAt: used, wallSentAt: used, redisAt: used, length: bound });
  const grant = grantOf(row, null, rule.livesFrom === "found" ? found : signed, grantLife);
  return admit(knowledge, grant, used, used) === "admitted";
}

function* allSchedules(): Generator<Schedule> {
  for (let found = 0; found <= until; found++)
    for (let ended = found; ended <= until; ended++)
      for (let signed = found; signed <= until; signed++)
        for (let used = signed; used <= until; used++)
          yield {
            found: found * second,
            ended: ended * second,
            signed: signed * second,
            used: used * second,
          };
}

function findBroken(rule: Rule): Schedule | undefined {
  let tried = 0;
  let broken: Schedule | undefined;
  for (const schedule of allSchedules()) {
    tried++;
    if (schedule.used < schedule.ended + bound || !isAdmitted(schedule, rule)) continue;
    broken ??= schedule;
  }
  const told = broken ? `broken by ${JSON.stringify(broken)}` : "holds";
  console.log(
    `life from ${rule.livesFrom}, kept ${rule.retention} ms: ${told} (${tried} schedules)`,
  );
  return broken;
}

describe("forgetting what was cut", () => {
  test("is safe once no grant can be alive", () => {
    expect(findBroken({ livesFrom: "found", retention: grantLife })).toBeUndefined();
  });

  test("is caught when a grant's life is counted from its signing", () => {
    expect(findBroken({ livesFrom: "signed", retention: grantLife })).toBeDefined();
  });

  test("is caught when it comes two seconds too early", () => {
    expect(findBroken({ livesFrom: "found", retention: grantLife - 2 * second })).toBeDefined();
  });
});
