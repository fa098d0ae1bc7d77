/**
 * A dictionary that can be exchanged under the pages that speak it: each word is looked up when it is said,
 * so that another language is spoken at once and nothing typed into a page is lost. What was handed on as a
 * part (`const words = text.devices`) follows too; a word that was copied out of it does not.
 */
export const followText = <Part extends object>(read: () => Part): Part => {
  const parts = new Map<PropertyKey, object>();
  return new Proxy(read(), {
    get(_, key) {
      const value: unknown = Reflect.get(read(), key);
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      const part = parts.get(key) ?? followText(() => Reflect.get(read(), key) as object);
      parts.set(key, part);
      return part;
    },
  });
};
