/**
 * Which theme this browser shows. Kept in the browser, so that before-paint.js can set it in time, and on
 * the session, so that a browser which forgot it is told again.
 */
import { sessionRoutes } from "../../shared/contract/session-routes.ts";
import type { Preferences } from "../../shared/contract/session-routes.ts";
import type { Call } from "../api.ts";
import type { Tabs } from "./tabs.ts";

export type ThemeName = Preferences["theme"];

export interface Theme {
  readonly name: ThemeName;
  choose(name: ThemeName): void;
  /** Asks the server, if this browser does not remember. */
  recall(): Promise<void>;
}

const storageKey = "rollcall-theme";

interface ThemeParts {
  call: Call;
  tabs: Tabs;
  /** The server keeps it, for which a visitor may just have got a session. */
  onKept(): void;
}

export const createTheme = ({ call, tabs, onKept }: ThemeParts): Theme => {
  let name = $state(readStored() ?? "system");

  const show = (chosen: ThemeName) => {
    name = chosen;
    if (chosen === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
  };
  tabs.onThemeChanged(() => show(readStored() ?? "system"));

  return {
    get name() {
      return name;
    },
    choose(chosen) {
      show(chosen);
      store(chosen);
      tabs.tellThemeChanged();
      // The browser has it already; the session's copy may come with the next choice.
      call(sessionRoutes.setPreferences, { body: { theme: chosen } }).then(onKept, () => undefined);
    },
    async recall() {
      if (readStored()) return;
      const kept = await call(sessionRoutes.preferences, {}, { background: true }).catch(
        () => null,
      );
      if (kept && !readStored()) show(kept.theme);
    },
  };
};

const readStored = (): ThemeName | null => {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === "system" || stored === "light" || stored === "dark" ? stored : null;
  } catch {
    return null;
  }
};

const store = (name: ThemeName): void => {
  try {
    localStorage.setItem(storageKey, name);
  } catch {
    // Storage is refused in this browser: the choice holds until the page is closed.
  }
};
