/**
 * Which language this browser reads, and its words: the one that was chosen here, else the first of the
 * browser's own that we speak. Kept in the browser; its other tabs follow.
 */
import { fetchDictionary, languageNames, pickLanguage } from "../text/dictionaries.ts";
import type { LanguageName } from "../text/dictionaries.ts";
import type { Text } from "../text/en.ts";
import { followText } from "../text/follow-text.ts";
import type { Tabs } from "./tabs.ts";

export interface Language {
  readonly name: LanguageName;
  /** The words of the language that is spoken now, and of every one that is chosen later. */
  readonly text: Text;
  /** Rejects when the language's words cannot be fetched; the one before is then still spoken. */
  choose(name: LanguageName): Promise<void>;
}

const storageKey = "rollcall-language";

/** Settles once there are words to say. */
export const openLanguage = async (tabs: Tabs): Promise<Language> => {
  const first = readStored() ?? pickLanguage(navigator.languages);
  let spoken = $state.raw({ name: first, dictionary: await fetchDictionary(first) });
  let chosen = first;
  document.documentElement.lang = first;

  const speak = async (name: LanguageName) => {
    chosen = name;
    const dictionary = await fetchDictionary(name);
    if (chosen !== name) return;
    spoken = { name, dictionary };
    document.documentElement.lang = name;
  };
  tabs.onLanguageChanged(() => {
    const stored = readStored();
    // One whose words do not come is spoken from the next page that is opened.
    if (stored) speak(stored).catch(() => undefined);
  });

  return {
    get name() {
      return spoken.name;
    },
    text: followText(() => spoken.dictionary),
    async choose(name) {
      await speak(name);
      store(name);
      tabs.tellLanguageChanged();
    },
  };
};

const readStored = (): LanguageName | null => {
  try {
    const stored = localStorage.getItem(storageKey);
    return languageNames.find((name) => name === stored) ?? null;
  } catch {
    return null;
  }
};

const store = (name: LanguageName): void => {
  try {
    localStorage.setItem(storageKey, name);
  } catch {
    // Storage is refused in this browser: the choice holds until the page is closed.
  }
};
