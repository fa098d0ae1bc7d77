// `sessions watch`: what opens and ends on any server is said at the terminal as it happens.
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { permissions } from "../../shared/contract/accounts.ts";
import { eventually, signInBrowser } from "../support/client.ts";
import { startCommand } from "../support/command-line.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
const stops: (() => void)[] = [];

beforeAll(async () => {
  server = await startServer({ nodes: 2, env: { RATE_LIMITS: "off" } });
});
afterAll(async () => {
  for (const stop of stops) stop();
  await server.stop();
});

function watch(...options: string[]) {
  const child = startCommand(["sessions", "watch", ...options], { REDIS_URL: server.redis.url });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const stop = () => void child.kill("SIGTERM");
  stops.push(stop);
  return { lines, ended, stop };
}

/** Opens sessions until one is told: the watch follows from the moment it is connected. */
async function openUntilTold(lines: readonly string[]): Promise<void> {
  const { username } = await server.createAccount();
  await eventually(async () => {
    await signInBrowser(server.address, username);
    return lines.some((line) => line.includes(username));
  }, 30_000);
}

test("says who opened a session and who ended it, whichever server did", async () => {
  const { lines, stop, ended } = watch();
  await openUntilTold(lines);
  const person = await server.createAccount();
  const admin = await server.createAccount([...permissions]);
  const { id } = await signInBrowser(server.nodes[1].address, person.username);
  const { browser } = await signInBrowser(server.nodes[0].address, admin.username);
  await browser.delete(`/api/admin/sessions/${id}?message=Come%20by`);
  const opened = new RegExp(`^\\d\\d:\\d\\d:\\d\\d  opened  ${person.username}  ${id} from `);
  const over = `ended   ${person.username} (admin, by ${admin.username}, "Come by")  ${id}`;
  await eventually(() => lines.some((line) => opened.test(line)));
  await eventually(() => lines.some((line) => line.includes(over)));
  stop();
  expect(await ended).not.toBe(0);
});

test("says the same as JSON, one object a line", async () => {
  const { lines } = watch("--json");
  await openUntilTold(lines);
  const events = lines.map((line) => JSON.parse(line) as { type: string });
  expect(events.every(({ type }) => type.startsWith("session."))).toBe(true);
});
