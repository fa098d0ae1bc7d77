import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cookieNames,
  expireCookie,
  parseDeviceToken,
  parseSessionToken,
  readBearer,
  readCookie,
  serializeCookie,
} from "../../server/domain/credentials.ts";
import { SessionId } from "../../shared/ids.ts";

const id = "0123456789abcdefghjk";
const secret = "Aa0_-".repeat(8) + "xyz";
const token = `${id}.${secret}`;

describe("a cookie", () => {
  test.each([
    ["alone", `rollcall=${token}`, token],
    ["among others", `a=1; rollcall=${token}; b=2`, token],
    ["without blanks between", `a=1;rollcall=${token};b=2`, token],
    ["with blanks around its value", `rollcall= ${token} ; b=2`, token],
    ["after broken ones", `;;=; novalue; rollcall=${token}`, token],
    [
      "beside percent garbage and bad UTF-8",
      `a=%E0%A4%A; b=\u00ff\u00fe; rollcall=${token}`,
      token,
    ],
    ["undecoded", "rollcall=%41", "%41"],
    ["with an equals sign in it", "rollcall=a=b", "a=b"],
  ])("is read %s", (_, header, expected) => {
    expect(readCookie(header, "rollcall")).toBe(expected);
  });

  test.each([
    ["there is no header", undefined],
    ["the header is empty", ""],
    ["only longer names are there", `rollcall-remember=a; rollcallx=b; xrollcall=c`],
    ["its name is in another case", `Rollcall=${token}`],
    ["the name stands in a value", `a=rollcall=${token}`],
    ["it is empty", "rollcall="],
    ["it has no value at all", "a=1; rollcall"],
    ["it is there twice", `rollcall=${token}; a=1; rollcall=${token}`],
    ["it is there twice, once empty", `rollcall=; rollcall=${token}`],
    ["it is too long", `rollcall=${"a".repeat(513)}`],
    ["the whole header is too long", `rollcall=${token}; a=${"a".repeat(17_000)}`],
  ])("counts as none when %s", (_, header) => {
    expect(readCookie(header, "rollcall")).toBeNull();
  });

  test("is found in any header that holds it once, and nothing makes the reader throw", () => {
    const noise = fc.string({ unit: "binary" }).map((text) => text.replace(/;|rollcall/g, ""));
    fc.assert(
      fc.property(fc.array(noise), fc.array(noise), (before, after) => {
        const header = [...before, `rollcall=${token}`, ...after].join("; ");
        expect(readCookie(header, "rollcall")).toBe(token);
      }),
    );
  });

  test("is HttpOnly, Lax and for the whole site, and Secure with https", () => {
    const names = cookieNames({ secure: true, cookieDomain: null });
    expect(serializeCookie(names.session, token, { secure: true, domain: null })).toBe(
      `__Host-rollcall=${token}; Path=/; Secure; HttpOnly; SameSite=Lax`,
    );
    expect(
      serializeCookie("rollcall-device", "abc", { secure: false, domain: null, maxAge: 1999 }),
    ).toBe("rollcall-device=abc; Path=/; Max-Age=1; HttpOnly; SameSite=Lax");
  });

  test("is removed within the scope it was set in", () => {
    expect(expireCookie("__Secure-rollcall", { secure: true, domain: "example.com" })).toBe(
      "__Secure-rollcall=; Path=/; Domain=example.com; Max-Age=0; Secure; HttpOnly; SameSite=Lax; " +
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    );
  });

  test.each(["a;b", "a b", "a\r\nSet-Cookie: b=c", 'a"b', "a,b", "é"])(
    "is not written with the value %j",
    (value) => {
      expect(() => serializeCookie("rollcall", value, { secure: false, domain: null })).toThrow(
        TypeError,
      );
    },
  );

  test.each([
    [true, null, "__Host-rollcall"],
    [true, "example.com", "__Secure-rollcall"],
    [false, null, "rollcall"],
    [false, "example.com", "rollcall"],
  ])("with https %s and domain %s is named %s", (secure, cookieDomain, session) => {
    expect(cookieNames({ secure, cookieDomain })).toEqual({
      session,
      remember: `${session}-remember`,
      device: `${session}-device`,
    });
  });
});

describe("a session's token", () => {
  test("is split into the session's id and the secret", () => {
    expect(parseSessionToken(token)).toEqual({ id, secret });
    expect(SessionId.parse(parseSessionToken(token)?.id)).toBe(id);
  });

  test.each([
    ["missing", null],
    ["empty", ""],
    ["an id alone", id],
    ["too short", token.slice(0, -1)],
    ["too long", `${token}A`],
    ["a megabyte long", "a".repeat(1_000_000)],
    ["in capitals", `${id.toUpperCase()}.${secret}`],
    ["with a letter the alphabet leaves out", `i${token.slice(1)}`],
    ["with an l", `l${token.slice(1)}`],
    ["with an o", `o${token.slice(1)}`],
    ["with a u", `u${token.slice(1)}`],
    ["with a hash tag of Redis", `{a}${token.slice(3)}`],
    ["with a star", `*${token.slice(1)}`],
    ["with NUL", `${token.slice(0, -1)}\0`],
    ["with a line break at the end", `${token.slice(0, -1)}\n`],
    ["with base64 instead of base64url", `${token.slice(0, -1)}+`],
    ["with another separator", token.replace(".", "-")],
    ["in other letters that look alike", token.replace("a", "\u0430")],
  ])("is refused when %s", (_, value) => {
    expect(parseSessionToken(value)).toBeNull();
  });

  test("is refused for whatever else was sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => parseSessionToken(text) === null),
    );
  });
});

test("a device's token is 22 characters of base64url and nothing else", () => {
  const deviceToken = "Aa0_-Aa0_-Aa0_-Aa0_-xy";
  expect(parseDeviceToken(deviceToken)).toBe(deviceToken);
  for (const wrong of [
    null,
    "",
    deviceToken.slice(1),
    `${deviceToken}a`,
    `${deviceToken.slice(1)}=`,
  ]) {
    expect(parseDeviceToken(wrong)).toBeNull();
  }
});

describe("a bearer token", () => {
  test.each([
    ["with every letter it may hold", "Bearer abc.def-_~+/=", "abc.def-_~+/="],
    ["whatever the case of the scheme", "bearer abc", "abc"],
    ["with more blanks than needed", "BEARER   abc ", "abc"],
    ["as long as it may be", `Bearer ${"a".repeat(4096)}`, "a".repeat(4096)],
  ])("is read %s", (_, header, expected) => {
    expect(readBearer(header)).toBe(expected);
  });

  test.each([
    ["no header", undefined],
    ["an empty header", ""],
    ["the scheme alone", "Bearer"],
    ["the scheme and a blank", "Bearer "],
    ["another scheme", "Basic dXNlcjpwdw=="],
    ["a scheme that only begins so", "Bearerabc"],
    ["two words", "Bearer a b"],
    ["two tokens", "Bearer a, Bearer b"],
    ["a NUL", "Bearer a\0"],
    ["a token that is too long", `Bearer ${"a".repeat(4097)}`],
    ["a flood of blanks", `Bearer${" ".repeat(100_000)}a`],
  ])("is not read from %s", (_, header) => {
    expect(readBearer(header)).toBeNull();
  });
});
