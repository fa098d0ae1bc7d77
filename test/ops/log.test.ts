import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLog, type Log, type LogFields } from "../../server/ops/log.ts";

const token = `0123456789abcdefghjk.${"Aa0_-".repeat(8)}xyz`;

function startLog(pretty: boolean): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = createLog({
    level: "debug",
    pretty,
    destination: { write: (line) => lines.push(line) },
  });
  return { log, lines };
}

describe.each([
  ["for machines", false],
  ["for a terminal", true],
])("the log %s", (_, pretty) => {
  test.each<[string, LogFields]>([
    [
      "a request's headers",
      { request: { headers: { cookie: "s3cr3t", "set-cookie": ["s3cr3t"] } } },
    ],
    ["an Authorization header", { request: { headers: { Authorization: "s3cr3t" } } }],
    ["a password change", { body: { current: "s3cr3t", next: "s3cr3t" } }],
    ["a sign-in", { body: { username: "ana", password: "s3cr3t" } }],
    ["a setup", { body: { token: "s3cr3t" } }],
    ["a refresh", { body: { refresh_token: "s3cr3t", refreshToken: "s3cr3t" } }],
    ["tokens given out", { reply: { access_token: "s3cr3t", secret: "s3cr3t" } }],
    ["a list of units", { body: { units: ["s3cr3t"] } }],
    ["a claim's answer", { reply: { reservation: {}, information: { code: "s3cr3t" } } }],
    ["something deep down", { a: { b: [{ c: { d: { password: "s3cr3t" } } }] } }],
    ["a map", { fields: new Map([["x", { password: "s3cr3t" }]]) }],
    ["an error's fields", { error: Object.assign(new Error("no"), { password: "s3cr3t" }) }],
    ["an error's cause", { error: new Error("no", { cause: { token: "s3cr3t" } }) }],
    ["an address with a password", { error: new Error("no redis://me:s3cr3t@db:6379/0") }],
    ["a header in a sentence", { note: "got Authorization: Bearer s3cr3t" }],
    ["bytes", { raw: Buffer.from("s3cr3t") }],
  ])("holds no secret of %s", (_title, fields) => {
    const { log, lines } = startLog(pretty);
    log.with(fields).error("something happened", fields);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain("s3cr3t");
    expect(lines[0]).not.toContain(Buffer.from("s3cr3t").join(","));
  });

  test("holds no session token, wherever it turns up", () => {
    const { log, lines } = startLog(pretty);
    const fields = { url: `/x?t=${token}`, list: [token], error: new Error(`bad ${token}`) };
    log.info(`saw ${token}`, fields);
    expect(lines.join()).not.toContain(token.slice(21));
    expect(lines.join()).toContain(token.slice(0, 20));
  });

  test("holds no JWT", () => {
    const { log, lines } = startLog(pretty);
    log.info("token", { note: "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl" });
    expect(lines.join()).not.toMatch(/eyJ|c2lnbmF0dXJl/);
  });

  test("keeps what is no secret", () => {
    const { log, lines } = startLog(pretty);
    log.info("session ended", { sessionId: "0123456789abcdefghjk", current: true, version: 3 });
    expect(lines[0]).toContain("session ended");
    expect(lines[0]).toContain("0123456789abcdefghjk");
    expect(lines[0]).not.toContain("redacted");
  });

  test("survives what refers to itself", () => {
    const { log, lines } = startLog(pretty);
    const loop: { self?: unknown } = {};
    loop.self = loop;
    log.info("loop", { loop, big: 10n });
    expect(lines).toHaveLength(1);
  });

  test("keeps back what is below its level", () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => lines.push(line) };
    const log = createLog({ level: "warn", pretty, destination });
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines).toHaveLength(2);
  });
});

test("a line for machines is one JSON object with time, level and event", () => {
  const { log, lines } = startLog(false);
  log.with({ node: "a" }).warn("lease lost", { error: new Error("gone") });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "warn",
    event: "lease lost",
    node: "a",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.+Z$/),
    error: { name: "Error", message: "gone", stack: expect.stringContaining("log.test") },
  });
});

test("an error in a terminal is followed by where it happened", () => {
  const { log, lines } = startLog(true);
  log.error("closing failed", { error: new Error("gone") });
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} error closing failed {2}error=.*gone.*\n {4}at /,
  );
});

test("nobody can forge a line, colour it or reorder its text", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\r\n00:00 error forged", "\u001b[2J", "\u009b31m", "\u202egnp", "\u2028x"),
  );
  fc.assert(
    fc.property(hostile, hostile, hostile, (event, name, value) => {
      const forTerminal = startLog(true);
      forTerminal.log.info(event, { [name]: value, list: [value] });
      expect(forTerminal.lines.join("")).toMatch(/^[^\p{Cc}\p{Cf}\u2028\u2029]*\n$/u);
      const forMachines = startLog(false);
      forMachines.log.info(event, { [name]: value });
      expect(forMachines.lines.join("").split("\n")).toHaveLength(2);
      expect(() => JSON.parse(forMachines.lines.join("")) as unknown).not.toThrow();
    }),
  );
});
