// `npm run demo` as somebody tries it: within moments a crowd is there, by HTTP and sockets, doing what people do;
// stopped, nothing of it is left.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Event } from "../../shared/contract/activity.ts";
import { createBrowser, eventually, type Browser } from "../support/client.ts";

const root = path.resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(path.join(tmpdir(), "rollcall-demo-"));
const dataDir = path.join(folder, "data");
let demo: ChildProcess;
let said = "";
let browser: Browser;

const startDemo = (env: Record<string, string>, ...options: string[]): ChildProcess => {
  const { PATH = "", HOME = "" } = process.env;
  return spawn(process.execPath, ["--import", "tsx", "server/demo/main.ts", ...options], {
    cwd: root,
    env: { PATH, HOME, PORT: "0", DATA_DIR: dataDir, LOG_LEVEL: "warn", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
};

beforeAll(async () => {
  demo = startDemo({}, "--people", "20", "--rate", "30");
  demo.stdout?.on("data", (chunk) => (said += String(chunk)));
  demo.stderr?.on("data", (chunk) => (said += String(chunk)));
  const [, address = ""] = await eventually(() => /Open (http:\S+) and/.exec(said), 60_000);
  browser = createBrowser(address);
}, 90_000);
afterAll(() => {
  demo.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that runs on this demo's data folder or was started for it. */
function findProcesses(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      return line.includes(dataDir) || environment.includes(dataDir) ? [line] : [];
    } catch {
      // Gone, or not ours to look at.
      return [];
    }
  });
}

test("tells whom to sign in as, with a password that only its owner can read", async () => {
  const [, password = ""] = /password (.+)/.exec(said) ?? [];
  expect(statSync(path.join(dataDir, "demo-password")).mode & 0o777).toBe(0o600);
  const answer = await browser.signIn("demo", password);
  expect(answer.status).toBe(200);
  expect(answer.body.account.permissions).toContain("accounts:manage");
  expect(
    (
      await createBrowser(new URL(said.match(/http:\S+/)?.[0] ?? "").origin).signIn(
        "operator",
        password,
      )
    ).status,
  ).toBe(200);
});

test("people come, from many devices and places, with open pages", async () => {
  const sessions = await eventually(async () => {
    const reply = await browser.get("/api/admin/sessions?limit=200");
    const listed = reply.body.sessions as {
      online: boolean;
      kind: string;
      ip: string;
      device: { name: string };
    }[];
    const isLively =
      listed.filter(({ online }) => online).length > 3 &&
      listed.some(({ kind }) => kind === "guest") &&
      listed.filter(({ kind }) => kind === "account").length > 5;
    return isLively && listed;
  }, 60_000);
  expect(new Set(sessions.map(({ ip }) => ip)).size).toBeGreaterThan(5);
  expect(new Set(sessions.map(({ device }) => device.name)).size).toBeGreaterThan(2);
});

test("they collect, reserve, claim, fail and overreach, and some are signed out", async () => {
  const wanted: Event["type"][] = [
    "sign_in.succeeded",
    "sign_in.failed",
    "bin.merged",
    "reservation.held",
    "outcome.success",
    "outcome.hack",
    "session.ended",
  ];
  for (const type of wanted)
    await eventually(async () => {
      const reply = await browser.get(`/api/admin/activity?type=${type}`);
      return (reply.body.events as Event[]).length > 0;
    }, 120_000);
}, 300_000);

test("refuses to run where others could come in", async () => {
  for (const env of [{ HOST: "0.0.0.0" }, { PUBLIC_URL: "https://id.example.com" }]) {
    const refused = startDemo({ ...env, DATA_DIR: path.join(folder, "other") });
    expect(await once(refused, "exit")).toEqual([2, null]);
  }
});

test("stopped, it leaves no process behind", async () => {
  expect(findProcesses().length).toBeGreaterThan(2);
  const exited = once(demo, "exit");
  demo.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  await eventually(() => findProcesses().length === 0);
});
