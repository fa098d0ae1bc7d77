/**
 * A History router: which page the address names, and moving between addresses without loading the
 * document again. Plain `<a href>` links work as they are; modified clicks, downloads and other origins
 * are left to the browser. Filters live in the query, so that an address can be shared.
 */
import { parse } from "regexparam";
import { changeQuery, readQuery } from "./address.ts";
import type { PageRoute } from "./routes.ts";

export interface Located {
  route: PageRoute;
  params: Readonly<Record<string, string>>;
}

export interface Router {
  readonly path: string;
  /** The query's value by that name, or an empty text. */
  query(name: string): string;
  readonly located: Located;
  /** Path and query, to come back to. */
  readonly here: string;
  /** This page with another query. */
  addressWith(changes: Record<string, string>): string;
  navigate(to: string, options?: { replace?: boolean }): void;
  /** Changes the query of this page; an empty value removes its name. */
  setQuery(changes: Record<string, string>, options?: { replace?: boolean }): void;
  start(): void;
}

export const createRouter = (routes: readonly PageRoute[], fallback: PageRoute): Router => {
  const matchers = routes.map((route) => ({ route, ...parse(route.path) }));
  let path = $state(location.pathname);
  let search = $state(location.search);

  const query = $derived(readQuery(search));
  const located = $derived(locate(path));

  function locate(pathname: string): Located {
    for (const { route, keys, pattern } of matchers) {
      const found = pattern.exec(pathname);
      if (!found) continue;
      const pairs = keys.map((key, i) => [key, decode(found[i + 1] ?? "")] as const);
      return { route, params: Object.fromEntries(pairs) };
    }
    return { route: fallback, params: {} };
  }

  const read = () => {
    path = location.pathname;
    search = location.search;
  };

  const navigate: Router["navigate"] = (to, { replace = false } = {}) => {
    if (replace) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
    const isOtherPage = path !== location.pathname;
    read();
    if (isOtherPage) scrollTo(0, 0);
  };

  const followLink = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.pathname + link.search + link.hash);
  };

  return {
    get path() {
      return path;
    },
    query: (name) => query[name] ?? "",
    get located() {
      return located;
    },
    get here() {
      return path + search;
    },
    addressWith: (changes) => path + changeQuery(search, changes),
    navigate,
    setQuery(changes, options) {
      navigate(path + changeQuery(search, changes), options);
    },
    start() {
      addEventListener("popstate", read);
      document.addEventListener("click", followLink);
    },
  };
};

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};
