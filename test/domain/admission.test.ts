/**
 * The rule behind every door against an oracle that is too simple to be wrong: a list of all that was ever cut.
 * Random ledgers, renewals, lost renewals, forgetting and clocks; nothing that was ended is admitted while a
 * grant of it could be alive, and nothing is decided without a lease.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admit,
  applyEntry,
  clockStepTolerance,
  createKnowledge,
  detectGap,
  endOf,
  extendLease,
  forgetBefore,
  holdsLease,
  redisTimeAt,
  type Cut,
  type Grant,
  type Knowledge,
  type Verdict,
} from "../../server/domain/admission.ts";
import { accountOf, anyCut, chainOf, deniesAtLeast, someSessions } from "../support/cuts.ts";

const lease = 2000;
const grantLife = 10_000;
const retention = grantLife + 1000;

interface Facts {
  tokenVersion: number;
  accountGeneration: number;
  globalGeneration: number;
  permissionVersion: number;
}

const fewVersions = fc.integer({ min: 0, max: 5 });
const anyFacts: fc.Arbitrary<Facts> = fc.record({
  tokenVersion: fewVersions,
  accountGeneration: fewVersions,
  globalGeneration: fewVersions,
  permissionVersion: fewVersions,
});
const anySession = fc.constantFrom(...someSessions);

const grantWith = (
  sessionId: (typeof someSessions)[number],
  facts: Facts,
  foundAt: number,
): Grant => ({
  sessionId,
  accountId: accountOf(sessionId),
  ...facts,
  authenticatedAt: foundAt,
  expiresAt: foundAt + grantLife,
});

/** What the cuts say of a grant, one by one, without any cleverness. */
function judgeByCuts(cuts: readonly Cut[], grant: Grant): Verdict[] {
  const account = grant.accountId;
  const verdicts = cuts.map((cut): Verdict => {
    switch (cut.kind) {
      case "ended":
        return cut.sessions.includes(grant.sessionId) ? "ended" : "admitted";
      case "rotated": {
        const superseded = cut.session === grant.sessionId && grant.tokenVersion < cut.version;
        return superseded ? "stale_token" : "admitted";
      }
      case "account":
        if (cut.sessions.includes(grant.sessionId)) return "ended";
        return cut.account === account && grant.accountGeneration < cut.generation
          ? "reread"
          : "admitted";
      case "everyone":
        return grant.globalGeneration < cut.generation ? "reread" : "admitted";
      case "permissions":
        return cut.account === account && grant.permissionVersion < cut.version
          ? "stale_permissions"
          : "admitted";
    }
  });
  return verdicts.filter((verdict) => verdict !== "admitted");
}

function knowAll(cuts: readonly Cut[], at = 1000): Knowledge {
  const knowledge = createKnowledge();
  for (const entry of chainOf(cuts, "one")) applyEntry(knowledge, { ...entry, at });
  return knowledge;
}

const renewAt = (knowledge: Knowledge, at: number): void =>
  extendLease(knowledge, { sentAt: at, wallSentAt: at, redisAt: at, length: lease });

describe("admission", () => {
  test("admits exactly what no cut speaks against", () => {
    fc.assert(
      fc.property(fc.array(anyCut, { maxLength: 12 }), anySession, anyFacts, (cuts, id, facts) => {
        const knowledge = knowAll(cuts);
        renewAt(knowledge, 1000);
        const grant = grantWith(id, facts, 1000);
        const verdict = admit(knowledge, grant, 1500, 1500);
        const against = judgeByCuts(cuts, grant);
        if (against.length === 0) expect(verdict).toBe("admitted");
        else expect(against).toContain(verdict);
        if (verdict === "ended") expect(endOf(knowledge, grant)).not.toBeNull();
      }),
    );
  });

  test("refuses for ever what was refused once, whatever comes after", () => {
    fc.assert(
      fc.property(
        fc.array(anyCut, { maxLength: 12 }),
        fc.array(anyCut, { maxLength: 12 }),
        anySession,
        anyFacts,
        (first, more, id, facts) => {
          const before = knowAll(first);
          const after = knowAll([...first, ...more]);
          expect(deniesAtLeast(after, before)).toBe(true);
          renewAt(before, 1000);
          renewAt(after, 1000);
          const grant = grantWith(id, facts, 1000);
          if (admit(before, grant, 1500, 1500) !== "admitted")
            expect(admit(after, grant, 1500, 1500)).not.toBe("admitted");
        },
      ),
    );
  });

  test("forgets nothing that could still deny a living grant", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ cut: anyCut, after: fc.nat(3000) }), { minLength: 1, maxLength: 6 }),
        anySession,
        anyFacts,
        // Around the end of a grant's life, where forgetting too early would show.
        fc.integer({ min: grantLife / 2, max: grantLife + 2000 }),
        fc.nat(5),
        (steps, id, facts, later, foundBefore) => {
          const knowledge = createKnowledge();
          let at = 20_000;
          const told: { cut: Cut; at: number }[] = [];
          for (const [index, entry] of chainOf(
            steps.map(({ cut }) => cut),
            "one",
          ).entries()) {
            at += steps[index].after;
            applyEntry(knowledge, { ...entry, at });
            told.push({ cut: entry.cut, at });
            forgetBefore(knowledge, at - retention);
          }
          const now = at + later;
          forgetBefore(knowledge, now - retention);
          renewAt(knowledge, now);
          // Found live just before each cut, as late as a script could have found it.
          const grants = told.map((one) => grantWith(id, facts, one.at - foundBefore));
          for (const [index, grant] of grants.entries()) {
            const against = judgeByCuts(
              told.slice(index).map(({ cut }) => cut),
              grant,
            );
            if (against.length > 0) expect(admit(knowledge, grant, now, now)).not.toBe("admitted");
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("the lease", () => {
  const instant = fc.nat(20_000);

  test("counts from the latest renewal that was sent, in whatever order answers come", () => {
    fc.assert(
      fc.property(fc.array(instant, { minLength: 1, maxLength: 8 }), instant, (sent, now) => {
        const knowledge = createKnowledge();
        for (const at of sent) renewAt(knowledge, at);
        const last = Math.max(...sent);
        expect(knowledge.lease?.from).toBe(last);
        expect(holdsLease(knowledge, now, now)).toBe(now < last + lease);
        const facts = { tokenVersion: 1, accountGeneration: 1, globalGeneration: 1 };
        const grant = grantWith(someSessions[0], { ...facts, permissionVersion: 1 }, last);
        const admitted = admit(knowledge, grant, now, now) === "admitted";
        expect(admitted).toBe(now < last + lease);
      }),
    );
  });

  test("is void when the wall clock steps against the monotonic one", () => {
    fc.assert(
      fc.property(fc.nat(lease - 1), fc.integer({ min: -5000, max: 5000 }), (passed, step) => {
        const knowledge = createKnowledge();
        renewAt(knowledge, 1000);
        const held = holdsLease(knowledge, 1000 + passed, 1000 + passed + step);
        expect(held).toBe(Math.abs(step) < clockStepTolerance);
      }),
    );
  });

  test("never lets a grant live past its expiry in Redis' time", () => {
    fc.assert(
      fc.property(fc.nat(3000), fc.nat(3000), fc.nat(3000), (sentAt, onItsWay, passed) => {
        const knowledge = createKnowledge();
        // Redis executes the renewal some time after it was sent, by a clock of its own.
        const redisOffset = 77_777;
        const redisAt = sentAt + onItsWay + redisOffset;
        extendLease(knowledge, { sentAt, wallSentAt: sentAt, redisAt, length: 1e9 });
        const now = sentAt + onItsWay + passed;
        expect(redisTimeAt(knowledge, now)).toBeGreaterThanOrEqual(now + redisOffset);
      }),
    );
  });
});

describe("a gap", () => {
  test("is everything but the entry that follows", () => {
    fc.assert(
      fc.property(fc.array(anyCut, { minLength: 1, maxLength: 12 }), fc.nat(), (cuts, pick) => {
        const ledger = chainOf(cuts, "one");
        const other = chainOf(cuts, "two");
        const at = pick % ledger.length;
        const knowledge = createKnowledge();
        for (const entry of ledger.slice(0, at)) applyEntry(knowledge, entry);
        for (const entry of ledger)
          expect(detectGap(knowledge, entry)).toBe(entry.seq !== knowledge.seq + 1);
        if (at > 0) expect(detectGap(knowledge, other[at])).toBe(true);
      }),
    );
  });
});
