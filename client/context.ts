/**
 * How components reach what main.ts put together. Pages take the whole client; parts take only what they
 * need to read: words and the time. Nothing here exists before main.ts makes it.
 */
import { createContext } from "svelte";
import type { Call } from "./api.ts";
import type { Live } from "./live.svelte.ts";
import type { Router } from "./router.svelte.ts";
import type { Bin } from "./state/bin.svelte.ts";
import type { Clock } from "./state/clock.svelte.ts";
import type { Departures } from "./state/departures.ts";
import type { Devices } from "./state/devices.svelte.ts";
import type { Expiry } from "./state/expiry.svelte.ts";
import type { Language } from "./state/language.svelte.ts";
import type { Me } from "./state/me.svelte.ts";
import type { News } from "./state/news.ts";
import type { Reauthentication } from "./state/reauthentication.svelte.ts";
import type { Reservations } from "./state/reservations.svelte.ts";
import type { Theme } from "./state/theme.svelte.ts";
import type { Toasts } from "./state/toasts.svelte.ts";
import type { Text } from "./text/en.ts";
import type { Format } from "./text/format.ts";

export interface Words {
  text: Text;
  language: Language;
  format: Format;
  clock: Clock;
}

export interface Client {
  call: Call;
  live: Live;
  router: Router;
  me: Me;
  devices: Devices;
  bin: Bin;
  reservations: Reservations;
  departures: Departures;
  expiry: Expiry;
  toasts: Toasts;
  news: News;
  theme: Theme;
  reauthentication: Reauthentication;
  /** Ends this session and goes to the way in. */
  signOut(): Promise<void>;
}

export const [getWords, setWords] = createContext<Words>();
export const [getClient, setClient] = createContext<Client>();
