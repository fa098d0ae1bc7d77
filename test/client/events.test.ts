/** Events as sentences, and which of them a filtered page wants. */
import { describe, expect, it } from "vitest";
import { eventTypes } from "../../shared/contract/activity.ts";
import type { Event } from "../../shared/contract/activity.ts";
import { endReasons } from "../../shared/contract/sessions.ts";
import { AccountId } from "../../shared/ids.ts";
import { everything, isWanted } from "../../client/state/event-filter.ts";
import { en } from "../../client/text/en.ts";
import { describeEvent, quoteOf } from "../../client/text/events.ts";
import { speak } from "../../client/text/phrase.ts";

const mia = { id: AccountId.parse("m".repeat(16)), username: "mia" };
const ana = { id: AccountId.parse("a".repeat(16)), username: "ana" };
const event = (facts: Partial<Event>): Event => ({
  id: "1-0",
  at: "2026-11-23T09:00:00.000Z",
  type: "session.ended",
  account: mia,
  ...facts,
});
const sentenceOf = (facts: Partial<Event>, reader: { id: string } | null = null) =>
  speak(describeEvent(event(facts), en, reader));

describe("an event as a sentence", () => {
  it("names who did it to whom, and says 'you' to the reader", () => {
    const end = { reason: "admin", by: ana };
    expect(sentenceOf(end)).toBe("ana signed mia out on one device");
    expect(sentenceOf(end, mia)).toBe("ana signed you out on one device");
    expect(sentenceOf(end, ana)).toBe("You signed mia out on one device");
  });

  it("keeps a username as it is at the beginning, and begins words with a capital", () => {
    expect(sentenceOf({ type: "sign_in.succeeded" })).toBe("mia signed in");
    expect(sentenceOf({ reason: "admin" })).toBe("An administrator signed mia out on one device");
  });

  it("says that one signed out another device, also when it was done with an administrator's right", () => {
    expect(sentenceOf({ reason: "admin", by: mia })).toBe("mia signed another device out");
  });

  it("leaves names as parts of their own, to be links", () => {
    expect(describeEvent(event({ reason: "admin", by: ana }), en, null)).toEqual([
      ana,
      " signed ",
      mia,
      " out on one device",
    ]);
  });

  it("says which permissions were given and taken, by their names", () => {
    const type = "permissions.changed";
    const added = ["activity:read"] as const;
    const removed = ["sessions:end"] as const;
    expect(sentenceOf({ type, by: ana, added: [...added] })).toBe("ana allowed mia: See activity");
    expect(sentenceOf({ type, by: ana, removed: [...removed] })).toContain("Sign others out");
    expect(sentenceOf({ type, by: ana, added: [...added], removed: [...removed] })).toBe(
      "ana changed what mia may do: now See activity; no longer Sign others out",
    );
  });

  it("speaks of guests, who have no account", () => {
    expect(
      speak(describeEvent({ id: "1-0", at: "", type: "session.ended", reason: "admin" }, en, null)),
    ).toBe("A guest’s visit ended: Signed out by an administrator");
  });

  it.each(eventTypes)("has words for %s with no more facts than its kind", (type) => {
    const bare = speak(describeEvent({ id: "1-0", at: "", type }, en, null));
    expect(bare).not.toMatch(/undefined|does not know/);
    expect(bare.length).toBeGreaterThan(10);
  });

  it.each(endReasons)("has words for an end by %s that name the account", (reason) => {
    expect(sentenceOf({ reason })).toContain("mia");
  });

  it("makes a plain line of a kind, a reason or a permission it does not know", () => {
    const unknown = { type: "moon.rose" } as unknown as Partial<Event>;
    expect(sentenceOf(unknown)).toBe("An event this page does not know yet: moon.rose, mia");
    expect(sentenceOf({ reason: "toString" })).toBe("A session ended for mia");
    const added = ["constructor"] as unknown as NonNullable<Event["added"]>;
    expect(sentenceOf({ type: "permissions.changed", added })).toContain("constructor");
  });

  it("quotes the message of an end and the reason of a disabled account, no other reason", () => {
    expect(quoteOf(event({ reason: "admin", message: "Found" }))).toBe("Found");
    expect(quoteOf(event({ type: "account.disabled", reason: "Left" }))).toBe("Left");
    expect(quoteOf(event({ reason: "admin" }))).toBeUndefined();
  });
});

describe("a filter of events", () => {
  const failed = event({ type: "sign_in.failed", ip: "203.0.113.7", by: ana });

  it("wants a kind, an exact address, or part of a name of either side", () => {
    expect(isWanted(failed, everything)).toBe(true);
    expect(isWanted(failed, { type: "session.ended", q: "" })).toBe(false);
    expect(isWanted(failed, { type: "sign_in.failed", q: "IA" })).toBe(true);
    expect(isWanted(failed, { type: "", q: "ana" })).toBe(true);
    expect(isWanted(failed, { type: "", q: "203.0.113.7" })).toBe(true);
    expect(isWanted(failed, { type: "", q: "203.0.113" })).toBe(false);
  });
});
