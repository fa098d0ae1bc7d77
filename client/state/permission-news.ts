/** Tells what somebody may do from now on, or no longer may: once for each change, in one tab. */
import type { PermissionsChanged } from "../../shared/live.ts";
import type { Text } from "../text/en.ts";
import type { News } from "./news.ts";

const seconds = 10;

export const tellPermissions = (
  { at, added, removed }: PermissionsChanged,
  news: Pick<News, "tell">,
  text: Text,
): void => {
  const names = (changed: PermissionsChanged["added"]) =>
    changed.map((permission) => text.permissions[permission].name);
  const { gained, lost } = text.permissionsChanged;
  if (added.length > 0) news.tell(`gained ${at}`, gained(names(added)), { seconds });
  if (removed.length > 0) news.tell(`lost ${at}`, lost(names(removed)), { seconds });
};
