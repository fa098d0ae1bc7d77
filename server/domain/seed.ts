/**
 * Made-up accounts and live sessions for load tests: as if each had been signed in within the last day, on some
 * device, from somewhere. Rows, lists and deadlines are those of a real sign-in; only the password's hash is
 * shared, because hashing is what would take hours. Works through batches, so a million need no more memory
 * than a thousand.
 */
import { randomInt } from "node:crypto";
import type { AccountId, SessionId } from "../../shared/ids.ts";
import { ofNewcomers, type AccountStore } from "./accounts.ts";
import { describeDevice, type DeviceDescription } from "./device.ts";
import { hashSecret } from "./door.ts";
import {
  hashDevice,
  newAccountId,
  newDevice,
  newSecret,
  newSessionId,
  type NewSession,
} from "./sessions.ts";

export interface SeededSession extends NewSession {
  accountId: AccountId;
  lastSeenAt: number;
}

export interface SeedStore {
  /** Write live sessions of accounts that were just made, as their sign-ins would have. */
  write(sessions: readonly SeededSession[]): Promise<void>;
}

export interface SeedOptions {
  store: SeedStore;
  accounts: Pick<AccountStore, "create">;
  /** Redis time in milliseconds. */
  redisNow(): number;
  /** The generation of everyone. */
  generation(): number;
  lifetimes: { idle: number; lifetime: number };
}

export interface SeedOrder {
  accounts: number;
  sessionsPerAccount: number;
  passwordHash: string;
}

export interface Seeded {
  account: AccountId;
  username: string;
  sessionId: SessionId;
  token: string;
}

type Place = Pick<NewSession, "ip" | "location">;

const day = 24 * 60 * 60 * 1000;
const sessionsAtOnce = 1000;

const userAgents = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
  "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
  "curl/8.16.0",
];

/** Makes accounts and their sessions, a batch at a time; a batch is yielded once it is in Redis. */
export async function* seedSessions(
  options: SeedOptions,
  order: SeedOrder,
): AsyncGenerator<Seeded[]> {
  const { store, accounts } = options;
  const { passwordHash, sessionsPerAccount } = order;
  const devices = userAgents.map(describeDevice);
  // Another run must not meet the names of this one.
  const run = newAccountId().slice(-5);
  const accountsAtOnce = Math.max(1, Math.floor(sessionsAtOnce / sessionsPerAccount));

  async function seedAccount(number: number): Promise<{ id: AccountId; username: string }> {
    const account = { id: newAccountId(), username: `seed-${run}-${number}` };
    const fields = { username: account.username, passwordHash, permissions: [...ofNewcomers] };
    await accounts.create(account.id, account.username, fields);
    return account;
  }

  for (let made = 0; made < order.accounts; made += accountsAtOnce) {
    const count = Math.min(accountsAtOnce, order.accounts - made);
    const owners = await Promise.all(
      Array.from({ length: count }, (_, index) => seedAccount(made + index + 1)),
    );
    const sessions: SeededSession[] = [];
    const seeded: Seeded[] = [];
    for (const { id: account, username } of owners)
      for (let index = 0; index < sessionsPerAccount; index++) {
        const secret = newSecret();
        const session = inventSession(options, account, secret, pick(devices));
        sessions.push(session);
        const token = `${session.id}.${secret}`;
        seeded.push({ account, username, sessionId: session.id, token });
      }
    await store.write(sessions);
    yield seeded;
  }
}

/** Signed in within the last day with a good part of its lifetime left, and seen lately enough to live. */
function inventSession(
  { redisNow, generation, lifetimes }: SeedOptions,
  accountId: AccountId,
  secret: string,
  device: DeviceDescription,
): SeededSession {
  const now = Math.floor(redisNow());
  const age = randomInt(Math.min(day, Math.ceil((lifetimes.lifetime * 3) / 4)));
  const at = now - age;
  return {
    id: newSessionId(accountId),
    at,
    lastSeenAt: Math.max(at, now - randomInt(Math.ceil(lifetimes.idle / 2))),
    kind: "account",
    accountId,
    secretHash: hashSecret(secret),
    globalGeneration: generation(),
    idleFor: lifetimes.idle,
    lifetime: lifetimes.lifetime,
    method: "password",
    ...inventPlace(),
    deviceHash: hashDevice(newDevice()),
    name: null,
    isUnfamiliar: false,
    device,
  };
}

/** Networks that are set aside for benchmarks and documentation (RFC 2544, RFC 3849), and homes. */
function inventPlace(): Place {
  const byte = () => randomInt(1, 255);
  switch (randomInt(4)) {
    case 0:
      return { ip: `192.168.${byte()}.${byte()}`, location: "Local network" };
    case 1:
      return { ip: `2001:db8:${byte().toString(16)}::${byte().toString(16)}`, location: null };
    default:
      return { ip: `198.${randomInt(18, 20)}.${byte()}.${byte()}`, location: null };
  }
}

const pick = <T>(list: readonly T[]): T => list[randomInt(list.length)];
