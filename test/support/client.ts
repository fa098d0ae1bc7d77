/**
 * A browser as far as HTTP and sockets go: it keeps its cookies, sends what a browser of ours sends, and can
 * open pages (sockets). One acts, another must see.
 */
import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, ServerToClientEvents } from "../../shared/live.ts";

export interface Answer {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests read replies of every route
  body: any;
}

export type Page = Socket<ServerToClientEvents, ClientToServerEvents>;

export const userAgents = {
  laptop: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
  phone:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
};

export type Browser = ReturnType<typeof createBrowser>;

export function createBrowser(address: string, userAgent = userAgents.laptop) {
  const cookies = new Map<string, string>();
  const pages: Page[] = [];
  let at = address;

  function keepCookies(headers: Headers): void {
    for (const header of headers.getSetCookie()) {
      const [pair = "", ...attributes] = header.split("; ");
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      if (attributes.includes("Max-Age=0")) cookies.delete(name);
      else cookies.set(name, value);
    }
  }

  const cookieHeader = (): string =>
    [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");

  async function ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(at + path, {
      method,
      redirect: "manual",
      headers: {
        "user-agent": userAgent,
        "sec-fetch-site": "same-origin",
        ...(cookies.size > 0 && { cookie: cookieHeader() }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    keepCookies(response.headers);
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as unknown) : text,
    };
  }

  /** Open a page; resolves when its socket is connected, rejects with the refusal. */
  async function openPage(headers: Record<string, string> = {}): Promise<Page> {
    const page: Page = io(at, {
      transports: ["websocket"],
      reconnection: false,
      forceNew: true,
      extraHeaders: { origin: at, cookie: cookieHeader(), "user-agent": userAgent, ...headers },
    });
    pages.push(page);
    await new Promise<void>((resolve, reject) => {
      page.once("connect", resolve);
      page.once("connect_error", reject);
    });
    return page;
  }

  return {
    cookies,
    cookieHeader,
    openPage,
    ask,
    get: (path: string, headers?: Record<string, string>) => ask("GET", path, undefined, headers),
    post: (path: string, body?: unknown, headers?: Record<string, string>) =>
      ask("POST", path, body, headers),
    put: (path: string, body?: unknown, headers?: Record<string, string>) =>
      ask("PUT", path, body, headers),
    patch: (path: string, body?: unknown, headers?: Record<string, string>) =>
      ask("PATCH", path, body, headers),
    delete: (path: string, body?: unknown, headers?: Record<string, string>) =>
      ask("DELETE", path, body, headers),
    /** Speak to another node from now on. */
    moveTo: (other: string) => void (at = other),
    signIn: (username: string, password = goodPassword) =>
      ask("POST", "/api/sign-in", { username, password }),
    close: () => {
      for (const page of pages) page.disconnect();
    },
  };
}

export const goodPassword = "orbit lantern mosaic 47";

/** A browser of this account, signed in through the front door, and the id of its session. */
export async function signInBrowser(
  address: string,
  username: string,
  userAgent = userAgents.laptop,
): Promise<{ browser: Browser; id: string }> {
  const browser = createBrowser(address, userAgent);
  const answer = await browser.signIn(username);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return { browser, id: answer.body.session.id as string };
}

/** The next event of this name of which this holds, with its payload. Ask for it before you cause it. */
export function next<E extends keyof ServerToClientEvents>(
  page: Page,
  event: E,
  holds: (payload: Parameters<ServerToClientEvents[E]>[0]) => boolean = () => true,
): Promise<Parameters<ServerToClientEvents[E]>[0]> {
  return new Promise((resolve) => {
    const listen = (payload: Parameters<ServerToClientEvents[E]>[0]) => {
      if (!holds(payload)) return;
      page.off(event, listen as never);
      resolve(payload);
    };
    page.on(event, listen as never);
  });
}

/** Polls until the condition holds: the only way tests wait. */
export async function eventually<T>(
  condition: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  within = 10_000,
): Promise<T> {
  const until = performance.now() + within;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > until) throw new Error("the condition did not come true");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The first admin of a fresh server, in a browser of its own. */
export async function setUpAdmin(address: string, setupToken: string): Promise<Browser> {
  const browser = createBrowser(address);
  const answer = await browser.post("/api/setup", {
    token: setupToken,
    username: "admin",
    password: goodPassword,
  });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return browser;
}
