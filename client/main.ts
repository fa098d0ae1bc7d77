/**
 * Puts the client together, once, and mounts it. Everything the pages use is made here and handed down;
 * nothing below starts by being imported.
 */
import "@fontsource-variable/inter/wght.css";
import "./tokens.css";
import "./base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { createCall } from "./api.ts";
import { createLive } from "./live.svelte.ts";
import { createRouter } from "./router.svelte.ts";
import { binPath, homePath, notFoundRoute, pageRoutes, signInPath } from "./routes.ts";
import { createBin } from "./state/bin.svelte.ts";
import { createClock } from "./state/clock.svelte.ts";
import { createDepartures } from "./state/departures.ts";
import { createDevices } from "./state/devices.svelte.ts";
import { createExpiry } from "./state/expiry.svelte.ts";
import { openLanguage } from "./state/language.svelte.ts";
import { createMe } from "./state/me.svelte.ts";
import { createMergeNews } from "./state/merge-news.ts";
import { createNews } from "./state/news.ts";
import { createReauthentication } from "./state/reauthentication.svelte.ts";
import { createReservations } from "./state/reservations.svelte.ts";
import { createTabs } from "./state/tabs.ts";
import { createTheme } from "./state/theme.svelte.ts";
import { createToasts } from "./state/toasts.svelte.ts";
import { createFormat } from "./text/format.ts";

const tabs = createTabs();
const language = await openLanguage(tabs);
const { text } = language;
const format = createFormat(text);
const toasts = createToasts();
const news = createNews({ toasts, storage: localStorage });
const reauthentication = createReauthentication();
const clock = createClock();
const call = createCall({
  onSessionEnded: (end) => void me.learnEnd(end),
  onNotSignedIn: () => me.forget(),
  reauthenticate: () => reauthentication.ask(),
  onServerTime: (told) => clock.learn(told),
});
const live = createLive({
  onSignedOut: (end) => void me.learnEnd(end),
  askServer: () => me.load({ background: true }),
  reportUse: () => void me.load(),
  onRefused: ({ code, end }) => void (code === "session_ended" ? me.learnEnd(end) : me.forget()),
});
const me = createMe({
  call,
  live,
  tabs,
  onIdentityChanged({ username }) {
    // What the address named was somebody else's.
    router.navigate(homePath, { replace: true });
    toasts.show(text.identityChanged(username));
  },
  onMerged: (merged) => mergeNews.tell(merged),
});
const devices = createDevices({ call, live, ownId: () => me.session?.id });
/** A visitor's first kept thing opens a session, which the socket and the other tabs are to be of too. */
const meetGuest = () => {
  if (!me.session) void me.load({ background: true }).then(() => tabs.tellIdentityChanged());
};
const bin = createBin({ call, live, onKept: meetGuest });
const mergeNews = createMergeNews({
  news,
  toasts,
  text,
  format,
  bin,
  review: () => router.navigate(binPath),
});
const reservations = createReservations({ call, live });
const expiry = createExpiry({
  clock,
  tabs,
  // The list hears of use sooner than `me` is asked again.
  session: () =>
    me.session && (devices.rows.find((row) => row.session.current)?.session ?? me.session),
  async ask() {
    await devices.refresh();
    return devices.failure === null;
  },
  use: () => me.load(),
});
const departures = createDepartures(sessionStorage, () => Date.now());
const theme = createTheme({
  call,
  tabs,
  onKept: meetGuest,
});
const router = createRouter(pageRoutes, notFoundRoute);
router.start();

const signOut = async () => {
  await me.leave();
  router.navigate(signInPath);
  toasts.show(text.signedOut.here);
};

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(App, {
  target,
  props: {
    client: {
      call,
      live,
      router,
      me,
      devices,
      bin,
      reservations,
      departures,
      expiry,
      toasts,
      news,
      theme,
      reauthentication,
      signOut,
    },
    words: { text, language, format, clock },
  },
});
