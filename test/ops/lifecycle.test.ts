import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createLifecycle } from "../../server/ops/lifecycle.ts";
import { createLog } from "../../server/ops/log.ts";

const never = () => new Promise<void>(() => {});

function start() {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    pretty: false,
    destination: { write: (line) => lines.push(line) },
  });
  const exits: number[] = [];
  const control = Object.assign(new EventEmitter(), { exit: (code: number) => exits.push(code) });
  return { life: createLifecycle(log, control), control, exits, lines };
}

describe("a stop", () => {
  afterEach(() => void vi.useRealTimers());

  test("releases what was started last in first out, and each thing once", async () => {
    const { life } = start();
    const closed: string[] = [];
    const redis = life.own("redis", "redis", (name) => closed.push(name));
    life.own("http", "http", async (name) => {
      await Promise.resolve();
      closed.push(name);
    });
    expect(redis).toBe("redis");
    expect(await Promise.all([life.stop(), life.stop()])).toEqual([true, true]);
    expect(await life.stop()).toBe(true);
    expect(closed).toEqual(["http", "redis"]);
  });

  test("goes on past what fails to close, and says so", async () => {
    const { life, lines } = start();
    const closed: string[] = [];
    life.own("redis", null, () => closed.push("redis"));
    life.own("live", null, () => Promise.reject(new Error("socket stuck")));
    life.own("http", null, () => {
      throw new Error("port stuck");
    });
    expect(await life.stop()).toBe(false);
    expect(closed).toEqual(["redis"]);
    expect(lines.join()).toMatch(/port stuck.*socket stuck/s);
  });

  test("waits 5 s for one thing, not longer", async () => {
    vi.useFakeTimers();
    const { life, lines } = start();
    const closed: string[] = [];
    life.own("redis", null, () => closed.push("redis"));
    life.own("http", null, never);
    const stopped = life.stop();
    await vi.advanceTimersByTimeAsync(4999);
    expect(closed).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await stopped).toBe(false);
    expect(closed).toEqual(["redis"]);
    expect(lines.join()).toContain("did not close in time");
  });

  test("closes what is still being started meanwhile, and nothing may start afterwards", async () => {
    const { life } = start();
    const closed: string[] = [];
    life.own("http", null, () => {
      life.own("late", null, () => closed.push("late"));
    });
    await life.stop();
    expect(closed).toEqual(["late"]);
    expect(() => life.own("later", null, () => undefined)).toThrow(/later was started after/);
  });

  test("stops listening to signals", async () => {
    const { life, control } = start();
    life.stopOn("SIGTERM", "SIGINT");
    life.catchStrays();
    expect(control.eventNames()).toHaveLength(4);
    await life.stop();
    expect(control.eventNames()).toEqual([]);
  });

  test("by a signal gives up after 10 s", async () => {
    vi.useFakeTimers();
    const { life, control, exits } = start();
    for (const name of ["redis", "live", "http"]) life.own(name, null, never);
    life.stopOn("SIGTERM");
    control.emit("SIGTERM");
    await vi.advanceTimersByTimeAsync(9999);
    expect(exits).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(exits).toEqual([1]);
  });

  test("by a signal exits with 1 when something would not close", async () => {
    const { life, control, exits } = start();
    life.own("http", null, () => Promise.reject(new Error("stuck")));
    life.stopOn("SIGTERM");
    control.emit("SIGTERM");
    await vi.waitFor(() => expect(exits).toEqual([1]));
  });
});

describe("a stray", () => {
  test("rejection is logged and survived", () => {
    const { life, control, exits, lines } = start();
    life.catchStrays();
    control.emit("unhandledRejection", new Error("forgotten"));
    expect(lines.join()).toContain("forgotten");
    expect(exits).toEqual([]);
  });

  test("exception is logged, and stops everything with exit code 1", async () => {
    const { life, control, exits, lines } = start();
    const closed: string[] = [];
    life.own("redis", null, () => closed.push("redis"));
    life.catchStrays();
    control.emit("uncaughtException", new Error("broken"));
    await vi.waitFor(() => expect(exits).toEqual([1]));
    expect(closed).toEqual(["redis"]);
    expect(lines.join()).toContain("broken");
  });
});

describe("a real process", () => {
  test("ends with 0 on SIGTERM after closing everything", async () => {
    const child = startProcess(`
      life.own("redis", null, () => console.log("redis closed"));
      life.own("http", null, () => console.log("http closed"));`);
    const code = once(child.process, "exit");
    await child.saw("ready");
    child.process.kill("SIGTERM");
    expect(await code).toEqual([0, null]);
    expect(child.lines.filter((line) => line.endsWith("closed"))).toEqual([
      "http closed",
      "redis closed",
    ]);
  });

  test("ends with 1 at once on a second signal", async () => {
    const child = startProcess(`life.own("http", null, () => {
      console.log("closing");
      return new Promise(() => {});
    });`);
    const code = once(child.process, "exit");
    await child.saw("ready");
    child.process.kill("SIGINT");
    await child.saw("closing");
    child.process.kill("SIGTERM");
    expect(await code).toEqual([1, null]);
    expect(child.lines.join()).toContain("stopping at once");
  });

  function startProcess(body: string) {
    const room = new URL("../../server/ops/", import.meta.url).href;
    const source = `
      const { createLog } = await import("${room}log.ts");
      const { createLifecycle } = await import("${room}lifecycle.ts");
      const life = createLifecycle(createLog({ level: "info", pretty: false }));
      ${body}
      life.stopOn("SIGTERM", "SIGINT");
      setInterval(() => {}, 1000);
      console.log("ready");`;
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "--eval", source],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
    const saw = (text: string) =>
      vi.waitFor(() => expect(lines.join("\n")).toContain(text), { timeout: 20_000 });
    return { process: child, lines, saw };
  }
});
