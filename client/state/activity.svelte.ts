/** What happened, newest first: everybody's events, pushed as they happen, or one account's own history. */
import type { Event } from "../../shared/contract/activity.ts";
import type { CallOptions } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import { everything, isWanted } from "./event-filter.ts";
import type { EventFilter } from "./event-filter.ts";
import { createLogWindow } from "./log-window.svelte.ts";
import type { LogRow, LogWindow } from "./log-window.svelte.ts";

export type EventRow = LogRow<Event>;
export type Activity = LogWindow<Event, EventFilter>;

interface ActivityParts {
  /** A page of events before the cursor; an empty one is the beginning. */
  read: (
    filter: EventFilter,
    cursor: string,
    options: CallOptions,
  ) => Promise<{ events: Event[]; next: string | null }>;
  live: Live;
  /** Whether everybody's events are pushed here; else they are fetched on every connect. */
  isFollowing: boolean;
}

export const createActivity = ({ read, live, isFollowing }: ActivityParts): Activity =>
  createLogWindow({
    read: async (filter, cursor, options) => {
      const { events, next } = await read(filter, cursor, options);
      return { entries: events, next };
    },
    isWanted,
    everything,
    live,
    ...(isFollowing && {
      listen: (hear: (events: readonly Event[]) => void) => ({
        topic: "activity" as const,
        events: { activity: hear },
      }),
    }),
  });
