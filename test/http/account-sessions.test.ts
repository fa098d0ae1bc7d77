// One account's devices, as those see them who may see everybody's.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Session } from "../../shared/contract/sessions.ts";
import {
  eventually,
  goodPassword,
  signInBrowser,
  userAgents,
  type Browser,
} from "../support/client.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let watcher: Browser;
let watcherId: string;
let watcherAccount: string;

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
  const account = await server.createAccount(["sessions:read", "sessions:end"]);
  watcherAccount = account.id;
  ({ browser: watcher, id: watcherId } = await signInBrowser(
    server.nodes[1].address,
    account.username,
  ));
});
afterAll(() => server.stop());

/** What another request does not change: that is activity too. */
const lasting = ({ id, account, kind, sockets, remembered, createdAt, ip, device }: Session) => ({
  id,
  account,
  kind,
  sockets,
  remembered,
  createdAt,
  ip,
  device,
});
const ask = (by: Browser, id: string) => by.get(`/api/admin/accounts/${id}/sessions`);

test("the devices of an account are shown as to their owner: live, remembered and ended, with who and why", async () => {
  const account = await server.createAccount();
  const { browser: laptop, id: laptopId } = await signInBrowser(server.address, account.username);
  const page = await laptop.openPage();
  const remembered = await signInBrowser(server.address, account.username, userAgents.phone);
  const { body: again } = await remembered.browser.post("/api/sign-in", {
    username: account.username,
    password: goodPassword,
    remember: true,
  });
  const ended = await signInBrowser(server.address, account.username, "curl/8.5.0");
  await watcher.delete(`/api/admin/sessions/${ended.id}?message=Found`);

  await eventually(async () => {
    const { body } = await ask(watcher, account.id);
    return body.sessions.find((one: Session) => one.id === laptopId)?.sockets === 1;
  });
  const { status, body } = await ask(watcher, account.id);
  expect(status).toBe(200);
  const own = (await laptop.get("/api/sessions")).body;
  expect(body.sessions.map(lasting)).toEqual(own.sessions.map(lasting));
  expect(body.ended).toEqual(own.ended);
  expect(body.ended).toContainEqual(
    expect.objectContaining({ id: ended.id, reason: "admin", message: "Found" }),
  );
  const shown = body.sessions.find((one: Session) => one.id === again.session.id) as Session;
  expect(shown.remembered).toBe(true);
  expect(Date.parse(shown.rememberedUntil ?? "")).toBeGreaterThan(Date.parse(shown.expiresAt));
  expect(body.sessions.find((one: Session) => one.id === laptopId)).not.toHaveProperty(
    "rememberedUntil",
  );
  page.disconnect();
});

test("whoever asks about the own account sees which session is the own one", async () => {
  const { body } = await ask(watcher, watcherAccount);
  const current = body.sessions.filter((one: Session) => one.current);
  expect(current.map((one: Session) => one.id)).toEqual([watcherId]);
});

test("an account that is not there has none, and one without the permission may not ask", async () => {
  expect(await ask(watcher, "0".repeat(16))).toMatchObject({
    status: 404,
    body: { code: "not_found" },
  });
  const account = await server.createAccount(["accounts:read"]);
  const { browser } = await signInBrowser(server.address, account.username);
  expect(await ask(browser, account.id)).toMatchObject({
    status: 403,
    body: { code: "forbidden" },
  });
});
