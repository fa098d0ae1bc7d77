/** Queries as values: read once, changed by making another. */

export const readQuery = (search: string): Readonly<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams(search));

/** The query with some of its values changed; an empty value removes its name. */
export const changeQuery = (search: string, changes: Readonly<Record<string, string>>): string => {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes))
    if (value) query.set(name, value);
    else query.delete(name);
  return query.size > 0 ? `?${query}` : "";
};
