/**
 * Pages of a log that is read backwards through a filter. Reading for one page is bounded: a filter that matches
 * little yields an early, perhaps empty page whose `next` leads on. Null means: that was all.
 */
export interface PageAsk<Entry> {
  /** What came before the entry `cursor` (null: the newest), newest first. */
  before(cursor: string | null, count: number): Promise<Entry[]>;
  cursor: string | undefined;
  limit: number;
  /** Null: all of them. */
  matches: ((entry: Entry) => boolean) | null;
}

const mostRead = 5000;
const batch = 500;

export async function readPage<Entry extends { id: string }>(
  ask: PageAsk<Entry>,
): Promise<{ entries: Entry[]; next: string | null }> {
  const entries: Entry[] = [];
  const count = ask.matches === null ? ask.limit + 1 : batch;
  let cursor = ask.cursor ?? null;
  for (let read = 0; read < mostRead;) {
    const found = await ask.before(cursor, count);
    for (const entry of found) {
      if (entries.length === ask.limit) return { entries, next: cursor };
      cursor = entry.id;
      if (ask.matches === null || ask.matches(entry)) entries.push(entry);
    }
    if (found.length < count) return { entries, next: null };
    read += found.length;
  }
  return { entries, next: cursor };
}
