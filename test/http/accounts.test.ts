// Set-up, registration and administration of accounts, as browsers meet them.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createBrowser,
  eventually,
  goodPassword,
  setUpAdmin,
  signInBrowser,
  type Answer,
  type Browser,
} from "../support/client.ts";
import { setupToken, startServer, type TestServer } from "../support/server.ts";

const statuses = (answers: readonly Answer[]): number[] =>
  answers.map(({ status }) => status).sort((one, other) => one - other);
const count = (answers: readonly Answer[], status: number): number =>
  answers.filter((answer) => answer.status === status).length;

describe("setting up", () => {
  let server: TestServer;
  beforeAll(async () => void (server = await startServer({ env: { RATE_LIMITS: "off" } })));
  afterAll(() => server.stop());

  const setUp = (username: string, token = setupToken, password = goodPassword) =>
    createBrowser(server.address).post("/api/setup", { token, username, password });

  test("takes the right token and a strong password, makes exactly one first admin, and closes", async () => {
    const stranger = createBrowser(server.address);
    expect((await stranger.get("/api/me")).body).toMatchObject({
      account: null,
      setupNeeded: true,
    });
    const wrong = await setUp("mallory", "not-the-setup-token");
    expect(wrong).toMatchObject({ status: 403, body: { code: "wrong_setup_token" } });
    const weak = await setUp("early", setupToken, "password");
    expect(weak).toMatchObject({ status: 422, body: { code: "weak_password" } });

    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => setUp(`first-${at}`)));

    expect(count(answers, 201)).toBe(1);
    expect(count(answers, 403)).toBe(19);
    for (const { status, body } of answers)
      if (status === 403) expect(body.code).toBe("setup_closed");
    const [admin] = answers.filter(({ status }) => status === 201);
    expect(admin.body.account.permissions).toEqual([
      "sessions:read",
      "sessions:end",
      "accounts:read",
      "accounts:manage",
      "activity:read",
      "catalogue:manage",
      "desk:reserve",
    ]);
    expect(admin.body.session).toMatchObject({ kind: "account", current: true, fresh: true });
    expect(await setUp("late")).toMatchObject({ status: 403, body: { code: "setup_closed" } });
    expect((await stranger.get("/api/me")).body.setupNeeded).toBe(false);
  });
});

describe("with an admin", () => {
  let server: TestServer;
  let admin: Browser;
  let adminId: string;

  beforeAll(async () => {
    server = await startServer({ env: { RATE_LIMITS: "off" } });
    admin = await setUpAdmin(server.address, setupToken);
    adminId = (await admin.get("/api/me")).body.account.id;
  });
  afterAll(async () => {
    admin.close();
    await server.stop();
  });

  const register = (username: string, password = goodPassword) =>
    createBrowser(server.address).post("/api/accounts", { username, password });
  const setPermissions = (by: Browser, id: string, permissions: string[]) =>
    by.put(`/api/admin/accounts/${id}/permissions`, { permissions });

  test("a stranger registers, is signed in and starts with the newcomers' permission", async () => {
    const browser = createBrowser(server.address);
    const answer = await browser.post("/api/accounts", {
      username: "Ada",
      password: goodPassword,
      name: "Ada Lovelace",
      country: "gb",
      city: "London",
    });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        account: {
          username: "Ada",
          name: "Ada Lovelace",
          country: "GB",
          city: "London",
          permissions: ["desk:reserve"],
          disabled: false,
        },
      },
    });
    const me = await browser.get("/api/me");
    expect(me.body.session).toMatchObject({ id: answer.body.session.id, current: true });
  });

  test("a stranger cannot give itself permissions by registering", async () => {
    const answer = await createBrowser(server.address).post("/api/accounts", {
      username: "ambitious",
      password: goodPassword,
      permissions: ["accounts:manage"],
      disabled: false,
      id: adminId,
    });
    expect(answer.status).toBe(201);
    expect(answer.body.account.permissions).toEqual(["desk:reserve"]);
    expect(answer.body.account.id).not.toBe(adminId);
  });

  test("names that differ only in case or in look-alike forms are one name", async () => {
    expect((await register("Grace")).status).toBe(201);
    for (const twin of ["Grace", "grace", "GRACE", "ｇｒａｃｅ", " grace "])
      expect(await register(twin)).toMatchObject({
        status: 409,
        body: { code: "username_taken" },
      });
    // And it is the same name at the door.
    expect((await createBrowser(server.address).signIn("ＧＲＡＣＥ")).status).toBe(200);
  });

  test("of 50 who register one name at the same time exactly one wins", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => register("popular")));
    expect(count(answers, 201)).toBe(1);
    // The others were told that it is taken, or that too many passwords are being hashed.
    expect(count(answers, 409) + count(answers, 429)).toBe(49);
    const { body } = await admin.get("/api/admin/accounts?q=popular");
    expect(body.accounts).toHaveLength(1);
  });

  test.each([
    ["short", "x9!kQ"],
    ["common", "password123"],
    ["keyboard", "qwertyuiop"],
    ["own-name-here", "own-name-here"],
    ["long", "x9!kQ#".repeat(50)],
  ])("a weak password is refused with a sentence (%s)", async (username, password) => {
    const answer = await register(username, password);
    expect(answer).toMatchObject({ status: 422, body: { code: "weak_password" } });
    expect(answer.body.detail).toMatch(/\.$/);
    expect(JSON.stringify(answer.body)).not.toContain(password);
  });

  test("nobody registers where sign-ups are closed, and an admin still creates accounts", async () => {
    const closed = await server.startNode({ SIGNUPS: "closed" });
    const stranger = createBrowser(closed.address);
    expect((await stranger.get("/api/me")).body.signups).toBe("closed");
    const answer = await stranger.post("/api/accounts", {
      username: "uninvited",
      password: goodPassword,
    });
    expect(answer).toMatchObject({ status: 403, body: { code: "signups_closed" } });
    const invited = await admin.post("/api/admin/accounts", {
      username: "invited",
      password: goodPassword,
    });
    expect(invited.status).toBe(201);
    expect((await stranger.signIn("invited")).status).toBe(200);
    await closed.stop();
  });

  test("an admin creates an account with permissions, finds it, edits it and empties a field", async () => {
    const created = await admin.post("/api/admin/accounts", {
      username: "clerk",
      password: goodPassword,
      name: "Clerk",
      city: "Oslo",
      permissions: ["sessions:read"],
    });
    expect(created).toMatchObject({
      status: 201,
      body: { account: { username: "clerk", permissions: ["sessions:read"] } },
    });
    const { id } = created.body.account;
    const { body: list } = await admin.get("/api/admin/accounts?q=cler");
    expect(list.accounts.map((one: { id: string }) => one.id)).toEqual([id]);
    const edited = await admin.patch(`/api/admin/accounts/${id}`, {
      name: "Head clerk",
      country: "no",
      city: "",
    });
    expect(edited.body.account).toMatchObject({ name: "Head clerk", country: "NO" });
    expect(edited.body.account.city).toBeUndefined();
    const shown = await admin.get(`/api/admin/accounts/${id}`);
    expect(shown.body.account).toEqual(edited.body.account);
    // What the person sees of themselves is the same.
    const { browser } = await signInBrowser(server.address, "clerk");
    expect((await browser.get("/api/me")).body.account.name).toBe("Head clerk");
  });

  test("accounts are listed by name, a page at a time, without gaps or repeats", async () => {
    for (let at = 0; at < 5; at++) await server.createAccount();
    const seen: string[] = [];
    let cursor = "";
    do {
      const { body } = await admin.get(`/api/admin/accounts?q=person&limit=2${cursor}`);
      seen.push(...body.accounts.map((one: { username: string }) => one.username));
      cursor = body.next === null ? "" : `&cursor=${body.next}`;
    } while (cursor !== "");
    expect(seen.length).toBeGreaterThanOrEqual(5);
    expect(seen).toEqual([...new Set(seen)].sort());
  });

  test("a password that an admin sets ends the account's sessions and replaces the old password", async () => {
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const newPassword = "harbour violin pepper 83";
    const weak = await admin.put(`/api/admin/accounts/${account.id}/password`, { next: "short" });
    expect(weak.status).toBe(422);
    expect((await browser.get("/api/sessions")).status).toBe(200);

    const reset = await admin.put(`/api/admin/accounts/${account.id}/password`, {
      next: newPassword,
    });

    expect(reset).toMatchObject({ status: 200, body: { receipt: { ended: 1 } } });
    expect(await browser.get("/api/sessions")).toMatchObject({
      status: 401,
      body: { code: "session_ended", reason: "password_changed", by: { username: "admin" } },
    });
    const again = createBrowser(server.address);
    expect((await again.signIn(account.username)).body.code).toBe("invalid_credentials");
    expect((await again.signIn(account.username, newPassword)).status).toBe(200);
  });

  test("a disabled account is signed out and stays out until it is enabled", async () => {
    const account = await server.createAccount(["desk:reserve"]);
    const { browser } = await signInBrowser(server.address, account.username);
    const setStatus = (disabled: boolean) =>
      admin.put(`/api/admin/accounts/${account.id}/status`, { disabled, reason: "left the firm" });

    expect(await setStatus(true)).toMatchObject({
      status: 200,
      body: { account: { disabled: true }, receipt: { ended: 1 } },
    });
    expect((await browser.get("/api/sessions")).body).toMatchObject({
      code: "session_ended",
      reason: "account_disabled",
      message: "left the firm",
    });
    expect(await browser.signIn(account.username)).toMatchObject({
      status: 403,
      body: { code: "account_disabled" },
    });
    // Whoever does not know the password does not learn that the account is disabled.
    expect((await browser.signIn(account.username, "wrong horse battery")).body.code).toBe(
      "invalid_credentials",
    );
    expect((await setStatus(false)).body.account.disabled).toBe(false);
    expect((await browser.signIn(account.username)).status).toBe(200);
    // The session of before stays dead: enabling brings nothing back.
    const { body } = await browser.get("/api/sessions");
    expect(body.ended.map((one: { reason: string }) => one.reason)).toContain("account_disabled");
  });

  test("whoever signs in while being disabled is never left signed in", async () => {
    const account = await server.createAccount();
    const browsers = Array.from({ length: 10 }, () => createBrowser(server.address));
    const signIns = browsers.map((browser) => browser.signIn(account.username));
    await admin.put(`/api/admin/accounts/${account.id}/status`, { disabled: true });
    await Promise.all(signIns);
    const answers = await Promise.all(browsers.map((browser) => browser.get("/api/sessions")));
    expect(statuses(answers)).toEqual(Array.from({ length: 10 }, () => 401));
  });

  test("somebody is always left who can manage accounts", async () => {
    const lastManager = { status: 409, body: { code: "last_manager" } };
    expect(await setPermissions(admin, adminId, ["sessions:read"])).toMatchObject(lastManager);
    const disabling = await admin.put(`/api/admin/accounts/${adminId}/status`, { disabled: true });
    expect(disabling).toMatchObject(lastManager);
    expect((await admin.get("/api/me")).body.permissions).toContain("accounts:manage");
    expect((await admin.get("/api/sessions")).status).toBe(200);

    // A disabled manager does not count.
    const second = await server.createAccount(["accounts:manage"]);
    await admin.put(`/api/admin/accounts/${second.id}/status`, { disabled: true });
    expect(await setPermissions(admin, adminId, [])).toMatchObject(lastManager);
  });

  test("of two managers who demote each other at the same time one stays", async () => {
    const pair = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
    const one = await setUpAdmin(pair.nodes[0].address, setupToken);
    const oneId = (await one.get("/api/me")).body.account.id;
    for (let round = 0; round < 5; round++) {
      const account = await pair.createAccount(["accounts:manage"]);
      const { browser: other } = await signInBrowser(pair.nodes[1].address, account.username);
      const answers = await Promise.all([
        setPermissions(one, account.id, []),
        setPermissions(other, oneId, []),
      ]);
      expect(count(answers, 200)).toBeLessThanOrEqual(1);
      const mine = (await one.get("/api/me")).body.permissions as string[];
      const theirs = (await other.get("/api/me")).body.permissions as string[];
      const managers = [mine, theirs].filter((list) => list.includes("accounts:manage"));
      expect(managers).toHaveLength(1);
      if (mine.length === 0)
        expect((await setPermissions(other, oneId, ["accounts:manage"])).status).toBe(200);
      if (theirs.includes("accounts:manage"))
        expect((await setPermissions(one, account.id, [])).status).toBe(200);
    }
    await pair.stop();
  });

  test("a profile that an admin edits is what its person sees, on whichever node, without a new sign-in", async () => {
    const second = await server.startNode();
    const account = await server.createAccount();
    const { browser } = await signInBrowser(server.address, account.username);
    const shownOn = async (address: string): Promise<string | undefined> => {
      browser.moveTo(address);
      return (await browser.get("/api/me")).body.account.name;
    };
    for (const name of ["Ada", "Ada Lovelace"]) {
      await admin.patch(`/api/admin/accounts/${account.id}`, { name });
      for (const { address } of [server.nodes[0], second])
        await eventually(async () => (await shownOn(address)) === name);
    }
    await second.stop();
  });

  test("an account that does not exist is not found by any of the admin's routes", async () => {
    const nobody = "/api/admin/accounts/0000000000000000";
    const answers = await Promise.all([
      admin.get(nobody),
      admin.patch(nobody, { name: "Nobody" }),
      admin.put(`${nobody}/password`, { next: goodPassword }),
      admin.put(`${nobody}/permissions`, { permissions: [] }),
      admin.put(`${nobody}/status`, { disabled: true }),
      admin.delete(`${nobody}/sessions`),
    ]);
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
  });
});
