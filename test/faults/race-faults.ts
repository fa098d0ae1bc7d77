/**
 * F20: everything that can happen to the sessions of one account, at the same time, on two nodes, each begun a
 * random moment later. However it falls out: what was acknowledged as ended is let in nowhere, the lists say
 * what the rows say, the limit holds and one device has one row.
 */
import fc from "fast-check";
import { expect } from "vitest";
import type { SessionId } from "../../shared/ids.ts";
import { readConfig } from "../../server/config.ts";
import { createCore, type Core } from "../../server/core.ts";
import type { Held } from "../../server/domain/door.ts";
import type { AccountRow } from "../../server/domain/session.ts";
import { newAccountId } from "../../server/domain/sessions.ts";
import { DomainError } from "../../shared/errors.ts";
import { eventually } from "../support/client.ts";
import { startRedis } from "../support/redis.ts";
import { sessionOf } from "./requests.ts";

const limit = 4;
const keyMaterial = "key material of the races";
const log = { info() {}, warn() {}, error() {}, debug() {} };

const anyStep = fc.record({
  kind: fc.constantFrom(
    ...([
      "open",
      "open",
      "rotate",
      "end",
      "endOthers",
      "endAll",
      "keep",
      "touch",
      "upgrade",
    ] as const),
  ),
  which: fc.nat(9),
  node: fc.nat(1),
  after: fc.nat(4),
});
type Step = typeof anyStep extends fc.Arbitrary<infer S> ? S : never;

export async function raceEverything(seeds: number): Promise<void> {
  let steps = 0;
  await withTwoNodes((cores) =>
    fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 4, maxLength: 14 }), async (race) => {
        steps += race.length;
        await runRace(cores, race);
      }),
      // A race falls out differently each time: a smaller one proves nothing.
      { numRuns: seeds, endOnFailure: true },
    ),
  );
  console.log(`F20 races: ${seeds} seeds, ${steps} steps, the oracle agreed with each`);
}

/**
 * The narrowest of these races, held still: another request has ended a session on its slot and has not told the
 * ledger yet. Who is then told that all others are ended, or signs in over a guest, must be able to rely on it.
 */
export async function endAfterUntoldEnd(): Promise<void> {
  await withTwoNodes(async ([one, other]) => {
    const account = await makeAccount(one);
    const [kept, untold] = [await openOn(one, account, 1), await openOn(one, account, 2)];
    const guest = await openOn(one, null, 3);
    for (const { token } of [untold, guest])
      for (const core of [one, other]) expect((await core.door.check(token)).state).toBe("held");
    for (const { row } of [untold, guest])
      await other.sessionStore.end(row.id, { reason: "revoked", account: null });
    await one.ends.endOthers(account.id, kept.row.id, { reason: "revoked" });
    for (const core of [one, other])
      expect((await core.door.check(untold.token)).state).toBe("ended");
    await one.signIn.enter(account, visitorOn(3), guest);
    expect((await one.door.check(guest.token)).state).not.toBe("held");
  });
}

const openOn = async (core: Core, account: AccountRow | null, device: number): Promise<Held> =>
  (await core.sessions.open(account, visitorOn(device), null)).held;

async function withTwoNodes(work: (cores: [Core, Core]) => Promise<void>): Promise<void> {
  const redis = await startRedis();
  const cores: [Core, Core] = [openNode(redis.url), openNode(redis.url)];
  try {
    for (const core of cores) {
      await core.connect();
      await core.ledger.start();
    }
    await work(cores);
  } finally {
    for (const core of cores) {
      await core.ledger.stop();
      core.close();
    }
    await redis.stop();
  }
}

function openNode(url: string): Core {
  const count = { ends() {}, signIn() {} };
  const env = { REDIS_URL: url, RATE_LIMITS: "off", SESSIONS_PER_ACCOUNT: String(limit) };
  return createCore({ config: readConfig(env), url, role: "node", keyMaterial, log, count });
}

async function makeAccount(core: Core): Promise<AccountRow> {
  const id = newAccountId();
  await core.accountStore.create(id, id, { username: id, passwordHash: "none", permissions: [] });
  const account = await core.accountStore.find(id);
  if (account === null) throw new Error("the account was not made");
  return account;
}

const visitorOn = (device: number) => ({
  ip: "127.0.0.1",
  location: null,
  userAgent: undefined,
  device: `device-${device}`,
});

async function runRace(cores: readonly Core[], race: readonly Step[]): Promise<void> {
  const [core] = cores;
  const account = await makeAccount(core);
  const played = createRace(cores, account);
  for (let device = 0; device < 3; device++) await played.open(core, device);
  await Promise.all(race.map((step) => played.play(step)));
  await played.judge();
}

function createRace(cores: readonly Core[], account: AccountRow) {
  /** Every token there ever was of a session, the newest last. */
  const tokens = new Map<SessionId, string[]>();
  const ended = new Set<SessionId>();
  const guests = new Set<SessionId>();

  async function open(core: Core, device: number): Promise<void> {
    const opened = await core.sessions.open(account, visitorOn(device), null);
    note(opened.held.token);
  }

  function note(token: string): void {
    const session = sessionOf(token) as SessionId;
    tokens.set(session, [...(tokens.get(session) ?? []), token]);
  }

  async function expectRefused(session: SessionId): Promise<void> {
    for (const core of cores)
      for (const token of tokens.get(session) ?? [])
        expect((await core.door.check(token)).state).not.toBe("held");
  }

  async function acknowledge(sessions: readonly SessionId[]): Promise<void> {
    for (const session of sessions) ended.add(session);
    for (const session of sessions) await expectRefused(session);
  }

  async function rotate(core: Core, session: SessionId): Promise<void> {
    const checked = await core.door.check(tokens.get(session)?.at(-1) ?? "");
    if (checked.state === "held") note(await core.sessions.rotate(checked.held, true));
  }

  async function keep(core: Core, session: SessionId): Promise<void> {
    const kept = await core.sessionStore.kept(session);
    if (kept !== null) await core.sessionStore.keep(session, kept.version, '{"kept":true}');
  }

  /** A guest's visit that becomes the account's: the guest's session is gone without a trace. */
  async function upgrade(core: Core, device: number): Promise<void> {
    const guest = await core.sessions.open(null, visitorOn(device), null);
    guests.add(guest.held.row.id);
    note(guest.held.token);
    const opened = await core.signIn.enter(account, visitorOn(device), guest.held);
    note(opened.held.token);
    await acknowledgeLocally(core, guest.held.row.id);
  }

  /** A sign-in does not wait for the other nodes; on its own node it is done. */
  async function acknowledgeLocally(core: Core, session: SessionId): Promise<void> {
    for (const token of tokens.get(session) ?? [])
      expect((await core.door.check(token)).state).not.toBe("held");
    ended.add(session);
  }

  async function act(step: Step, core: Core): Promise<void> {
    const present = [...tokens.keys()];
    const session = present[step.which % present.length];
    switch (step.kind) {
      case "open":
        return open(core, step.which % 6);
      case "upgrade":
        return upgrade(core, step.which % 6);
      case "rotate":
        return rotate(core, session);
      case "keep":
        return keep(core, session);
      case "touch":
        return core.sessionStore
          .touch(new Map([[session, Date.now() + step.which]]))
          .then(() => {});
      case "end":
        await core.ends.endOne(session, null, { reason: "revoked" });
        return acknowledge([session]);
      case "endOthers":
        await core.ends.endOthers(account.id, session, { reason: "revoked" });
        return acknowledge(ofAccount(present).filter((one) => one !== session));
      case "endAll":
        await core.ends.endAll(account.id, { reason: "admin" });
        return acknowledge(ofAccount(present));
    }
  }

  const ofAccount = (sessions: readonly SessionId[]): SessionId[] =>
    sessions.filter((session) => !guests.has(session));

  return {
    open,

    async play(step: Step): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, step.after));
      try {
        await act(step, cores[step.node]);
      } catch (error) {
        // Lost the race: it was ended, replaced or rotated by another step, and says so.
        if (!(error instanceof DomainError)) throw error;
        if (!lostRaces.has(error.code)) throw error;
      }
    },

    async judge(): Promise<void> {
      const head = Math.max(...cores.map((core) => core.ledger.head().seq));
      await eventually(() => cores.every((core) => core.ledger.head().seq >= head));
      for (const session of ended) await expectRefused(session);
      const [core] = cores;
      const { live } = await core.sessionStore.list(account.id);
      const ids = ofAccount([...tokens.keys()]);
      const rows = await core.sessionStore.rows(ids);
      const alive = ids.filter((_, at) => rows[at] !== null && rows[at]?.end === undefined);
      const listed = live.map(({ id }) => id);
      for (const session of alive) expect(listed).toContain(session);
      for (const session of ended) expect(listed).not.toContain(session);
      expect(live.length).toBeLessThanOrEqual(limit);
      expect(new Set(live.map((row) => row.deviceHash)).size).toBe(live.length);
      for (const [session, issued] of tokens)
        for (const token of issued.slice(0, -1))
          for (const one of cores)
            expect(`${session} ${(await one.door.check(token)).state}`).not.toMatch(/held$/);
    },
  };
}

const lostRaces = new Set(["unavailable", "session_ended", "stale_token", "session_not_found"]);
