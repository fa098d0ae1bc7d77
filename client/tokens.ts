/**
 * Access tokens for pages of this deployment that call services with them: fetched for this browser's session,
 * renewed before they run out and after sleep, once for all tabs. A token lives in the memory of pages only and
 * passes between tabs of one origin over a BroadcastChannel; it is never stored. Nothing is imported, so that
 * a page without our client can use this as it is.
 */
export interface IssuedToken {
  access_token: string;
  /** Seconds from when it was issued. */
  expires_in: number;
}

export interface AccessTokensOptions {
  /** Whom the tokens are for, when not for Rollcall itself. */
  audience?: string;
  /** How one is got; throws `TokenRefusal` when there is none to be had. */
  fetchToken?: () => Promise<IssuedToken>;
}

export interface AccessTokens {
  /** A token that is good for a while; throws `TokenRefusal` when this browser has no session. */
  get(): Promise<string>;
  /** As `fetch`, with the token and without cookies; a token that went stale is renewed and sent once more. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** Stops renewing and forgets. */
  close(): void;
}

/** There is no token to be had: `not_signed_in`, `session_ended`, or another code of the server. */
export class TokenRefusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.name = "TokenRefusal";
    this.code = code;
  }
}

interface Token {
  text: string;
  issuedAt: number;
  expiresAt: number;
}

type Message =
  | { kind: "token"; token: Token }
  | { kind: "question"; question: string; refused: string | undefined }
  | { kind: "answer"; question: string; token: Token | null };

/** How often a page looks whether its token is due: a timer that slept through the moment is late by this. */
const lookEveryMs = 15_000;
/** How long other tabs may take to answer, where it is known that there are some. */
const answerMs = 1_000;
/** The same, where a browser does not tell (no Web Locks outside https and localhost). */
const guessMs = 100;

/** Clocks of two tabs differ by a little, and are corrected by a little. */
const clockSlackMs = 5_000;

/** Due when a fifth of its life is left. The wall clock counts sleep; set back, it makes every token due. */
const isDue = ({ issuedAt, expiresAt }: Token): boolean =>
  Date.now() < issuedAt - clockSlackMs || Date.now() >= expiresAt - (expiresAt - issuedAt) / 5;

/** Of two tokens all tabs keep the same one, also when both were asked for in the same instant. */
const isAfter = (one: Token, other: Token): boolean =>
  one.issuedAt > other.issuedAt || (one.issuedAt === other.issuedAt && one.text > other.text);

export const createAccessTokens = (options: AccessTokensOptions = {}): AccessTokens => {
  const { audience } = options;
  const fetchToken = options.fetchToken ?? (() => fetchOfSession(audience));
  const name = audience ? `rollcall-token ${audience}` : "rollcall-token";
  const sharing = createSharing(name, {
    answer: (refused) => (token && isGood(token, refused) ? token : null),
    onToken: (told) => {
      keep(told);
      void sharing.hold();
    },
  });
  // The client tells all tabs when this browser signs in or out.
  const identity = new BroadcastChannel("rollcall");
  identity.onmessage = ({ data }) => {
    if (data === "identity") forget();
  };

  let token: Token | null = null;
  let renewal: { refused: string | undefined; done: Promise<Token> } | null = null;
  /** Counts who this browser was: a token of an earlier self is not kept. */
  let selves = 0;
  let looking: ReturnType<typeof setInterval> | undefined;

  const isGood = (held: Token, refused?: string): boolean => held.text !== refused && !isDue(held);

  const keep = (next: Token): void => {
    if (token && !isDue(token) && isAfter(token, next)) return;
    token = next;
    looking ??= setInterval(look, lookEveryMs);
  };

  const forget = (): void => {
    selves += 1;
    token = null;
    sharing.release();
    clearInterval(looking);
    looking = undefined;
  };

  /** Before it runs out while somebody looks; a hidden page lets it go, and asks again when it needs one. */
  const look = (): void => {
    if (!token || !isDue(token)) return;
    if (document.visibilityState === "visible") get().catch(() => undefined);
    else forget();
  };

  const renew = (refused?: string): Promise<Token> => {
    if (renewal?.refused === refused && renewal) return renewal.done;
    const done = sharing
      .alone(async () => {
        if (token && isGood(token, refused)) return token;
        sharing.release();
        const shared = await sharing.ask(refused);
        const next = shared && isGood(shared, refused) ? shared : await issue();
        keep(next);
        await sharing.hold();
        if (next !== shared) sharing.tell(next);
        return next;
      })
      .finally(() => {
        if (renewal?.done === done) renewal = null;
      });
    renewal = { refused, done };
    return done;
  };

  const issue = async (): Promise<Token> => {
    const asked = selves;
    // From before it was asked for: it may only seem older than it is.
    const issuedAt = Date.now();
    const { access_token, expires_in } = await fetchToken();
    if (asked !== selves) return issue();
    return { text: access_token, issuedAt, expiresAt: issuedAt + expires_in * 1000 };
  };

  const get = async (refused?: string): Promise<string> => {
    if (token && isGood(token, refused)) return token.text;
    try {
      return (await renew(refused)).text;
    } catch (error) {
      if (error instanceof TokenRefusal) forget();
      // Only out of reach: what is left of the token is still good.
      else if (token && token.text !== refused && Date.now() < token.expiresAt) return token.text;
      throw error;
    }
  };

  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", forget);

  return {
    get: () => get(),
    async fetch(input, init) {
      const request = new Request(input, { credentials: "omit", ...init });
      const text = await get();
      const answer = await send(request.clone(), text);
      if (answer.status !== 401) return answer;
      const code = await codeOf(answer.clone());
      if (code === "session_ended" && token?.text === text) forget();
      if (code !== "stale_token" && code !== "not_signed_in") return answer;
      const next = await get(text).catch(() => null);
      return next === null ? answer : send(request, next);
    },
    close() {
      forget();
      document.removeEventListener("visibilitychange", look);
      removeEventListener("pagehide", forget);
      identity.close();
      sharing.close();
    },
  };
};

interface Sharing {
  /** Runs when no other tab renews. */
  alone<T>(task: () => Promise<T>): Promise<T>;
  /** A good token that another tab holds, if one does. */
  ask(refused: string | undefined): Promise<Token | null>;
  tell(token: Token): void;
  /** Lets other tabs know, without any message, that this one has a token to share. */
  hold(): Promise<void>;
  release(): void;
  close(): void;
}

interface SharingHooks {
  answer(refused: string | undefined): Token | null;
  onToken(token: Token): void;
}

const createSharing = (name: string, hooks: SharingHooks): Sharing => {
  const channel = new BroadcastChannel(name);
  // Absent on pages that are neither https nor localhost, whatever the types say.
  const locks = navigator.locks as LockManager | undefined;
  const self = randomText();
  const waiting = new Map<string, (token: Token | null) => void>();
  let held: { granted: Promise<void>; letGo: () => void } | null = null;

  const holding = `${name} held by `;

  const post = (message: Message): void => channel.postMessage(message);

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === "token") hooks.onToken(data.token);
    else if (data.kind === "answer") waiting.get(data.question)?.(data.token);
    else {
      const { question, refused } = data;
      post({ kind: "answer", question, token: hooks.answer(refused) });
    }
  };

  /** How many other tabs hold a token; undefined where that cannot be known. */
  const countHolders = async (): Promise<number | undefined> => {
    if (!locks) return undefined;
    const { held: taken = [] } = await locks.query();
    return taken.filter((lock) => lock.name?.startsWith(holding) && lock.name !== holding + self)
      .length;
  };

  const gather = (refused: string | undefined, holders: number | undefined) =>
    new Promise<Token | null>((resolve) => {
      const question = randomText();
      let answers = 0;
      const finish = (token: Token | null) => {
        clearTimeout(timer);
        waiting.delete(question);
        resolve(token);
      };
      const timer = setTimeout(() => finish(null), holders ? answerMs : guessMs);
      waiting.set(question, (token) => {
        answers += 1;
        if (token || answers === holders) finish(token);
      });
      post({ kind: "question", question, refused });
    });

  return {
    alone: (task) => (locks ? locks.request(`${name} renewal`, task) : task()),
    async ask(refused) {
      const holders = await countHolders();
      return holders === 0 ? null : gather(refused, holders);
    },
    tell: (token) => post({ kind: "token", token }),
    hold: async () => {
      if (locks) await (held ??= takeLock(locks, holding + self)).granted;
    },
    release() {
      held?.letGo();
      held = null;
    },
    close: () => channel.close(),
  };
};

/** Asks for a lock; it is let go when told, also when that comes before it was granted. */
const takeLock = (locks: LockManager, name: string) => {
  let letGo = () => {};
  const released = new Promise<void>((resolve) => (letGo = resolve));
  const granted = new Promise<void>((resolve) => {
    void locks.request(name, () => {
      resolve();
      return released;
    });
  });
  return { granted, letGo };
};

const randomText = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-");

const send = (request: Request, token: string): Promise<Response> => {
  request.headers.set("Authorization", `Bearer ${token}`);
  return fetch(request);
};

const fetchOfSession = async (audience: string | undefined): Promise<IssuedToken> => {
  const ask = () =>
    fetch("/api/tokens", {
      method: "POST",
      credentials: "same-origin",
      // The page renews by itself: that is nobody's activity.
      headers: { "Content-Type": "application/json", "Rollcall-Background": "1" },
      body: JSON.stringify({ grant_type: "session", ...(audience && { audience }) }),
    });
  let response = await ask();
  let code = response.ok ? null : await codeOf(response);
  // The cookie was superseded while the request was on its way.
  if (code === "stale_token") {
    response = await ask();
    code = response.ok ? null : await codeOf(response);
  }
  if (code === null) return (await response.json()) as IssuedToken;
  if (response.status === 401) throw new TokenRefusal(code);
  throw new Error(`No access token: ${code}`);
};

const codeOf = async (response: Response): Promise<string> => {
  const problem = (await response.json().catch(() => ({}))) as { code?: unknown };
  return typeof problem.code === "string" ? problem.code : `status ${response.status}`;
};
