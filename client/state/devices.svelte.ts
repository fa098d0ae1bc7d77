/** One's own devices, live, for every page that is open. */
import { sessionRoutes } from "../../shared/contract/session-routes.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { createSessionList } from "./session-list.svelte.ts";
import type { SessionList } from "./session-list.svelte.ts";

export type Devices = SessionList;

interface DevicesParts {
  call: Call;
  live: Live;
  ownId: () => string | undefined;
}

export const createDevices = ({ call, live, ownId }: DevicesParts): Devices =>
  createSessionList({
    ownId,
    read: () => call(sessionRoutes.list, {}, { background: true }),
    follow: ({ refresh, put, end }) =>
      live.follow({
        refresh,
        events: {
          "session:opened": put,
          "session:changed": put,
          "session:ended": end,
          "device:unfamiliar": put,
        },
      }),
  });
