/** The rooms sockets are in, as functions. */
import type { AccountId } from "../../shared/ids.ts";
import type { Topic } from "../../shared/live.ts";

export const accountRoom = (id: AccountId): string => `account:${id}`;
export const watchRoom = (topic: Topic): string => `watch:${topic}`;
