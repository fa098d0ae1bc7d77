// How often somebody may try: guessing is bounded, and whoever hammers an account does not lock its owner out.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createBrowser,
  goodPassword,
  next,
  setUpAdmin,
  signInBrowser,
  type Answer,
  type Browser,
} from "../support/client.ts";
import { setupToken, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  // Every test has an address of its own: a trusted proxy says which.
  server = await startServer({
    nodes: 2,
    env: { TRUST_PROXY: "127.0.0.0/8", METRICS_TOKEN: "metrics-token" },
  });
});
afterAll(() => server.stop());

let addresses = 0;
/** A browser somewhere else in the world. */
function createRemoteBrowser(node = 0, address = `203.0.113.${++addresses}`): Browser {
  const browser = createBrowser(server.nodes[node].address);
  const from = { "x-forwarded-for": address };
  const { ask } = browser;
  const askFrom: Browser["ask"] = (method, path, body, headers) =>
    ask(method, path, body, { ...from, ...headers });
  return {
    ...browser,
    ask: askFrom,
    post: (path, body) => askFrom("POST", path, body),
    put: (path, body) => askFrom("PUT", path, body),
    signIn: (username, password = goodPassword) =>
      askFrom("POST", "/api/sign-in", { username, password }),
  };
}

const wrongPassword = "wrong horse battery 12";
const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status);

/** Try a wrong password until told to wait; answers every answer, the refusal last. */
async function hammer(attempt: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  do answers.push(await attempt());
  while (answers.at(-1)?.status === 401 && answers.length < 100);
  return answers;
}

function expectToldToWait(answer: Answer | undefined): void {
  expect(answer).toMatchObject({ status: 429, body: { code: "too_many_attempts" } });
  expect(Number(answer?.headers.get("retry-after"))).toBeGreaterThan(0);
}

describe("guessing one account's password", () => {
  test("ends in waiting, while the owner still signs in from a browser that is known", async () => {
    const account = await server.createAccount();
    const owner = createRemoteBrowser(1);
    expect((await owner.signIn(account.username)).status).toBe(200);

    const answers = await hammer(() =>
      createRemoteBrowser(0).signIn(account.username, wrongPassword),
    );

    expect(answers).toHaveLength(11);
    for (const answer of answers.slice(0, -1)) expect(answer.body.code).toBe("invalid_credentials");
    expectToldToWait(answers.at(-1));
    // Also with the right password, on every node, in any spelling of the name.
    const { username } = account;
    for (const name of [username, username.toUpperCase(), ` ${username} `])
      for (const node of [0, 1]) expectToldToWait(await createRemoteBrowser(node).signIn(name));
    expect((await owner.post("/api/sign-out")).status).toBe(204);
    expect((await owner.signIn(username)).status).toBe(200);
    // Being known is worth ten guesses, not endless ones.
    const ownersOwn = await hammer(() => owner.signIn(username, wrongPassword));
    expect(ownersOwn).toHaveLength(11);
    expectToldToWait(ownersOwn.at(-1));
  });

  test("costs nothing when it is right: signing in again and again is never refused", async () => {
    const account = await server.createAccount();
    const answers: Answer[] = [];
    for (let at = 0; at < 15; at++)
      answers.push(await createRemoteBrowser(at % 2).signIn(account.username));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
  });

  test("looks the same whether the account exists or not", async () => {
    const account = await server.createAccount();
    const shown = async (username: string) => {
      const answers = await hammer(() => createRemoteBrowser().signIn(username, wrongPassword));
      return answers.map(({ status, headers, body }) => {
        const { requestId, ...rest } = body;
        expect(requestId).toBeTruthy();
        const kept = [...headers].filter(
          ([name]) => !/^(date|x-request-id|retry-after|content-length)$/.test(name),
        );
        return { status, headers: kept, body: rest };
      });
    };
    expect(await shown("nobody-of-this-name")).toEqual(await shown(account.username));
  });

  test("tells a disabled account's from a wrong one only to who knows the password", async () => {
    const account = await server.createAccount();
    await server.nodes[0].core.accounts.setStatus(account.id, true);
    expect(await createRemoteBrowser().signIn(account.username, wrongPassword)).toMatchObject({
      status: 401,
      body: { code: "invalid_credentials" },
    });
    expect(await createRemoteBrowser().signIn(account.username)).toMatchObject({
      status: 403,
      body: { code: "account_disabled" },
    });
  });
});

describe("guessing from one address", () => {
  test("ends in waiting over all accounts, and harms no other address", async () => {
    const attacker = createRemoteBrowser();
    let guesses = 0;
    const answers = await hammer(() => attacker.signIn(`guess-${++guesses}`, wrongPassword));
    expect(answers).toHaveLength(51);
    expectToldToWait(answers.at(-1));
    const account = await server.createAccount();
    expectToldToWait(await attacker.signIn(account.username));
    expect((await createRemoteBrowser().signIn(account.username)).status).toBe(200);
  });

  test("counts a whole IPv6 network as one", async () => {
    let guesses = 0;
    const attempt = () => {
      const address = `2001:db8:1:2::${(++guesses).toString(16)}`;
      return createRemoteBrowser(guesses % 2, address).signIn(`v6-${guesses}`, wrongPassword);
    };
    expect(await hammer(attempt)).toHaveLength(51);
    const neighbour = createRemoteBrowser(0, "2001:db8:1:3::1");
    expect((await neighbour.signIn("v6-1", wrongPassword)).status).toBe(401);
  });

  test("is not made endless by inventing addresses in front of one's own", async () => {
    let guesses = 0;
    const attempt = () =>
      createRemoteBrowser(0, `10.9.8.${++guesses}, 198.51.100.77`).signIn(
        `liar-${guesses}`,
        wrongPassword,
      );
    expect(await hammer(attempt)).toHaveLength(51);
  });
});

describe("proving the password again", () => {
  test("may fail five times, and the session goes on meanwhile", async () => {
    const account = await server.createAccount();
    const browser = createRemoteBrowser();
    await browser.signIn(account.username);
    const prove = (password: string) => browser.post("/api/reauthenticate", { password });
    const answers = await hammer(() => prove(wrongPassword));
    expect(statuses(answers)).toEqual([401, 401, 401, 401, 401, 429]);
    for (const answer of answers.slice(0, -1)) expect(answer.body.code).toBe("invalid_credentials");
    expectToldToWait(await prove(goodPassword));
    expect((await browser.get("/api/sessions")).status).toBe(200);
  });
});

describe("setting up", () => {
  test("may fail ten times from one address", async () => {
    const attacker = createRemoteBrowser();
    const attempt = () =>
      attacker.post("/api/setup", { token: "guessed", username: "a", password: goodPassword });
    const answers: Answer[] = [];
    for (let at = 0; at < 11; at++) answers.push(await attempt());
    expect(answers.slice(0, -1).every(({ body }) => body.code === "wrong_setup_token")).toBe(true);
    expectToldToWait(answers.at(-1));
    expect((await setUpAdmin(server.address, setupToken)).cookies.size).toBe(2);
  });
});

describe("too many at once", () => {
  test("are told to come again, and who is signed in notices nothing", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const page = await browser.openPage();
    const flood = Array.from({ length: 60 }, (_, at) =>
      createRemoteBrowser(0).signIn(`flood-${at}`, wrongPassword),
    );
    const told = next(page, "session:changed", ({ device }) => device.name === "Still here");
    const { body } = await browser.get("/api/sessions");
    await browser.patch(`/api/sessions/${body.sessions[0].id}`, { name: "Still here" });
    await told;
    const answers = await Promise.all(flood);
    for (const answer of answers) if (answer.status !== 401) expectToldToWait(answer);
    browser.close();
  });
});
