/**
 * Signing in: the same work and the same answer for names that exist and names that do not, bounded guessing,
 * and one row a device. Whatever session the browser carried before is gone afterwards.
 */
import type { Merged } from "../../shared/contract/bin.ts";
import { DomainError } from "../../shared/errors.ts";
import type { AccountStore } from "./accounts.ts";
import { foldUsername } from "./accounts.ts";
import type { ActivityLog } from "./activity.ts";
import { rateLimitKeyOf } from "./address.ts";
import type { Attempts } from "./attempts.ts";
import type { Bins } from "./bin.ts";
import type { Held } from "./door.ts";
import type { Ends } from "./ends.ts";
import type { Ledger } from "./ledger.ts";
import type { SessionId } from "../../shared/ids.ts";
import type { Passwords } from "./passwords.ts";
import {
  hashDevice,
  nameOf,
  type Opened,
  type OpenHow,
  type Sessions,
  type Visitor,
} from "./sessions.ts";
import type { AccountRow } from "./session.ts";

export interface SignInOptions {
  accounts: AccountStore;
  sessions: Sessions;
  bins: Pick<Bins, "merge">;
  ends: Ends;
  ledger: Ledger;
  activity: ActivityLog;
  attempts: Attempts;
  passwords: Passwords;
  count(result: "succeeded" | "failed" | "limited"): void;
}

export type SignIn = ReturnType<typeof createSignIn>;

export interface Entered extends Opened {
  /** What the guest who signed in has brought into the account's bin. */
  merged?: Merged | undefined;
}

export function createSignIn(options: SignInOptions) {
  const { accounts, sessions, bins, ends, ledger, activity, attempts, passwords } = options;

  /** Open a session for an account whose password was just proved or set. */
  async function enter(
    account: AccountRow,
    visitor: Visitor,
    carried: Held | null,
    how: Pick<OpenHow, "method" | "deviceName"> = {},
  ): Promise<Entered> {
    const own = carried !== null && carried.row.accountId === account.id;
    const isUnfamiliar = await isNewDevice(account, visitor);
    const opened = await sessions.open(account, visitor, own ? carried.row.id : null, {
      ...how,
      isUnfamiliar,
    });
    await accounts.rememberDevice(account.id, hashDevice(opened.device), ledger.redisNow());
    if (isUnfamiliar) await askOwner(account, opened);
    const merged = carried !== null && !own ? await leave(carried, account) : undefined;
    return { ...opened, merged };
  }

  /** The first device of an account is nobody's surprise. */
  async function isNewDevice(account: AccountRow, { device }: Visitor): Promise<boolean> {
    if (device !== null && (await accounts.knowsDevice(account.id, hashDevice(device))))
      return false;
    return (await accounts.countDevices(account.id)) > 0;
  }

  /** "Was this you?", on every other page the account has open, and on the next one that opens. */
  async function askOwner(account: AccountRow, { held }: Opened): Promise<void> {
    const facts = { account: nameOf(account), sessionId: held.row.id, ip: held.row.ip };
    void activity.record({ type: "device.new", ...facts });
    const session = { ...(await sessions.showOwn(held)), current: false };
    await activity.tell({ type: "unfamiliar", session });
  }

  /** The browser's session of before, when it belonged to somebody else or to nobody. A guest's bin comes along. */
  async function leave(carried: Held, account: AccountRow): Promise<Merged | undefined> {
    if (carried.row.kind === "guest") return bins.merge(carried.row.id, account.id);
    await ends
      .endOne(carried.row.id, carried.row.accountId, { reason: "replaced" })
      .catch((error: unknown) => {
        // Already gone is as good.
        if (!(error instanceof DomainError && error.code === "session_not_found")) throw error;
      });
    return undefined;
  }

  async function prove(held: Held, account: AccountRow, password: string): Promise<void> {
    await attempts.spend("reauthenticate", held.row.id);
    const hash = await accounts.passwordHash(account.id);
    if (!(await passwords.verify(hash, password))) throw new DomainError("invalid_credentials");
    await attempts.giveBack("reauthenticate", held.row.id);
  }

  return {
    enter,

    async signIn(
      input: { username: string; password: string },
      visitor: Visitor,
      carried: Held | null,
      how?: Pick<OpenHow, "method" | "deviceName">,
    ): Promise<Entered> {
      const folded = foldUsername(input.username);
      const found = await accounts.findByUsername(folded);
      const known =
        found !== null &&
        visitor.device !== null &&
        (await accounts.knowsDevice(found.account.id, hashDevice(visitor.device)));
      const buckets = known
        ? ([["sign_in_device", `${found.account.id}:${hashDevice(visitor.device ?? "")}`]] as const)
        : ([
            ["sign_in_address", rateLimitKeyOf(visitor.ip)],
            ["sign_in_account", folded.slice(0, 64)],
          ] as const);
      const account = found ? nameOf(found.account) : undefined;
      try {
        for (const [kind, key] of buckets) await attempts.spend(kind, key);
      } catch (error) {
        options.count("limited");
        void activity.record({
          type: "sign_in.failed",
          reason: "limited",
          account,
          ip: visitor.ip,
        });
        throw error;
      }
      const right = await passwords.verify(found?.passwordHash ?? null, input.password);
      if (found === null || !right) {
        options.count("failed");
        const reason = "credentials" as const;
        void activity.record({ type: "sign_in.failed", reason, account, ip: visitor.ip });
        throw new DomainError("invalid_credentials");
      }
      for (const [kind, key] of buckets) await attempts.giveBack(kind, key);
      if (found.account.disabled) {
        options.count("failed");
        void activity.record({
          type: "sign_in.failed",
          reason: "disabled",
          account,
          ip: visitor.ip,
        });
        throw new DomainError("account_disabled");
      }
      const opened = await enter(found.account, visitor, carried, how);
      options.count("succeeded");
      void activity.record({
        type: "sign_in.succeeded",
        account,
        sessionId: opened.held.row.id,
        ip: visitor.ip,
      });
      return opened;
    },

    /** "Not me": the session ends, and its device is a stranger again. */
    async disown(account: AccountRow, id: SessionId): Promise<void> {
      const { deviceHash } = await sessions.rowOf(account, id);
      await accounts.forgetDevice(account.id, deviceHash);
      await ends.endOne(id, account.id, { reason: "revoked", by: nameOf(account) });
    },

    /** Throws `invalid_credentials`; limited separately from sign-in. */
    prove,

    /** Prove the password again: the session is fresh, its token new. Answers the new token. */
    async reauthenticate(held: Held, account: AccountRow, password: string): Promise<string> {
      await prove(held, account, password);
      return sessions.rotate(held, true);
    },
  };
}
