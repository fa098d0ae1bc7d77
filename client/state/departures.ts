/**
 * Leaving for an app behind the gateway, once: an app that sends people back although they are signed in
 * (its proxy does not see our cookie) would otherwise send them round and round without end.
 */
export interface Departures {
  /** Whether one may leave for this address now; it is then noted. */
  mayLeaveFor(address: string): boolean;
}

const storageKey = "rollcall-departure";
const soonMs = 5_000;

export const createDepartures = (storage: Storage, now: () => number): Departures => ({
  mayLeaveFor(address) {
    try {
      const [at, last] = (storage.getItem(storageKey) ?? "").split(/ (.*)/s);
      storage.setItem(storageKey, `${now()} ${address}`);
      return last !== address || now() - Number(at) > soonMs;
    } catch {
      // Storage is refused in this browser: nothing is remembered.
      return true;
    }
  },
});
