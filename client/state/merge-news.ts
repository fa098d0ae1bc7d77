/**
 * Tells, after a sign-in, what the visit's bin added to the account's: once for each merge, in one tab,
 * however many of them signed in with the same visit.
 */
import type { Merged } from "../../shared/contract/bin.ts";
import type { Text } from "../text/en.ts";
import type { Format } from "../text/format.ts";
import { describeError } from "../text/words.ts";
import type { Bin } from "./bin.svelte.ts";
import type { News } from "./news.ts";
import type { Toasts } from "./toasts.svelte.ts";

export interface MergeNews {
  tell(merged: Merged): void;
}

interface MergeNewsParts {
  news: Pick<News, "tell">;
  toasts: Pick<Toasts, "show">;
  text: Text;
  format: Format;
  bin: Pick<Bin, "undoMerge">;
  /** Leads to the bin. */
  review(): void;
}

const seconds = 20;

export const createMergeNews = (parts: MergeNewsParts): MergeNews => {
  const { news, toasts, text, format, bin } = parts;

  const undo = async () => {
    try {
      await bin.undoMerge();
      toasts.show(text.desk.bin.undone);
    } catch (error) {
      const complaint = describeError(error, text, format);
      if (complaint) toasts.show(complaint, { tone: "bad" });
    }
  };

  return {
    tell({ id, items }) {
      if (items.length === 0) return;
      const there = items.filter(({ was }) => was > 0).length;
      news.tell(`merged-${id}`, text.desk.bin.merged(items.length, there), {
        seconds,
        actions: [
          { label: text.desk.bin.review, run: () => parts.review() },
          { label: text.actions.undo, run: () => void undo() },
        ],
      });
    },
  };
};
