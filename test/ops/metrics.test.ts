import { expect, test } from "vitest";
import { createMetrics } from "../../server/ops/metrics.ts";

const sources = {
  countActiveSessions: () => Promise.resolve({ account: 3, guest: 2 }),
  countSockets: () => 7,
  measureLedgerLag: () => 0,
  measureLeaseAge: () => 0.25,
};

async function linesOf(metrics: ReturnType<typeof createMetrics>): Promise<string[]> {
  const { body } = await metrics.render();
  return body.split("\n").filter((line) => !line.startsWith("#"));
}

test("everything promised is there under its name, next to the process's own numbers", async () => {
  const metrics = createMetrics();
  metrics.readGaugesFrom(sources);
  metrics.countSessionEnds("admin");
  metrics.countSessionEnds("limit", 4);
  metrics.countSignIn("succeeded");
  metrics.observeRevokeToRefused(0.0004);
  metrics.observeRevokeToDisconnect(6);
  const lines = await linesOf(metrics);
  expect(lines).toEqual(
    expect.arrayContaining([
      'sessions_active{kind="account"} 3',
      'sessions_active{kind="guest"} 2',
      "sockets_connected 7",
      "ledger_lag_entries 0",
      "lease_age_seconds 0.25",
      'session_ends_total{reason="admin"} 1',
      'session_ends_total{reason="limit"} 4',
      'sign_ins_total{result="succeeded"} 1',
      'revoke_to_refused_seconds_bucket{le="0.0005"} 1',
      'revoke_to_disconnect_seconds_bucket{le="5"} 0',
      "revoke_to_disconnect_seconds_count 1",
    ]),
  );
  expect(lines.some((line) => line.startsWith("process_cpu_seconds_total "))).toBe(true);
  expect((await metrics.render()).contentType).toMatch(/^text\/plain; version=0\.0\.4/);
});

test("gauges are read at each scrape, and a kind that is gone is no longer shown", async () => {
  const metrics = createMetrics();
  let counts: Record<string, number> = { guest: 1 };
  metrics.readGaugesFrom({ ...sources, countActiveSessions: () => Promise.resolve(counts) });
  expect(await linesOf(metrics)).toContain('sessions_active{kind="guest"} 1');
  counts = { account: 9 };
  const lines = await linesOf(metrics);
  expect(lines).toContain('sessions_active{kind="account"} 9');
  expect(lines.join()).not.toContain('kind="guest"');
});

test("a gauge whose source fails is left out of that scrape, and the others stay", async () => {
  const metrics = createMetrics();
  metrics.readGaugesFrom({
    ...sources,
    countActiveSessions: () => Promise.reject(new Error("Redis is gone")),
    measureLeaseAge: () => {
      throw new Error("no lease yet");
    },
  });
  const lines = await linesOf(metrics);
  expect(lines.some((line) => /^(?:sessions_active|lease_age)/.test(line))).toBe(false);
  expect(lines).toContain("sockets_connected 7");
});

test("two servers in one process count apart", async () => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.countSignIn("failed");
  expect(await linesOf(one)).toContain('sign_ins_total{result="failed"} 1');
  expect((await linesOf(other)).join()).not.toContain('result="failed"');
});
