/** German as people read it: its plurals, its figures, its events, and that a page follows a change of language. */
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Username } from "../../shared/contract/accounts.ts";
import { eventTypes } from "../../shared/contract/activity.ts";
import type { Event } from "../../shared/contract/activity.ts";
import { endReasons } from "../../shared/contract/sessions.ts";
import { Country, line } from "../../shared/contract/texts.ts";
import { AccountId } from "../../shared/ids.ts";
import { de } from "../../client/text/de.ts";
import { pickLanguage } from "../../client/text/dictionaries.ts";
import { en } from "../../client/text/en.ts";
import { describeEvent } from "../../client/text/events.ts";
import { describeFault } from "../../client/text/faults.ts";
import { followText } from "../../client/text/follow-text.ts";
import { createFormat } from "../../client/text/format.ts";
import { speak } from "../../client/text/phrase.ts";

const mia = { id: AccountId.parse("m".repeat(16)), username: "mia" };
const ana = { id: AccountId.parse("a".repeat(16)), username: "ana" };
const sentenceOf = (facts: Partial<Event>, reader: { id: string } | null = null) => {
  const event: Event = { id: "1-0", at: "", type: "session.ended", account: mia, ...facts };
  return speak(describeEvent(event, de, reader));
};

describe("German figures", () => {
  it("tell one from many, and group thousands with a point", () => {
    expect(de.session.openPages(1)).toBe("1 offene Seite");
    expect(de.session.openPages(2)).toBe("2 offene Seiten");
    expect(de.session.openPages(0)).toBe("0 offene Seiten");
    expect(de.devices.confirmOthers(1)).toBe("1 anderes Gerät abmelden?");
    expect(de.devices.confirmOthersButton(12345)).toBe("12.345 Geräte abmelden");
    expect(de.receipt.ended(1)).toBe("Abgemeldet.");
  });

  it("write a receipt with a decimal comma and the plural of servers", () => {
    const receipt = { ended: 3, confirmed: { nodes: 2, of: 3 }, sockets: 1, tookMs: 2.34 };
    expect(de.receipt.confirmation(receipt)).toBe(
      "Bestätigt von 2 von 3 Servern in 2,3 ms, 1 offene Seite geschlossen.",
    );
  });

  it("write times and lists as German does", () => {
    const format = createFormat(de);
    const now = Date.parse("2026-11-23T12:00:00Z");
    expect(format.relativeTime("2026-11-23T11:55:00Z", now)).toBe("vor 5 Minuten");
    expect(format.relativeTime("2026-11-24T12:00:00Z", now)).toBe("morgen");
    expect(format.relativeTime("2026-11-23T12:00:20Z", now)).toBe("gerade eben");
    expect(format.wait(120)).toBe("in 2 Minuten");
    expect(format.countryName("SE")).toBe("Schweden");
    expect(de.permissionsChanged.lost(["Konten sehen", "Andere abmelden"])).toBe(
      "Sie dürfen nicht mehr: Konten sehen und Andere abmelden.",
    );
  });
});

describe("an event in German", () => {
  it("reads right whoever did it to whom", () => {
    const end = { reason: "admin", by: ana };
    expect(sentenceOf(end)).toBe("Ein Gerät von mia wurde von ana abgemeldet");
    expect(sentenceOf(end, mia)).toBe("Ein Gerät von Ihnen wurde von ana abgemeldet");
    expect(sentenceOf(end, ana)).toBe("Ein Gerät von mia wurde von Ihnen abgemeldet");
    expect(sentenceOf({ reason: "admin" })).toBe(
      "Ein Gerät von mia wurde von der Verwaltung abgemeldet",
    );
  });

  it.each(eventTypes)("has German words of its own for %s", (type) => {
    const event: Event = { id: "1-0", at: "", type };
    expect(speak(describeEvent(event, de, null))).not.toBe(speak(describeEvent(event, en, null)));
    expect(speak(describeEvent(event, de, null))).not.toMatch(/undefined|noch nicht kennt/);
  });

  it.each(endReasons)("has words for an end by %s that name the account", (reason) => {
    expect(sentenceOf({ reason })).toContain("mia");
    expect(sentenceOf({ reason, account: undefined })).toMatch(/^Ein Gastbesuch endete: ./);
  });
});

describe("the language", () => {
  it("is the first of the reader's that there is a dictionary of", () => {
    expect(pickLanguage(["de-AT", "en"])).toBe("de");
    expect(pickLanguage(["sv", "en-GB", "de"])).toBe("en");
    expect(pickLanguage(["DE"])).toBe("de");
    expect(pickLanguage(["sv", "dent"])).toBe("en");
    expect(pickLanguage([])).toBe("en");
  });

  it("changes under pages that speak it, also in the parts and formats they were handed", () => {
    let spoken = en;
    const text = followText(() => spoken);
    const words = text.devices;
    const format = createFormat(text);
    const { columns } = words;
    expect([text.locale, words.signOut, columns.device]).toEqual(["en", "Sign out", "Device"]);
    expect(format.wait(30)).toBe("in 30 seconds");
    spoken = de;
    expect([text.locale, words.signOut, columns.device]).toEqual(["de", "Abmelden", "Gerät"]);
    expect(words.signOutOthers(4)).toBe("Alle anderen Geräte abmelden (4)");
    expect(format.wait(30)).toBe("in 30 Sekunden");
    expect(Object.keys(text.endReasons)).toEqual([...endReasons]);
    expect(speak(text.events.everyoneRestored)).toContain("Sicherung");
  });

  it("is that of what is wrong with a field, as the schemas say it; anything else is shown as it came", () => {
    const told = (schema: z.ZodType, value: unknown) =>
      describeFault(schema.safeParse(value).error?.issues[0]?.message ?? "", de);
    expect(told(line(80), "")).toBe(de.faults.missing);
    expect(told(line(80), undefined)).toBe(de.faults.missing);
    expect(told(line(80), "x".repeat(81))).toBe("Höchstens 80 Zeichen.");
    expect(told(line(80), "a\u0007b")).toBe(de.faults.controlCharacters);
    expect(told(z.string().min(8), "short")).toBe("Mindestens 8 Zeichen.");
    expect(told(z.number().int().min(1).max(99), 0)).toBe("Keine Zahl unter 1.");
    expect(told(z.number().int().min(1).max(99), 1000)).toBe("Keine Zahl über 99.");
    expect(told(z.number().int(), 1.5)).toBe(de.faults.notANumber);
    expect(told(Country, "Sweden")).toBe(de.faults.noCountry);
    expect(told(Username, "no spaces")).toBe(de.faults.usernameCharacters);
    expect(describeFault(de.wrongPassword, de)).toBe(de.wrongPassword);
  });
});
