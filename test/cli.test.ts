// The command line as a person uses it: its own process against running servers on one Redis. One client acts
// there, another must see it in an open page.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPassword } from "../server/cli/password.ts";
import { sessionIndex } from "../server/redis/keys.ts";
import { findEmbeddedRedis, openEmbeddedRedis } from "../server/redis/embedded.ts";
import { permissions as allPermissions } from "../shared/contract/accounts.ts";
import type { SessionId } from "../shared/ids.ts";
import { createBrowser, eventually, goodPassword, next, signInBrowser } from "./support/client.ts";
import { userAgents, type Browser } from "./support/client.ts";
import { runCommand, type Outcome } from "./support/command-line.ts";
import { startRedis } from "./support/redis.ts";
import { startServer, type TestServer } from "./support/server.ts";

const otherPassword = "velvet harbour 92 quartz";
let server: TestServer;
let folder: string;
const opened: Browser[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "rollcall-cli-"));
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
});

afterAll(async () => {
  for (const browser of opened) browser.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (
  args: readonly string[],
  { input = "", env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<Outcome> =>
  runCommand(args, {
    input,
    env: { DATA_DIR: path.join(folder, "data"), REDIS_URL: server.redis.url, ...env },
  });

async function runWell(args: readonly string[], input?: string): Promise<string> {
  const outcome = await run(args, { input: input ?? "" });
  expect(outcome).toMatchObject({ code: 0, complaint: "" });
  return outcome.output;
}

/** An account with a laptop on the first server and a phone on the second, and a page open on each. */
async function signInTwice() {
  const account = await server.createAccount();
  const laptop = await signInBrowser(server.nodes[0].address, account.username);
  const phone = await signInBrowser(server.nodes[1].address, account.username, userAgents.phone);
  opened.push(laptop.browser, phone.browser);
  return {
    ...account,
    laptop: { ...laptop, page: await laptop.browser.openPage() },
    phone: { ...phone, page: await phone.browser.openPage() },
  };
}

async function signInAdmin() {
  const { username } = await server.createAccount([...allPermissions]);
  const { browser } = await signInBrowser(server.address, username);
  opened.push(browser);
  return browser;
}

describe("an account made on the command line", () => {
  test("signs in over HTTP with the password from standard input and may do what it was given", async () => {
    const args = ["account", "create", "Ada.L", "--name", "Ada Lovelace", "--country", "gb"];
    const output = await runWell(
      [...args, "--city", "London", "--permission", "sessions:read", "accounts:read"],
      `${goodPassword}\n`,
    );
    expect(output).toMatch(/^Created Ada\.L \([0-9a-z]{16}\)\.\n/);
    expect(output).not.toContain(goodPassword);
    const browser = createBrowser(server.address);
    expect((await browser.signIn("ada.l")).status).toBe(200);
    expect((await browser.get("/api/me")).body).toMatchObject({
      account: { username: "Ada.L", name: "Ada Lovelace", country: "GB", city: "London" },
      permissions: ["sessions:read", "accounts:read"],
    });
    const listed = await browser.get("/api/admin/accounts?q=ada");
    expect(listed.body.accounts).toHaveLength(1);
  });

  test("gets a random password that is shown once, and as admin every permission", async () => {
    const output = await runWell(["account", "create", "root", "--admin", "--random-password"]);
    const password = /^Password, shown this once: (\S{20})$/m.exec(output)?.[1] ?? "";
    const browser = createBrowser(server.address);
    expect((await browser.signIn("root", password)).body).toMatchObject({
      account: { permissions: allPermissions },
    });
  });

  test("is refused in one line when its name is taken or its password easy to guess", async () => {
    const { username } = await server.createAccount();
    const [taken, weak, none] = await Promise.all([
      run(["account", "create", username], { input: goodPassword }),
      run(["account", "create", "weakling"], { input: "password1\n" }),
      run(["account", "create", "wordless"]),
    ]);
    expect(taken).toEqual({ code: 1, output: "", complaint: "That username is taken.\n" });
    expect(weak).toMatchObject({ code: 1, output: "" });
    expect(weak.complaint).toMatch(/^This password is easy to guess\..*\n$/);
    expect(none.complaint).toBe("No password came on standard input.\n");
  });

  test("is found by the beginning of its username", async () => {
    const { username } = await server.createAccount(["sessions:end"]);
    const output = await runWell(["account", "list", "--query", username]);
    expect(output).toMatch(/^USERNAME +NAME +PLACE +STATUS +CREATED +MAY\n/);
    expect(output).toMatch(new RegExp(`^${username} +- +- +active +just now +sessions:end$`, "m"));
    const lines = (await runWell(["account", "list", "--json"])).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).username)).toContain(username);
  });
});

describe("ending sessions from the command line", () => {
  test("cuts an open page at once, tells the other device, and prints who confirmed it", async () => {
    const { laptop, phone } = await signInTwice();
    const signedOut = next(phone.page, "signed-out");
    const closed = new Promise((resolve) => phone.page.once("disconnect", resolve));
    const told = next(laptop.page, "session:ended");
    const output = await runWell(["sessions", "end", phone.id, "--message", "Lost and found"]);
    expect(output).toMatch(
      /^Ended 1 session\. Confirmed by 2 of 2 servers in [\d,]+ ms, 1 open page closed\.\n$/,
    );
    expect(await signedOut).toMatchObject({ reason: "admin", message: "Lost and found" });
    expect(await closed).toBe("io server disconnect");
    expect(await told).toMatchObject({ id: phone.id, reason: "admin" });
    expect((await phone.browser.get("/api/sessions")).body).toMatchObject({
      code: "session_ended",
      reason: "admin",
    });
    const { sessions, ended } = (await laptop.browser.get("/api/sessions")).body;
    expect(sessions.map(({ id }: { id: string }) => id)).toEqual([laptop.id]);
    expect(ended[0]).toMatchObject({ id: phone.id, message: "Lost and found" });

    expect(await runWell(["sessions", "end", phone.id])).toMatch(/^Ended 0 sessions\. Confirmed/);
  });

  test("leaves the admin's list and the activity log as an end over HTTP does", async () => {
    const { username, phone } = await signInTwice();
    await runWell(["sessions", "end", phone.id]);
    const index = await server.command(
      "ZSCORE",
      sessionIndex("account", phone.id as SessionId),
      phone.id,
    );
    expect(index).toBeNull();
    const events = JSON.stringify(await server.command("XRANGE", "{activity}log", "-", "+"));
    expect(events).toContain(`"sessionId\\":\\"${phone.id}`);
    const admin = await signInAdmin();
    const page = await admin.get(`/api/admin/sessions?q=${username}`);
    expect(page.body.sessions).toHaveLength(1);
  });

  test("takes a whole account, and then everyone", async () => {
    const one = await signInTwice();
    const other = await signInTwice();
    const cut = [next(one.laptop.page, "signed-out"), next(one.phone.page, "signed-out")];
    const output = await runWell(["sessions", "end", "--account", one.username]);
    expect(output).toMatch(/^Ended 2 sessions\..* 2 open pages closed\.\n$/);
    await Promise.all(cut);
    expect((await other.laptop.browser.get("/api/sessions")).status).toBe(200);

    const lastCut = next(other.phone.page, "signed-out");
    expect(await runWell(["sessions", "end", "--everyone"])).toMatch(
      /^Ended \d+ sessions\. Confirmed by 2 of 2 servers/,
    );
    expect(await lastCut).toMatchObject({ reason: "admin" });
    const answers = await Promise.all(
      [other.laptop, other.phone].map(({ browser }) => browser.get("/api/sessions")),
    );
    expect(answers.map(({ body }) => body.code)).toEqual(["session_ended", "session_ended"]);
  });

  test("refuses what is not there, and what does not say which", async () => {
    const [unknown, nobody, vague, both, malformed] = await Promise.all([
      run(["sessions", "end", "0".repeat(20)]),
      run(["sessions", "end", "--account", "nobody-here"]),
      run(["sessions", "end"]),
      run(["sessions", "end", "0".repeat(20), "--everyone"]),
      run(["sessions", "end", "not an id"]),
    ]);
    expect(unknown).toEqual({ code: 1, output: "", complaint: "There is no such session.\n" });
    expect(nobody).toMatchObject({ code: 1, complaint: 'There is no account "nobody-here".\n' });
    const which = "Say which: an id, --account <username>, or --everyone.\n";
    expect(vague).toMatchObject({ code: 2, complaint: which });
    expect(both).toMatchObject({ code: 2, complaint: which });
    expect(malformed).toMatchObject({ code: 2, complaint: "id is not a session id\n" });
  });
});

describe("changing an account from the command line", () => {
  test("shows granted and withdrawn permissions in an open page at once", async () => {
    const { username, laptop } = await signInTwice();
    const granted = next(laptop.page, "permissions:changed");
    const output = await runWell(["account", "grant", username, "sessions:read", "accounts:read"]);
    expect(output).toMatch(
      /may sessions:read, accounts:read\.\nConfirmed by 2 of 2 servers in [\d,]+ ms\.\n$/,
    );
    expect(await granted).toMatchObject({ added: ["sessions:read", "accounts:read"], removed: [] });
    expect((await laptop.browser.get("/api/admin/sessions")).status).toBe(200);

    const withdrawn = next(laptop.page, "permissions:changed");
    await runWell(["account", "withdraw", username, "sessions:read"]);
    expect(await withdrawn).toMatchObject({
      permissions: ["accounts:read"],
      removed: ["sessions:read"],
    });
    expect((await laptop.browser.get("/api/admin/sessions")).status).toBe(403);
    expect((await laptop.browser.get("/api/admin/accounts")).status).toBe(200);
  });

  test("cuts a disabled account off with the reason, until it is enabled", async () => {
    const { username, laptop } = await signInTwice();
    const signedOut = next(laptop.page, "signed-out");
    const output = await runWell(["account", "disable", username, "--reason", "Left the firm"]);
    expect(output).toMatch(/is disabled\.\nEnded 2 sessions\. Confirmed by 2 of 2 servers/);
    expect(await signedOut).toMatchObject({ reason: "account_disabled", message: "Left the firm" });
    expect((await laptop.browser.signIn(username)).body.code).toBe("account_disabled");
    expect(await runWell(["account", "enable", username])).toBe(`${username} is enabled.\n`);
    expect((await laptop.browser.signIn(username)).status).toBe(200);
  });

  test("ends every session when it sets a password, and the old one opens nothing", async () => {
    const { username, laptop, phone } = await signInTwice();
    const cut = [next(laptop.page, "signed-out"), next(phone.page, "signed-out")];
    const output = await runWell(["account", "password", username], otherPassword);
    expect(output).toMatch(/has a new password\.\nEnded 2 sessions\./);
    for (const end of await Promise.all(cut)) expect(end.reason).toBe("password_changed");
    expect((await laptop.browser.signIn(username)).body.code).toBe("invalid_credentials");
    expect((await laptop.browser.signIn(username, otherPassword)).status).toBe(200);
  });

  test("keeps the last one who can manage accounts", async () => {
    const alone = await startServer();
    try {
      const env = { REDIS_URL: alone.redis.url };
      await run(["account", "create", "only", "--admin"], { input: goodPassword, env });
      const refused = await Promise.all([
        run(["account", "withdraw", "only", "accounts:manage"], { env }),
        run(["account", "disable", "only"], { env }),
      ]);
      for (const { code, complaint } of refused) {
        expect(complaint).toBe("Somebody must be left who can manage accounts.\n");
        expect(code).toBe(1);
      }
    } finally {
      await alone.stop();
    }
  });
});

describe("the keys that sign access tokens", () => {
  const TOKEN_KEY = "key-material-that-all-nodes-of-a-test-share";

  test("are rotated while everybody stays signed in, and listed with what each does", async () => {
    const { username } = await server.createAccount();
    const browser = createBrowser(server.nodes[1].address);
    const asked = { grant_type: "password", username, password: goodPassword };
    const token = (await browser.post("/api/tokens", asked)).body.access_token as string;
    const list = async () => {
      const lines = (await runWell(["keys", "list", "--json"])).trim().split("\n");
      return lines.map((line) => JSON.parse(line) as { kid: string; state: string });
    };
    const [old, ...none] = await list();
    expect([old?.state, none]).toEqual(["signing", []]);
    const rotated = await run(["keys", "rotate"], { env: { TOKEN_KEY } });
    expect(rotated).toMatchObject({ code: 0, complaint: "" });
    const [, young = ""] =
      /^Made key ([\w-]{43})\. It signs in 2 minutes, /.exec(rotated.output) ?? [];
    expect(await list()).toMatchObject([
      { kid: young, state: "coming" },
      { kid: old?.kid, state: "signing" },
    ]);
    expect(await runWell(["keys", "list"])).toMatch(
      new RegExp(
        `^KEY +MADE +STATE\n${young} +just now +published, signs soon\n.*signs\n\n2 keys\\.\n$`,
      ),
    );
    const me = await browser.get("/api/me", { authorization: `Bearer ${token}` });
    expect(me.body.account.username).toBe(username);
    // Every server can read the new one.
    for (const { core } of server.nodes) {
      await core.signingKeys.load();
      expect(core.signingKeys.published().keys.map(({ kid }) => kid)).toEqual([young, old?.kid]);
    }
  });

  test("are left alone by whoever has other key material than the servers", async () => {
    const before = await runWell(["keys", "list", "--json"]);
    const refused = await run(["keys", "rotate"], {
      env: { TOKEN_KEY: "the key material of another deployment" },
    });
    expect(refused).toMatchObject({ code: 1, output: "" });
    expect(refused.complaint).toMatch(
      /^A signing key in Redis was sealed .* the same TOKEN_KEY\.\n$/,
    );
    expect(await runWell(["keys", "list", "--json"])).toBe(before);
  });

  test("are for a server to begin with: without one there is nothing to rotate", async () => {
    const redis = await startRedis({ args: ["--maxmemory-policy", "noeviction"] });
    const env = { TOKEN_KEY, REDIS_URL: redis.url };
    expect(await run(["keys", "rotate"], { env })).toEqual({
      code: 1,
      output: "",
      complaint: "There is no key yet: the first server to start makes one.\n",
    });
    expect(await run(["keys", "list"], { env })).toMatchObject({ code: 0, output: "0 keys.\n" });
    await redis.stop();
  });
});

test("the list of sessions shows who is signed in, from where, and who has a page open", async () => {
  const { username, laptop, phone } = await signInTwice();
  phone.page.disconnect();
  const online = () => runWell(["sessions", "list", "--account", username, "--online"]);
  const output = await eventually(async () => {
    const text = await online();
    return !text.includes(phone.id) && text;
  });
  expect(output).toMatch(/^ID +ACCOUNT +DEVICE +ADDRESS +PLACE +PAGES +LAST SEEN +SIGNED IN\n/);
  const row = `${laptop.id}  ${username}  Firefox on Linux  127.0.0.1  This computer  1 `;
  expect(output.split("\n")[1].startsWith(row)).toBe(true);
  const [all, elsewhere] = await Promise.all([
    runWell(["sessions", "list", "--address", "127.0.0.1", "--json"]),
    runWell(["sessions", "list", "--address", "192.0.2.9"]),
  ]);
  const ids = all
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).id as string);
  expect(ids).toEqual(expect.arrayContaining([laptop.id, phone.id]));
  expect(elsewhere).toMatch(/^0 of \d+ live sessions\.\n$/);
});

describe("seeded sessions", () => {
  interface Line {
    account: string;
    username: string;
    sessionId: string;
    cookie: string;
  }

  async function seed(accounts: number, sessionsPerAccount: number, input?: string) {
    const out = path.join(folder, `seed-${accounts}-${sessionsPerAccount}.ndjson`);
    const sizes = ["--accounts", `${accounts}`, "--sessions-per-account", `${sessionsPerAccount}`];
    const password = input === undefined ? [] : ["--password"];
    const output = await runWell(["seed", ...sizes, "--out", out, ...password], input);
    const lines = readFileSync(out, "utf8").trim().split("\n");
    return { out, output, lines: lines.map((line) => JSON.parse(line) as Line) };
  }

  test("open with the cookies of the file, and are counted, listed and paged like any other", async () => {
    const admin = await signInAdmin();
    const before = (await admin.get("/api/admin/sessions")).body.total as number;
    const { out, output, lines } = await seed(30, 8);
    expect(output).toMatch(/^Made 30 accounts with 240 live sessions in [\d.]+ s\. /);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(new Set(lines.map(({ sessionId }) => sessionId)).size).toBe(240);
    expect(new Set(lines.map(({ account }) => account)).size).toBe(30);

    const answers = await Promise.all(
      lines.map(({ cookie }, at) =>
        createBrowser(server.nodes[at % 2].address).get("/api/me", { cookie }),
      ),
    );
    for (const [at, { body }] of answers.entries()) {
      expect(body.account).toMatchObject({ id: lines[at].account, username: lines[at].username });
      expect(body.session).toMatchObject({ id: lines[at].sessionId, kind: "account" });
      expect(Date.parse(body.session.idleExpiresAt)).toBeGreaterThan(Date.now());
    }

    const listed = new Set<string>();
    let cursor = "";
    do {
      const { body } = await admin.get(`/api/admin/sessions?limit=50${cursor}`);
      expect(body.total).toBe(before + 240);
      for (const { id } of body.sessions) {
        expect(listed.has(id as string)).toBe(false);
        listed.add(id as string);
      }
      cursor = body.next ? `&cursor=${body.next}` : "";
    } while (cursor);
    for (const { sessionId } of lines) expect(listed).toContain(sessionId);
  });

  test("come from many devices and places, signed in at different times", async () => {
    const { lines } = await seed(10, 20);
    const [{ cookie }] = lines;
    const { sessions } = (await createBrowser(server.address).get("/api/sessions", { cookie }))
      .body;
    expect(sessions).toHaveLength(20);
    const differing = (values: unknown[]) => new Set(values).size;
    type Listed = { device: { name: string }; ip: string; createdAt: string };
    expect(differing(sessions.map(({ device }: Listed) => device.name))).toBeGreaterThan(3);
    expect(differing(sessions.map(({ ip }: Listed) => ip))).toBeGreaterThan(10);
    expect(differing(sessions.map(({ createdAt }: Listed) => createdAt))).toBeGreaterThan(15);
  });

  test("have in Redis what a sign-in leaves there, key by key and field by field", async () => {
    const { username, id: account } = await server.createAccount();
    const real = await signInBrowser(server.address, username);
    const { lines } = await seed(1, 1);
    const [made] = lines;

    /** Every key of this account with its type, its fields' names and how long it lives. */
    async function shapeOf(owner: string, session: string) {
      const shape: Record<string, unknown> = {};
      for (const key of (await server.command("KEYS", `*${owner.slice(0, 3)}*`)) as string[]) {
        if (!key.includes(owner) && !key.includes(session)) continue;
        // News for people, which nobody was there for.
        if (key.includes("activity:")) continue;
        const name = key.replace(owner, "<account>").replace(session, "<session>");
        const type = await server.command("TYPE", key);
        const fields = type === "hash" && !key.includes("devices:");
        shape[name.replace(/^\{.*\}/, "")] = {
          type,
          expires: Number(await server.command("PTTL", key)) > 0,
          // What the user agent and the address tell or do not tell.
          fields:
            fields &&
            ((await server.command("HKEYS", key)) as string[])
              .filter((field) => !["b", "o", "l"].includes(field))
              .sort(),
        };
      }
      return shape;
    }
    const shape = await shapeOf(made.account, made.sessionId);
    expect(Object.keys(shape).sort()).toEqual([
      "a:<account>",
      "devices:<account>",
      "live:<account>",
      "s:<session>",
    ]);
    expect(shape).toEqual(await shapeOf(account, real.id));

    for (const [owner, session] of [
      [account, real.id],
      [made.account, made.sessionId],
    ]) {
      const row = `{${owner.slice(0, 3)}}s:${session}`;
      const [created, seen, idle, expires] = (
        (await server.command("HMGET", row, "c", "s", "i", "e")) as string[]
      ).map(Number);
      const kept = Number(await server.command("PEXPIRETIME", row)) - expires;
      expect(kept).toBe(28 * 24 * 60 * 60 * 1000);
      const index = sessionIndex("account", session as SessionId);
      const listed = Number(await server.command("ZSCORE", index, session));
      expect(Math.abs(listed - created)).toBeLessThan(1000);
      const deadline = Number(await server.command("ZSCORE", "{deadlines}", owner));
      expect(Math.abs(deadline - Math.min(seen + idle, expires))).toBeLessThan(1000);
    }
  });

  test("end like any other, and sign in only with a password that was piped in", async () => {
    const { lines } = await seed(2, 3, `${otherPassword}\n`);
    const { username, cookie } = lines[0];
    const output = await runWell(["sessions", "end", "--account", username]);
    expect(output).toMatch(/^Ended 3 sessions\. Confirmed by 2 of 2 servers/);
    const browser = createBrowser(server.address);
    expect((await browser.get("/api/sessions", { cookie })).body.code).toBe("session_ended");
    expect((await browser.get("/api/sessions", { cookie: lines[3].cookie })).status).toBe(200);
    expect((await browser.signIn(username, otherPassword)).status).toBe(200);

    const { lines: locked } = await seed(1, 2);
    const refused = await browser.signIn(locked[0].username, otherPassword);
    expect(refused.body.code).toBe("invalid_credentials");
  });

  test("are refused on a real server, beyond the limit of an account, and without a count", async () => {
    const out = path.join(folder, "refused.ndjson");
    const args = ["seed", "--accounts", "1", "--out", out, "--sessions-per-account"];
    const [real, many, none] = await Promise.all([
      run([...args, "1"], { env: { PUBLIC_URL: "https://id.example.com" } }),
      run([...args, "101"]),
      run([...args, "0"]),
    ]);
    expect(real).toMatchObject({ code: 1, output: "" });
    expect(real.complaint).toMatch(/^PUBLIC_URL is https: .*\n$/);
    expect(many.complaint).toBe("An account may have 100 sessions (SESSIONS_PER_ACCOUNT).\n");
    expect(none.code).toBe(2);
    expect(existsSync(out)).toBe(false);
  });
});

describe("the command line by itself", () => {
  test("explains every command, and says what was wrong with one it does not know", async () => {
    const [help, account, unknown, wrong] = await Promise.all([
      run(["--help"]),
      run(["account", "create", "--help"]),
      run(["sessions", "watch-out"]),
      run(["account", "grant", "somebody", "sessions:fly"]),
    ]);
    expect(help).toMatchObject({ code: 0, complaint: "" });
    for (const word of ["account", "sessions", "seed"]) expect(help.output).toContain(word);
    expect(account.output).toContain("Usage: npm run cli -- account create [options] <username>");
    expect(unknown).toMatchObject({ code: 2, output: "" });
    expect(wrong.code).toBe(2);
    expect(wrong.complaint).toContain("sessions:read");
  });

  test("says in one line that Redis is not there or the configuration is wrong, and shows no secret", async () => {
    const secret = "pa55w0rd-of-redis";
    const [gone, wrong] = await Promise.all([
      run(["account", "list"], { env: { REDIS_URL: `redis://:${secret}@127.0.0.1:1` } }),
      run(["account", "list"], { env: { SESSION_IDLE: "never", REDIS_URL: secret } }),
    ]);
    expect(gone.code).toBe(1);
    expect(gone.complaint).toMatch(/^Redis cannot be reached: .*ECONNREFUSED.*\n$/);
    expect(wrong.code).toBe(2);
    expect(wrong.complaint).toContain("SESSION_IDLE");
    expect(gone.complaint + wrong.complaint).not.toContain(secret);
  });

  test("starts the embedded Redis for as long as it takes, and joins one that runs", async () => {
    const dataDir = path.join(folder, "embedded");
    const env = { REDIS_URL: "", DATA_DIR: dataDir };
    const made = await run(["account", "create", "alone"], { input: goodPassword, env });
    expect(made).toMatchObject({ code: 0, complaint: "" });
    expect(await findEmbeddedRedis(dataDir)).toBeNull();
    expect(existsSync(path.join(dataDir, "rollcall.lock"))).toBe(false);

    const redis = await openEmbeddedRedis({ dataDir, log: () => {} });
    try {
      const listed = await run(["account", "list", "--json"], { env });
      expect(JSON.parse(listed.output)).toMatchObject({ username: "alone" });
      const ended = await run(["sessions", "end", "--everyone"], { env });
      expect(ended.output).toBe(
        "Ended 0 sessions. No server is running; the next one to start acts on it.\n",
      );
      expect(await findEmbeddedRedis(dataDir)).toBe(redis.url);
    } finally {
      await redis.stop();
    }
  });

  test("asks for a password at a terminal twice, and echoes nothing", async () => {
    const shown: string[] = [];
    const ask = async (typed: string) => {
      const input = Object.assign(new PassThrough(), { isTTY: true });
      const output = { write: (text: string) => shown.push(text) };
      const answer = readPassword("ada", { input, output });
      input.write(typed);
      return answer;
    };
    expect(await ask("sesame street\rsesame street\r")).toBe("sesame street");
    expect(shown.join("")).toBe("Password for ada: \nAgain: \n");
    await expect(ask("one\rother\r")).rejects.toThrow("These were two different ones.");
    await expect(ask("one\u0003")).rejects.toThrow("No password was given.");
    expect(shown.join("")).not.toMatch(/sesame|one\r|other/);
  });
});
