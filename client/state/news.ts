/**
 * News that every tab of this browser hears, said by one of them: by the first that is looked at. Hidden tabs
 * keep theirs until somebody comes back, and let it go when it has been said elsewhere meanwhile.
 */
import type { Toasts } from "./toasts.svelte.ts";

export interface News {
  /** The same id in every tab that hears of the same thing. */
  tell(id: string, sentence: string, options?: Parameters<Toasts["show"]>[1]): void;
  /** What waits is not for whoever looks now. */
  clear(): void;
}

interface NewsParts {
  toasts: Pick<Toasts, "show">;
  /** This browser's, shared by its tabs. */
  storage: Pick<Storage, "getItem" | "setItem">;
}

const storageKey = "rollcall-news";
const mostRemembered = 20;
/** After this long all tabs read what one has stored. */
const settledMs = 10_000;

export const createNews = ({ toasts, storage }: NewsParts): News => {
  let waiting: { id: string; say: () => void }[] = [];

  /** Two tabs in two windows may be looked at: only the first to say so says it. */
  const isFirst = (id: string): boolean => {
    try {
      const said = (storage.getItem(storageKey) ?? "").split("\n");
      if (said.includes(id)) return false;
      storage.setItem(storageKey, [...said, id].slice(-mostRemembered).join("\n"));
    } catch {
      // Storage is refused in this browser: rather told twice than never.
    }
    return true;
  };

  const sayUnlessSaid = ({ id, say }: (typeof waiting)[number]) => {
    if (isFirst(id)) say();
  };

  /**
   * Tabs that hear it at the same moment ask for the same lock, and who does not get it keeps quiet: what one tab
   * stores, another may read too late. Where there are no locks (not outside https and this computer) that may be.
   */
  const sayWaiting = () => {
    const locks = navigator.locks as LockManager | undefined;
    for (const news of waiting.splice(0)) {
      if (!locks) sayUnlessSaid(news);
      else
        void locks.request(`${storageKey} ${news.id}`, { ifAvailable: true }, (lock) => {
          if (lock === null) return;
          sayUnlessSaid(news);
          return new Promise((resolve) => setTimeout(resolve, settledMs));
        });
    }
  };

  const isLookedAt = () => document.visibilityState === "visible";
  document.addEventListener("visibilitychange", () => {
    if (isLookedAt()) sayWaiting();
  });

  return {
    tell(id, sentence, options) {
      waiting.push({ id, say: () => toasts.show(sentence, options) });
      if (isLookedAt()) sayWaiting();
    },
    clear: () => (waiting = []),
  };
};
