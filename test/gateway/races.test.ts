// What happens between asking and answering, at moments that only a hand can pick.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Held } from "../../server/domain/door.ts";
import { createGateway, type GatewayOptions } from "../../server/http/gateway.ts";
import { send } from "./request.ts";

const token = "the-session-token";
const account = { username: "ada", permissions: ["sessions:read"] };
const createHeld = () =>
  ({
    row: { id: "a-session" },
    account,
    permissions: new Set(account.permissions),
  }) as unknown as Held;

/** A gateway whose door and signing key are moved by hand. */
async function open(parts: { door: object; assert: () => Promise<string> }) {
  const counted: string[] = [];
  const faults: unknown[] = [];
  const options = {
    door: parts.door,
    tokens: { assert: parts.assert },
    lastSeen: { note: () => {} },
    sessionCookie: "rollcall",
    home: "http://id.example.com",
    hosts: [],
    trusts: () => false,
    count: (result: string) => void counted.push(result),
    log: { error: (_: string, { error }: { error?: unknown }) => void faults.push(error) },
  };
  const answer = createGateway(options as unknown as GatewayOptions);
  const server: Server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const ask = () => send(port, "/verify", { headers: { cookie: `rollcall=${token}` } });
  return { ask, counted, faults };
}

test("a session that ends while its assertion is being signed is refused", async () => {
  let isEnded = false;
  const { ask, counted } = await open({
    door: {
      recognise: () => undefined,
      check: () =>
        isEnded
          ? { state: "ended", end: { reason: "revoked", at: 0 } }
          : { state: "held", held: createHeld() },
      mayStill: () => !isEnded,
    },
    assert: async () => {
      isEnded = true;
      return "signed";
    },
  });
  const answer = await ask();
  expect(answer.status).toBe(401);
  expect(JSON.parse(answer.text)).toMatchObject({ code: "session_ended", reason: "revoked" });
  expect(answer.headers["x-rollcall-assertion"]).toBeUndefined();
  expect(counted).toEqual(["refused"]);
});

test("an assertion is signed once for each reading of the session, and lives no longer", async () => {
  let held = createHeld();
  let signed = 0;
  const { ask, counted } = await open({
    door: {
      recognise: () => held,
      check: () => ({ state: "held", held }),
      mayStill: () => true,
    },
    assert: async () => `signed-${++signed}`,
  });
  const texts: unknown[] = [];
  for (let times = 0; times < 4; times++) {
    // Read again, after its grant grew old.
    if (times === 2) held = createHeld();
    texts.push((await ask()).headers["x-rollcall-assertion"]);
  }
  expect(texts).toEqual(["signed-1", "signed-1", "signed-2", "signed-2"]);
  expect(counted).toEqual(["allowed", "allowed", "allowed", "allowed"]);
});

test("a fault of ours lets nobody in, and is logged", async () => {
  const fault = new Error("a fault");
  const held = createHeld();
  for (const parts of [
    {
      door: {
        recognise: () => undefined,
        check: () => Promise.reject(fault),
        mayStill: () => true,
      },
      assert: async () => "signed",
    },
    {
      door: { recognise: () => held, check: () => ({ state: "held", held }), mayStill: () => true },
      assert: () => Promise.reject(fault),
    },
  ]) {
    const { ask, counted, faults } = await open(parts);
    const answer = await ask();
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    expect(counted).toEqual(["unavailable"]);
    expect(faults).toEqual([fault]);
  }
});
