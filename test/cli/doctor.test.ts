// `doctor`: finds what is wrong with the settings, Redis, the servers and what stands in front, and says so.
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis } from "../support/redis.ts";
import { runCommand } from "../support/command-line.ts";
import { startServer, type TestServer } from "../support/server.ts";

const key = "key-material-that-all-nodes-of-a-test-share";
let server: TestServer;

beforeAll(async () => {
  const redisArgs = ["--maxmemory-policy", "noeviction", "--appendonly", "yes"];
  server = await startServer({ nodes: 2, redisArgs });
});
afterAll(() => server.stop());

const doctor = (args: readonly string[] = [], env: Record<string, string> = {}) =>
  runCommand(["doctor", ...args], { env: { REDIS_URL: server.redis.url, TOKEN_KEY: key, ...env } });

test("finds nothing wrong with a deployment that is well, also from where people come in", async () => {
  const { code, output, complaint } = await doctor(["--url", server.address]);
  expect({ code, complaint }).toEqual({ code: 0, complaint: "" });
  expect(output).not.toContain("WRONG");
  expect(output).toMatch(/Redis 7\S* answers/);
  expect(output).toMatch(/2 servers may decide/);
  expect(output).toContain("Websockets get through");
  expect(output).not.toContain(key);
});

test("says when Redis may evict, keeps nothing, and nobody serves", async () => {
  const redis = await startRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
  try {
    const { code, output, complaint } = await doctor([], { REDIS_URL: redis.url });
    expect(code).toBe(1);
    expect(output).toMatch(/WRONG {2}Redis may evict sessions/);
    expect(output).toMatch(/WRONG {2}Redis keeps nothing over a restart/);
    expect(output).toMatch(/WRONG {2}No server holds a lease/);
    expect(complaint).toMatch(/^3 things to mend\.\n$/);
  } finally {
    await redis.stop();
  }
});

test("says when the signing keys are sealed under another TOKEN_KEY", async () => {
  const { output, code } = await doctor([], {
    TOKEN_KEY: "key-material-of-somebody-else-altogether",
  });
  expect(code).toBe(1);
  expect(output).toMatch(/WRONG {2}The signing keys do not open/);
});

test("says when what stands in front lets no websocket through", async () => {
  const front = await startStrippingProxy(server.address);
  try {
    const { port } = front.address() as AddressInfo;
    const { output, code } = await doctor(["--url", `http://127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(output).toMatch(/WRONG {2}Websockets do not get through \(400\)/);
  } finally {
    front.close();
  }
});

test("says when nobody is at the address, or somebody else, or pages would be refused", async () => {
  const stranger = createServer((_, response) => response.end("welcome")).listen(0, "127.0.0.1");
  await new Promise((resolve) => stranger.once("listening", resolve));
  const { port } = stranger.address() as AddressInfo;
  const elsewhere = await doctor(["--url", `http://127.0.0.1:${port}`]);
  expect(elsewhere.output).toMatch(/WRONG {2}.* it is not Rollcall that does/);
  await new Promise((resolve) => stranger.close(resolve));
  const nobody = await doctor(["--url", `http://127.0.0.1:${port}`]);
  expect(nobody.output).toMatch(/WRONG {2}.* cannot be reached/);
  const other = await doctor(["--url", server.address], { PUBLIC_URL: "http://id.example.com" });
  expect(other.output).toMatch(/WRONG {2}PUBLIC_URL is http:\/\/id\.example\.com/);
  expect((await doctor(["--url", "ftp://x"])).code).toBe(2);
});

/** Passes everything on but upgrades, as a proxy that was not told of websockets does. */
async function startStrippingProxy(address: string): Promise<Server> {
  const { hostname, port } = new URL(address);
  const proxy = createServer((from, to) => {
    const { method = "GET", url = "/", headers } = from;
    const { upgrade, connection, ...passed } = headers;
    void upgrade;
    void connection;
    const on = request({ hostname, port, method, path: url, headers: passed }, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    from.pipe(on);
  });
  proxy.listen(0, "127.0.0.1");
  await new Promise((resolve) => proxy.once("listening", resolve));
  return proxy;
}
