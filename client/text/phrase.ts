/**
 * A sentence with people in it. The dictionary writes it whole, in its own word order; whoever shows it can
 * still make a link of each name. `Who` is an account, or words for somebody without one ("a guest").
 */
import type { AccountName } from "../../shared/contract/sessions.ts";

export type Who = AccountName | string;
export type Phrase = readonly Who[];

/** A template whose values are people (or plain words). */
export const phrase = (texts: TemplateStringsArray, ...people: readonly Who[]): Phrase =>
  texts.flatMap((text, i) => [text, people[i] ?? ""]).filter((part) => part !== "");

/** Words that come to stand first begin with a capital; a username stays as it is. */
export const beginSentence = ([first, ...rest]: Phrase, locale: string): Phrase => {
  if (typeof first !== "string") return first ? [first, ...rest] : rest;
  const [letter = "", ...others] = first;
  return [letter.toLocaleUpperCase(locale) + others.join(""), ...rest];
};

/** The sentence as plain text. */
export const speak = (sentence: Phrase): string =>
  sentence.map((part) => (typeof part === "string" ? part : part.username)).join("");
