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

  const sayWaiting = () => {
    for (const { id, say } of waiting.splice(0)) if (isFirst(id)) say();
  };

  /** One tab at a time, where the browser can arrange that (not outside https and this computer). */
  const sayInTurn = () => {
    const locks = navigator.locks as LockManager | undefined;
    if (locks) void locks.request(storageKey, sayWaiting);
    else sayWaiting();
  };

  const isLookedAt = () => document.visibilityState === "visible";
  document.addEventListener("visibilitychange", () => {
    if (isLookedAt()) sayInTurn();
  });

  return {
    tell(id, sentence, options) {
      waiting.push({ id, say: () => toasts.show(sentence, options) });
      if (isLookedAt()) sayInTurn();
    },
    clear: () => (waiting = []),
  };
};
