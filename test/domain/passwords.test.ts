import { parseOptions } from "@node-rs/argon2";
import { describe, expect, test } from "vitest";
import {
  assertStrongPassword,
  createPasswords,
  nobodysHash,
} from "../../server/domain/passwords.ts";
import { DomainError } from "../../shared/errors.ts";

const owner = { username: "maria", name: "Maria Quintero" };

function codeOf(action: () => unknown): string | null {
  try {
    action();
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
  return null;
}

describe("a password", () => {
  const passwords = createPasswords({ parallel: 2, queue: 50 });

  test("is hashed with argon2id at 19 MiB, and differently each time", async () => {
    const [one, other] = await Promise.all([passwords.hash("sesame"), passwords.hash("sesame")]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(other);
  });

  test("is accepted only as it was chosen: nothing is trimmed, cut off or folded", async () => {
    const chosen = ` Sesame ${"x".repeat(200)}`;
    const phc = await passwords.hash(chosen);
    expect(await passwords.verify(phc, chosen)).toBe(true);
    const others = [chosen.trim(), chosen.toLowerCase(), chosen.slice(0, -1), `${chosen} `, ""];
    const answers = await Promise.all(others.map((other) => passwords.verify(phc, other)));
    expect(answers).toEqual(others.map(() => false));
  });

  test("is the same however a keyboard composes its letters", async () => {
    const phc = await passwords.hash("caf\u00e9 \uff11\uff12");
    expect(await passwords.verify(phc, "cafe\u0301 12")).toBe(true);
    expect(await passwords.verify(phc, "cafe 12")).toBe(false);
  });

  test("of an account that does not exist is wrong, and costs the same hash", async () => {
    expect(await passwords.verify(null, "sesame")).toBe(false);
    const real = parseOptions(await passwords.hash("sesame"));
    expect(parseOptions(nobodysHash)).toEqual(real);
  });

  test("is not compared with a hash that is damaged", async () => {
    await expect(passwords.verify("$argon2id$broken", "sesame")).rejects.toThrow();
  });
});

describe("a flood of passwords", () => {
  test("is refused beyond those that run and those that wait, and is over when they are done", async () => {
    const passwords = createPasswords({ parallel: 1, queue: 2 });
    const attempts = Array.from({ length: 6 }, () => passwords.verify(null, "sesame"));
    const results = await Promise.allSettled(attempts);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "fulfilled",
      "rejected",
      "rejected",
      "rejected",
    ]);
    for (const result of results.slice(3)) {
      expect(result).toMatchObject({
        reason: { code: "too_many_attempts", details: { retryAfterSeconds: 1 } },
      });
    }
    expect(await passwords.verify(null, "sesame")).toBe(false);
  });

  test("leaves no place taken by attempts that failed", async () => {
    const passwords = createPasswords({ parallel: 1, queue: 1 });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const broken = [passwords.verify("broken", "sesame"), passwords.verify("broken", "sesame")];
      const results = await Promise.allSettled(broken);
      expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    }
    expect(await passwords.verify(null, "sesame")).toBe(false);
  });
});

describe("a new password", () => {
  test.each([
    ["too short", "Xq7!pLm"],
    ["too short when letters count, not bytes", "🍎🍊🍋🍌🍉🍇🍓"],
    ["too long", "correct horse battery staple ".repeat(9)],
    ["among the most common", "password1"],
    ["a row of keys", "qwertyuiop"],
    ["one letter over and over", "aaaaaaaaaaaaaaaa"],
    ["its owner's username with a year", "maria2024"],
    ["its owner's family name with digits", "quintero12"],
    ["the product's name with digits", "rollcall123"],
  ])("is refused when it is %s", (_, password) => {
    expect(codeOf(() => assertStrongPassword(password, owner))).toBe("weak_password");
  });

  test.each([
    "correct horse battery",
    "sunshine-tractor",
    "vR7#kq2!Lm",
    "x".repeat(3) + "Kd8!mZ0pQr".repeat(25),
    "пароль-лошадь-батарея",
  ])("may be %j", (password) => {
    expect(codeOf(() => assertStrongPassword(password, owner))).toBeNull();
  });

  test("is judged by its own owner's name, not by the one before", () => {
    const other = { username: "zebulon", name: null };
    expect(codeOf(() => assertStrongPassword("zebulon77", other))).toBe("weak_password");
    const before = codeOf(() => assertStrongPassword("quintero12", owner));
    const after = codeOf(() => assertStrongPassword("quintero12", other));
    expect([before, after]).toEqual(["weak_password", null]);
  });

  test("is refused with a sentence for its owner that does not repeat it", () => {
    expect(() => assertStrongPassword("password1", owner)).toThrow(/easy to guess/);
    expect(() => assertStrongPassword("password1", owner)).not.toThrow(/password1/);
  });
});
