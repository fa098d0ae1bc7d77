// The family of a remembered device, or of an app's refresh tokens: tabs race, replies get lost, laptops sleep, and
// none of that is theft; who replays what was used is found out every time.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashSecret } from "../../server/domain/door.ts";
import type { FamilyStore } from "../../server/domain/families.ts";
import { newFamilyId } from "../../server/domain/sessions.ts";
import { openConnection, type Connection } from "../../server/redis/connect.ts";
import { createFamilyStore, moment } from "../../server/redis/families.ts";
import { family as familyKey } from "../../server/redis/keys.ts";
import { createBrowser, type Answer, type Browser } from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";
import {
  background,
  bearer,
  familyOf,
  letTimePass,
  openApp,
  openRemembered,
  redeem,
  rememberCookie,
  restart,
  type App,
  type Remembered,
} from "./holders.ts";

let server: TestServer;
let connection: Connection;
let store: FamilyStore;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  const log = { info: () => {}, warn: () => {} };
  connection = openConnection({ url: server.redis.url, name: "test", deadline: 2000, log });
  await connection.ready();
  store = createFamilyStore(connection);
});

afterAll(async () => {
  connection.close();
  await server.stop();
});

const addressOf = (turn: number): string => server.nodes[turn % 2].address;
const hour = 60 * 60_000;

/** Numbers that look random and are the same in each run. */
function createDice(seed: number) {
  let state = seed;
  return (sides: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** Tabs start together or a little apart: some while others are already using what they were given. */
const offset = (dice: (sides: number) => number): number => (dice(3) === 0 ? dice(24) : dice(3));

const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("the family, step by step", () => {
  /** What anybody may present next, and what time and use do in between. */
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("present" as const),
        back: fc.constantFrom(0, 0, 1, 1, 1, 2, -1),
        recovering: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("pass" as const),
        time: fc.constantFrom(7000, 40_000),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ do: "use" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "prove" as const }) },
  );

  /** The rule in the words of DESIGN, apart from the script that keeps it. */
  function createOracle(withSecret: boolean) {
    const state = { head: 1, givenFor: 0, used: false, provedFor: 0, secret: "password" as string };
    return {
      state,
      present(number: number, recovering: boolean) {
        const follows = number === state.head - 1 && (state.givenFor <= moment || !state.used);
        if (number < state.head && !follows) return "theft";
        const proved = state.provedFor <= moment;
        if (follows && (!withSecret || state.secret === `member ${state.head}`)) {
          if (!state.used) state.givenFor = 0;
          return "same";
        }
        if (withSecret && proved && (follows || recovering)) return "stale";
        state.head = number + 1;
        Object.assign(state, { givenFor: 0, used: false });
        if (withSecret) state.secret = `member ${state.head}`;
        return "next";
      },
    };
  }

  test.each([
    ["remembered browsers", true],
    ["refresh tokens", false],
  ])("follows the rule whatever %s meet, in whatever order", async (_, withSecret) => {
    const account = await server.createAccount();
    const { core } = server.nodes[0];
    const row = (await core.accountStore.find(account.id))!;
    const visitor = { ip: "127.0.0.1", location: null, userAgent: undefined, device: null };
    const run = async (steps: (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) => {
      const { held } = await core.sessions.open(row, visitor, null);
      const { id } = held.row;
      const family = newFamilyId(id);
      await store.start(id, { id: family, lifetime: hour });
      const secretHash = (member: number) => hashSecret(`${family} ${member}`);
      const oracle = createOracle(withSecret);
      const { state } = oracle;
      let present = hashSecret(held.token.slice(id.length + 1));
      for (const one of steps) {
        if (one.do === "pass") {
          await letTimePass(server, id, one.time);
          state.givenFor += one.time;
          state.provedFor += one.time;
        } else if (one.do === "use") {
          const member = withSecret ? undefined : state.head;
          const found = await core.sessionStore.find(id, withSecret ? present : null, member);
          expect(found.state).toBe("live");
          state.used = true;
        } else if (one.do === "prove") {
          if (!withSecret) continue;
          const next = hashSecret(`${family} proved ${Math.random()}`);
          await core.sessionStore.rotate(id, present, next, true);
          present = next;
          Object.assign(state, { secret: "password", provedFor: 0 });
        } else {
          const number = Math.max(1, state.head - one.back);
          const expected = oracle.present(number, one.recovering);
          const redeemed = await store.redeem(family, {
            number,
            secretHash: withSecret ? secretHash(number + 1) : null,
            idleFor: hour,
            lifetime: hour,
            recovering: one.recovering,
          });
          expect(redeemed.state).toBe(expected);
          const [head, used] = (await connection.call([
            "HMGET",
            familyKey(family),
            "n",
            "u",
          ])) as string[];
          expect([Number(head), used === "1"]).toEqual([state.head, state.used]);
          if (withSecret && expected === "next") present = secretHash(number + 1);
          if (expected === "theft") return;
        }
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 20 }), run), {
      numRuns: 400,
      interruptAfterTimeLimit: 20_000,
      markInterruptAsFailure: false,
    });
  });
});

describe("a device that is re-opened a thousand times", () => {
  const runs = 500;
  const devices = 4;

  /** One request of one tab, sent with the cookies of this moment; `lost`: its answer never arrives. */
  async function ask(
    browser: Browser,
    dice: (sides: number) => number,
    lost = false,
  ): Promise<Answer> {
    browser.moveTo(addressOf(dice(2)));
    const before = new Map(browser.cookies);
    const answer = await browser.get("/api/me", background);
    if (lost) {
      browser.cookies.clear();
      for (const [name, value] of before) browser.cookies.set(name, value);
    }
    return answer;
  }

  async function reopen(
    { browser, id }: Remembered,
    dice: (sides: number) => number,
  ): Promise<void> {
    restart(browser);
    const answers: Answer[] = [];
    const tale = dice(4);
    const tabs = tale === 0 ? 2 : 3;
    if (tale >= 2) {
      // Nobody received the successor: the connection broke, or the laptop was closed at that moment.
      answers.push(await ask(browser, dice, true));
      if (tale === 3) await letTimePass(server, id, hour);
    }
    // All of them with what the browser had when they were sent; each goes on as soon as it has its answer.
    const jar = new Map(browser.cookies);
    const tab = async () => {
      const page = createBrowser(addressOf(dice(2)));
      for (const [name, value] of jar) page.cookies.set(name, value);
      await after(offset(dice));
      const first = await ask(page, dice);
      answers.push(first, await ask(page, dice));
      for (const [name, value] of page.cookies) browser.cookies.set(name, value);
    };
    await Promise.all(Array.from({ length: tabs }, tab));
    for (const { body } of answers) expect(body.session).toMatchObject({ id, remembered: true });
    const { body } = await browser.get("/api/sessions", background);
    expect(body.sessions.map((one: { id: string }) => one.id)).toEqual([id]);
    expect(body.ended).toEqual([]);
    // The tabs agree: one head, and the browser has it.
    const head = (await server.command("HGET", (await familyOf(server, id))!, "n")) as string;
    expect(browser.cookies.get(rememberCookie)?.split(".")[1]).toBe(head);
  }

  test("by tabs that race, after lost replies and after sleep, stays one row and is never taken for a thief's", async () => {
    await Promise.all(
      Array.from({ length: devices }, async (_, device) => {
        const dice = createDice(device + 1);
        const { username } = await server.createAccount();
        const remembered = await openRemembered(addressOf(device), username);
        for (let run = 0; run < runs / devices; run++) await reopen(remembered, dice);
      }),
    );
  });

  async function renew(app: App, dice: (sides: number) => number): Promise<void> {
    const spent = app.refreshToken;
    const tale = dice(4);
    if (tale >= 2) {
      expect((await redeem(addressOf(dice(2)), spent)).status).toBe(200);
      if (tale === 3) await letTimePass(server, app.id, hour);
    }
    const process = async () => {
      await after(offset(dice));
      const address = addressOf(dice(2));
      const renewed = await redeem(address, spent);
      expect(renewed).toMatchObject({ status: 200, body: { session: { id: app.id } } });
      const used = await createBrowser(address).get("/api/me", bearer(renewed.body.access_token));
      expect(used.body.session).toMatchObject({ id: app.id, kind: "token", current: true });
      return renewed.body as { access_token: string; refresh_token: string };
    };
    const answers = await Promise.all(Array.from({ length: tale === 0 ? 2 : 3 }, process));
    expect(new Set(answers.map((one) => one.refresh_token)).size).toBe(1);
    app.refreshToken = answers[0].refresh_token;
    app.accessToken = answers[0].access_token;
  }

  test("by refresh tokens, as an app whose processes race, stays one row and is never taken for a thief's", async () => {
    await Promise.all(
      Array.from({ length: devices }, async (_, device) => {
        const dice = createDice(100 + device);
        const { username } = await server.createAccount();
        const app = await openApp(addressOf(device), username);
        for (let run = 0; run < runs / devices; run++) await renew(app, dice);
        const list = await createBrowser(server.address).get(
          "/api/sessions",
          bearer(app.accessToken),
        );
        expect(list.body.sessions).toHaveLength(1);
        expect(list.body.ended).toEqual([]);
      }),
    );
  });
});
