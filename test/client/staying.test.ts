/** When a session's end is warned of, and what the server's clock says about ours. */
import { describe, expect, it } from "vitest";
import { planExpiry } from "../../client/state/expiry-plan.ts";
import { correctAhead } from "../../client/state/server-time.ts";

const at = (time: string) => `2026-11-23T${time}.000Z`;
const when = (time: string) => Date.parse(at(time));
const session = {
  kind: "account" as const,
  remembered: false,
  createdAt: at("08:00:00"),
  lastSeenAt: at("09:00:00"),
  idleExpiresAt: at("10:00:00"),
  expiresAt: at("20:00:00"),
};

describe("a warning that the session ends", () => {
  it("comes two minutes before it has idled out", () => {
    const plan = { kind: "idle", endsAt: when("10:00:00"), warnsAt: when("09:58:00") };
    expect(planExpiry(session, 0)).toEqual(plan);
  });

  it("is put off by use that the server has not told of yet, never brought forward", () => {
    expect(planExpiry(session, when("09:30:00"))?.endsAt).toBe(when("10:30:00"));
    expect(planExpiry(session, when("08:30:00"))?.endsAt).toBe(when("10:00:00"));
  });

  it("comes later in short sessions: in the last fifth of their time", () => {
    const short = { ...session, idleExpiresAt: at("09:00:50") };
    expect(planExpiry(short, 0)?.warnsAt).toBe(when("09:00:40"));
  });

  it("speaks of the longest lifetime where that comes first, and no use puts that off", () => {
    const late = { ...session, lastSeenAt: at("19:30:00"), idleExpiresAt: at("20:00:00") };
    const plan = { kind: "lifetime", endsAt: when("20:00:00"), warnsAt: when("19:58:00") };
    expect(planExpiry(late, 0)).toEqual(plan);
    expect(planExpiry(late, when("19:59:00"))).toEqual(plan);
    expect(planExpiry(session, when("19:30:00"))?.kind).toBe("lifetime");
  });

  it("is none for devices that are remembered, and for guests", () => {
    expect(planExpiry({ ...session, remembered: true }, 0)).toBeNull();
    expect(planExpiry({ ...session, kind: "guest" }, 0)).toBeNull();
  });
});

describe("this computer's clock", () => {
  const noon = when("12:00:00");
  const told = (serverAt: number, tookMs = 40) => ({
    serverAt,
    askedAt: noon,
    answeredAt: noon + tookMs,
  });

  it("is believed within what the header and the way can hide", () => {
    expect(correctAhead(0, told(noon))).toBe(0);
    expect(correctAhead(0, told(noon - 1_000))).toBe(0);
    expect(correctAhead(0, told(noon + 5_000, 12_000))).toBe(0);
  });

  it("is corrected when it is off, by days too, to within a second", () => {
    for (const days of [-3, 2, 400]) {
      const ahead = correctAhead(0, told(noon + days * 86_400_000));
      expect(Math.abs(ahead - days * 86_400_000)).toBeLessThan(1_000);
    }
  });

  it("keeps its correction while that is good, and is believed again once it was set right", () => {
    const ahead = correctAhead(0, told(noon + 86_400_000));
    expect(correctAhead(ahead, told(noon + 86_400_000 + 1_000))).toBe(ahead);
    expect(Math.abs(correctAhead(ahead, told(noon)))).toBeLessThan(1_000);
  });

  it("says nothing when it was set back between the question and the answer", () => {
    expect(correctAhead(7, { serverAt: noon, askedAt: noon, answeredAt: noon - 1 })).toBe(7);
  });
});
