/**
 * What is wrong with a field, in the reader's language. The server says it in English, mostly in the words of its
 * schemas; the common ones are known here, and any other is shown as it came.
 */
import type { Text } from "./en.ts";

type Rephrase = (words: Text["faults"], figure: number) => string;

const known: readonly (readonly [said: RegExp, rephrase: Rephrase])[] = [
  [/^Too small: expected string to have >=1 characters/, ({ missing }) => missing],
  [/^Too small: expected string to have >=(\d+) characters/, (words, n) => words.tooShort(n)],
  [/^Too big: expected string to have <=(\d+) characters/, (words, n) => words.tooLong(n)],
  [/^Too small: expected number to be >=(-?\d+)/, (words, n) => words.tooSmall(n)],
  [/^Too big: expected number to be <=(-?\d+)/, (words, n) => words.tooLarge(n)],
  [/^Invalid input: expected (?:int|number)/, ({ notANumber }) => notANumber],
  [/^Invalid input: expected \w+, received undefined/, ({ missing }) => missing],
  [/^must not hold control characters/, ({ controlCharacters }) => controlCharacters],
  [/^is a two-letter country code/, ({ noCountry }) => noCountry],
  [/^is not UTF-8/, ({ notUtf8 }) => notUtf8],
  [/^is one more than the (\d+)/, (words, n) => words.tooManyLines(n)],
  [/^takes 1 to 64 letters, digits/, ({ usernameCharacters }) => usernameCharacters],
];

export const describeFault = (message: string, text: Text): string => {
  for (const [said, rephrase] of known) {
    const found = said.exec(message);
    if (found) return rephrase(text.faults, Number(found[1] ?? 0));
  }
  return message;
};
