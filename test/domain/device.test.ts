import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanDeviceName, defaultDeviceName, describeDevice } from "../../server/domain/device.ts";

const webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
const agents = {
  firefox: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:120.0) Gecko/20100101 Firefox/120.0",
  safariPhone:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
  chromePhone: `Mozilla/5.0 (Linux; Android 10; K) ${webkit} Chrome/120.0.0.0 Mobile Safari/537.36`,
  chromeTablet: `Mozilla/5.0 (Linux; Android 13; SM-X200) ${webkit} Chrome/120.0.0.0 Safari/537.36`,
  chromebook: `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${webkit} Chrome/120.0.0.0 Safari/537.36`,
  headless: `Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/130.0.0.0 Safari/537.36`,
  googlebot: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
};

test.each([
  [agents.firefox, { type: "desktop", browser: "Firefox", os: "Windows" }, "Firefox on Windows"],
  [agents.safariPhone, { type: "phone", browser: "Safari", os: "iOS" }, "Safari on iOS"],
  [agents.chromePhone, { type: "phone", browser: "Chrome", os: "Android" }, "Chrome on Android"],
  [agents.chromeTablet, { type: "tablet", browser: "Chrome", os: "Android" }, "Chrome on Android"],
  [
    agents.chromebook,
    { type: "desktop", browser: "Chrome", os: "Chrome OS" },
    "Chrome on Chrome OS",
  ],
  [agents.headless, { type: "desktop", browser: "Chrome", os: "Linux" }, "Chrome on Linux"],
  [agents.googlebot, { type: "bot", browser: "Googlebot" }, "Googlebot"],
  ["curl/8.5.0", { type: "terminal", browser: "curl" }, "curl"],
  ["Wget/1.21.3 (linux-gnu)", { type: "terminal", browser: "Wget" }, "Wget"],
  ["HTTPie/3.2.2", { type: "terminal", browser: "HTTPie" }, "HTTPie"],
  ["node", { type: "terminal", browser: "Node.js" }, "Node.js"],
  ["Some-New-Crawler/1.0", { type: "bot" }, "Unknown device"],
  ["something else entirely", { type: "unknown" }, "Unknown device"],
  ["", { type: "unknown" }, "Unknown device"],
  [undefined, { type: "unknown" }, "Unknown device"],
])("the user agent %j is described and named", (userAgent, description, name) => {
  expect(describeDevice(userAgent)).toEqual(description);
  expect(defaultDeviceName(describeDevice(userAgent))).toBe(name);
});

test("a device's description never throws, tells versions, or holds what could deceive", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 2000 }),
    fc.string({ unit: "binary" }).map((text) => agents.firefox.replace("Windows NT", text)),
    fc.string({ unit: "binary" }).map((text) => `Mozilla/5.0 (${text}) ${text}/1.0`),
  );
  fc.assert(
    fc.property(hostile, (userAgent) => {
      const { browser = "", os = "" } = describeDevice(userAgent);
      for (const part of [browser, os]) {
        expect(Array.from(part).length).toBeLessThanOrEqual(40);
        expect(part).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }
    }),
  );
});

describe("a device's name", () => {
  test.each([
    ["  Kitchen \t tablet\n", "Kitchen tablet"],
    ["Ana\u0301s laptop", "An\u00e1s laptop"],
    ["evil\u202egnp.exe", "evilgnp.exe"],
    ["\u200b\u200d\ufeff", null],
    ["\u3164\u2800\u115f", null],
    [" \r\n ", null],
    ["", null],
    ["\u001b[31mred", "[31mred"],
    ["\ud800broken", "broken"],
    ["a\ufff9b", "ab"],
    ["🍎".repeat(70), "🍎".repeat(64)],
    [`${"a".repeat(63)} b`, "a".repeat(63)],
  ])("%j is kept as %j", (input, expected) => {
    expect(cleanDeviceName(input)).toBe(expected);
  });

  test("once clean stays as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (input) => {
        const name = cleanDeviceName(input);
        fc.pre(name !== null);
        expect(cleanDeviceName(name ?? "")).toBe(name);
        expect(Array.from(name ?? "").length).toBeLessThanOrEqual(64);
      }),
    );
  });
});
