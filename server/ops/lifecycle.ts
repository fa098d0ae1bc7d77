/**
 * What was started is stopped: last in first out, once, each thing within its deadline, whatever the others
 * do. The only part that listens to signals and calls process.exit: a signal stops everything and exits 0
 * (1 if something would not close); a second signal, or 10 s, exits 1 at once.
 */
import type { Log } from "./log.ts";

export interface Lifecycle {
  /** Takes charge of a thing and hands it back. After stop() there is nobody left to close it: an error. */
  own: <T>(name: string, thing: T, close: (thing: T) => unknown) => T;
  stopOn: (...signals: NodeJS.Signals[]) => void;
  /** A rejection nobody handled is logged and survived; an exception nobody caught stops the process. */
  catchStrays: () => void;
  /** Whether everything closed. Calling it again awaits the same stop. */
  stop: () => Promise<boolean>;
}

/** What of the process is used; tests give their own. */
export interface ProcessControl {
  on: (event: string, listener: (reason: unknown) => void) => unknown;
  off: (event: string, listener: (reason: unknown) => void) => unknown;
  exit: (code: number) => void;
}

const closeDeadline = 5000;
const stopDeadline = 10_000;
/** Milliseconds within which the same signal again is the first one's echo. */
const echo = 1000;

export function createLifecycle(log: Log, control: ProcessControl = process): Lifecycle {
  const owned: { name: string; close: () => unknown }[] = [];
  const listeners: { event: string; listener: (reason: unknown) => void }[] = [];
  let stopping: Promise<boolean> | undefined;
  let isStopped = false;

  function own<T>(name: string, thing: T, close: (thing: T) => unknown): T {
    if (isStopped) throw new Error(`${name} was started after everything stopped`);
    owned.push({ name, close: () => close(thing) });
    return thing;
  }

  async function releaseAll(): Promise<boolean> {
    let closedAll = true;
    // What is started while we stop is closed too, hence no loop over a fixed list.
    for (let last = owned.pop(); last !== undefined; last = owned.pop()) {
      closedAll = (await release(last.name, last.close)) && closedAll;
    }
    isStopped = true;
    for (const { event, listener } of listeners) control.off(event, listener);
    return closedAll;
  }

  async function release(name: string, close: () => unknown): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("did not close in time")), closeDeadline);
    });
    try {
      await Promise.race([Promise.resolve().then(close), late]);
      return true;
    } catch (error) {
      log.error("closing failed", { name, error });
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  function stop(): Promise<boolean> {
    stopping ??= releaseAll();
    return stopping;
  }

  async function stopAndExit(code: number): Promise<void> {
    const timer = setTimeout(() => {
      log.error("stopping took too long");
      control.exit(1);
    }, stopDeadline);
    const closedAll = await stop();
    clearTimeout(timer);
    control.exit(closedAll ? code : 1);
  }

  function listen(event: string, listener: (reason: unknown) => void): void {
    control.on(event, listener);
    listeners.push({ event, listener });
  }

  function stopOn(...signals: NodeJS.Signals[]): void {
    let asked: { by: NodeJS.Signals; at: number } | undefined;
    for (const signal of signals) {
      listen(signal, () => {
        // Under npm one Ctrl-C arrives twice: from the terminal, and passed on by npm.
        if (asked?.by === signal && performance.now() - asked.at < echo) return;
        log.info(asked ? "stopping at once" : "stopping", { signal });
        if (asked) control.exit(1);
        else void stopAndExit(0);
        asked = { by: signal, at: performance.now() };
      });
    }
  }

  function catchStrays(): void {
    listen("unhandledRejection", (error) => log.error("a rejection was not handled", { error }));
    listen("uncaughtException", (error) => {
      log.error("an exception was not caught", { error });
      void stopAndExit(1);
    });
  }

  return { own, stopOn, catchStrays, stop };
}
