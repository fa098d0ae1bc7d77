/**
 * The languages there are, and the way to each one's dictionary: fetched when it is spoken, so that nobody
 * downloads a language they do not read.
 */
import type { Text } from "./en.ts";

export const languageNames = ["en", "de"] as const;
export type LanguageName = (typeof languageNames)[number];

export const fetchDictionary = async (name: LanguageName): Promise<Text> => {
  switch (name) {
    case "en":
      return (await import("./en.ts")).en;
    case "de":
      return (await import("./de.ts")).de;
  }
};

/** The first language of the reader's that there is a dictionary of: "de-AT" reads German. */
export const pickLanguage = (preferred: readonly string[]): LanguageName => {
  for (const tag of preferred) {
    const name = languageNames.find((known) => known === tag.toLowerCase().split("-")[0]);
    if (name) return name;
  }
  return "en";
};
