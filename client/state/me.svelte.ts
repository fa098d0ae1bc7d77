/**
 * Who this browser is, and what it may do, in every tab alike. Opening a session, losing it and learning
 * why all pass through here, so that what is shown, the socket and the other tabs never disagree. Only the
 * server's word signs out: a failed request changes nothing. A session whose time ran out under a page lapses:
 * the account stays until its person signs in again in place, or gives the page up. Any other end clears it.
 */
import { sessionRoutes } from "../../shared/contract/session-routes.ts";
import type { Me as MeReply } from "../../shared/contract/session-routes.ts";
import type { Account, Permission, SignedIn } from "../../shared/contract/accounts.ts";
import type { Merged } from "../../shared/contract/bin.ts";
import type { End, EndReason, Session } from "../../shared/contract/sessions.ts";
import type { PermissionsChanged } from "../../shared/live.ts";
import type { Call } from "../api.ts";
import type { Live } from "../live.svelte.ts";
import type { Tabs } from "./tabs.ts";

export interface Me {
  readonly status: "loading" | "ready" | "unreachable";
  readonly account: Account | null;
  readonly session: Session | null;
  readonly permissions: readonly Permission[];
  readonly signups: MeReply["signups"];
  readonly isSetupNeeded: boolean;
  /** Why this browser was signed out, until it signs in again. */
  readonly end: End | null;
  /** Whether that happened while this page was open. */
  readonly wasCut: boolean;
  /** How the session of `account` ran out, while nobody has signed in again. */
  readonly lapse: End | null;
  may(permission: Permission): boolean;
  /** Asks the server who this browser is now; false when it did not say. */
  load(options?: { background?: boolean }): Promise<boolean>;
  /** A reply opened a session. */
  enter(signedIn: SignedIn): void;
  /** The person signs out of this browser. */
  leave(): Promise<void>;
  /** The server said that this session has ended. */
  learnEnd(end: End | undefined): Promise<void>;
  /** The server said that this browser has no session. */
  forget(): void;
  /** Nobody will sign in again to what lapsed. */
  abandon(): void;
  changePermissions(change: PermissionsChanged): void;
}

interface MeParts {
  call: Call;
  live: Live;
  tabs: Tabs;
  /** Another tab signed this browser in as somebody else. */
  onIdentityChanged(account: Account): void;
  /** A sign-in took the visit's bin along. */
  onMerged(merged: Merged): void;
}

/**
 * A sign-in in this browser replaces its earlier session, whose sockets may hear of it before the browser
 * has the new cookie: so it is asked for more than once before anybody is told that they are out.
 */
const successorWaitsMs = [0, 300, 900];

/** What was only the session's time: a remembered browser is signed in again by asking once. */
const expiries: readonly EndReason[] = ["expired_idle", "expired_lifetime"];
const isExpiry = ({ reason }: End): boolean => expiries.includes(reason);

const longestRetryMs = 30_000;

export const createMe = ({ call, live, tabs, onIdentityChanged, onMerged }: MeParts): Me => {
  let status = $state<Me["status"]>("loading");
  let account = $state.raw<Account | null>(null);
  let session = $state.raw<Session | null>(null);
  let permissions = $state.raw<readonly Permission[]>([]);
  let signups = $state<MeReply["signups"]>("closed");
  let isSetupNeeded = $state(false);
  let end = $state.raw<End | null>(null);
  let wasCut = $state(false);
  let lapse = $state.raw<End | null>(null);
  let isLeaving = false;
  /** Counts who this browser was, so that an answer about an earlier self is not believed. */
  let identity = 0;
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const become = (next: Pick<MeReply, "account" | "session" | "permissions" | "ended">) => {
    const before = session;
    identity += 1;
    lapse = account && !next.account && next.ended && isExpiry(next.ended) ? next.ended : null;
    if (lapse) {
      session = null;
      return live.stop();
    }
    account = next.account;
    session = next.session;
    permissions = next.permissions;
    end = next.account ? null : (next.ended ?? null);
    wasCut = end !== null && (wasCut || before !== null);
    // An ended session's cookie stays until the next sign-in, so a handshake would only be refused.
    if (end) live.stop();
    else if (isSameOpening(before, session)) live.start();
    else live.restart();
  };

  /** A page that could not learn who it is keeps asking, ever more patiently. */
  const retryLater = () => {
    const wait = Math.min(longestRetryMs, 1_500 * 2 ** failures++) * (0.5 + Math.random());
    clearTimeout(retry);
    retry = setTimeout(() => void load({ background: true }), wait);
  };

  const load: Me["load"] = async (options = {}) => {
    const asked = identity;
    try {
      const reply = await call(sessionRoutes.me, {}, options);
      clearTimeout(retry);
      failures = 0;
      if (asked !== identity) return true;
      const previous = account;
      ({ signups, setupNeeded: isSetupNeeded } = reply);
      become(reply);
      status = "ready";
      if (previous && reply.account && previous.id !== reply.account.id)
        onIdentityChanged(reply.account);
      return true;
    } catch {
      if (status === "loading") status = "unreachable";
      retryLater();
      return false;
    }
  };

  /** Who this browser now is, if another tab of it, or its remember cookie, has signed it in anew. */
  const askForSuccessor = async (end: End | undefined): Promise<MeReply | null> => {
    if (end && end.reason !== "replaced" && !isExpiry(end)) return null;
    let reply: MeReply | null = null;
    for (const wait of end && isExpiry(end) ? [0] : successorWaitsMs) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      reply = await call(sessionRoutes.me, {}, { background: true }).catch(() => null);
      if (reply?.account) break;
    }
    return reply;
  };

  tabs.onIdentityChanged(() => void load({ background: true }));

  return {
    get status() {
      return status;
    },
    get account() {
      return account;
    },
    get session() {
      return session;
    },
    get permissions() {
      return permissions;
    },
    get signups() {
      return signups;
    },
    get isSetupNeeded() {
      return isSetupNeeded;
    },
    get end() {
      return end;
    },
    get wasCut() {
      return wasCut;
    },
    get lapse() {
      return lapse;
    },
    may: (permission) => permissions.includes(permission),
    load,
    enter(signedIn) {
      isSetupNeeded = false;
      // The reply may repeat the id of a session whose socket was let in as somebody else.
      session = null;
      become({ ...signedIn, permissions: signedIn.account.permissions });
      tabs.tellIdentityChanged();
      if (signedIn.merged) onMerged(signedIn.merged);
    },
    async leave() {
      isLeaving = true;
      try {
        await call(sessionRoutes.signOut);
        become({ account: null, session: null, permissions: [] });
        tabs.tellIdentityChanged();
      } finally {
        isLeaving = false;
      }
    },
    async learnEnd(told) {
      if (isLeaving) return;
      const asked = identity;
      const reply = await askForSuccessor(told);
      if (asked !== identity) return;
      if (reply?.account) {
        session = null;
        return become(reply);
      }
      const ended = told ?? reply?.ended;
      become({ account: null, session: null, permissions: [], ...(ended && { ended }) });
    },
    forget() {
      if (account) become({ account: null, session: null, permissions: [] });
    },
    abandon() {
      if (!lapse) return;
      const ended = lapse;
      account = null;
      become({ account: null, session: null, permissions: [], ended });
    },
    changePermissions(change) {
      permissions = change.permissions;
      if (account) account = { ...account, permissions: change.permissions };
    },
  };
};

/**
 * A sleeping session that the remember cookie opened again keeps its id, but a socket that came back
 * before the new cookie was let in as a stranger. Only an opening sets when a session expires for good.
 */
const isSameOpening = (one: Session | null, other: Session | null): boolean =>
  one?.id === other?.id && one?.expiresAt === other?.expiresAt;
