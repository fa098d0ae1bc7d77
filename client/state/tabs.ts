/**
 * Tells this browser's other tabs that it is now somebody else, or nobody. Only that it changed travels:
 * each tab asks the server who it is, so that no tab can be talked into anything.
 */
export interface Tabs {
  tellIdentityChanged(): void;
  tellThemeChanged(): void;
  tellLanguageChanged(): void;
  /** Somebody used the session. */
  tellUsed(): void;
  onIdentityChanged(listener: () => void): void;
  onThemeChanged(listener: () => void): void;
  onLanguageChanged(listener: () => void): void;
  onUsed(listener: () => void): void;
}

type News = "identity" | "theme" | "language" | "used";

export const createTabs = (): Tabs => {
  const channel = new BroadcastChannel("rollcall");
  const on = (news: News, listener: () => void) =>
    channel.addEventListener("message", ({ data }) => {
      if (data === news) listener();
    });
  const tell = (news: News) => channel.postMessage(news);
  return {
    tellIdentityChanged: () => tell("identity"),
    tellThemeChanged: () => tell("theme"),
    tellLanguageChanged: () => tell("language"),
    tellUsed: () => tell("used"),
    onIdentityChanged: (listener) => on("identity", listener),
    onThemeChanged: (listener) => on("theme", listener),
    onLanguageChanged: (listener) => on("language", listener),
    onUsed: (listener) => on("used", listener),
  };
};
