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
import { notFoundRoute, pageRoutes, signInPath } from "./routes.ts";
import { createClock } from "./state/clock.svelte.ts";
import { createDepartures } from "./state/departures.ts";
import { createDevices } from "./state/devices.svelte.ts";
import { createMe } from "./state/me.svelte.ts";
import { createReauthentication } from "./state/reauthentication.svelte.ts";
import { createTabs } from "./state/tabs.ts";
import { createTheme } from "./state/theme.svelte.ts";
import { createToasts } from "./state/toasts.svelte.ts";
import { en as text } from "./text/en.ts";
import { createFormat } from "./text/format.ts";

const tabs = createTabs();
const toasts = createToasts();
const reauthentication = createReauthentication();
const call = createCall({
  onSessionEnded: (end) => void me.learnEnd(end),
  onNotSignedIn: () => me.forget(),
  reauthenticate: () => reauthentication.ask(),
});
const live = createLive({
  onSignedOut: (end) => void me.learnEnd(end),
  onRefused: ({ code, end }) => void (code === "session_ended" ? me.learnEnd(end) : me.forget()),
});
const me = createMe({
  call,
  live,
  tabs,
  onIdentityChanged: ({ username }) => toasts.show(text.identityChanged(username)),
});
const devices = createDevices({ call, live, ownId: () => me.session?.id });
const departures = createDepartures(sessionStorage, () => Date.now());
const theme = createTheme({
  call,
  tabs,
  onKept: () => {
    if (!me.session) void me.load({ background: true });
  },
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
      departures,
      toasts,
      theme,
      reauthentication,
      signOut,
    },
    words: { text, format: createFormat(text), clock: createClock() },
  },
});
