/**
 * How often somebody may try. Counted in Redis, so that all nodes count together. Whoever hammers an account
 * from elsewhere fills that account's bucket for strangers; a browser that has signed in to it before has a
 * bucket of its own, so its owner is not locked out.
 */
export const attemptKinds = {
  /** Failed sign-ins from one address, over all accounts. */
  sign_in_address: { points: 50, seconds: 15 * 60 },
  /** Failed sign-ins to one account from browsers it does not know. */
  sign_in_account: { points: 10, seconds: 15 * 60 },
  /** Failed sign-ins to one account from one browser it knows. */
  sign_in_device: { points: 10, seconds: 15 * 60 },
  /** Wrong passwords on the way to a fresh session. */
  reauthenticate: { points: 5, seconds: 15 * 60 },
  register: { points: 100, seconds: 60 * 60 },
  setup: { points: 10, seconds: 15 * 60 },
  guest: { points: 300, seconds: 60 * 60 },
  /** Of one account at the desk: each may leave a line in a log. */
  reserve: { points: 120, seconds: 60 },
} as const;

export type AttemptKind = keyof typeof attemptKinds;

export interface Attempts {
  /** Takes one attempt; throws `too_many_attempts` with the time to wait when none is left. */
  spend(kind: AttemptKind, key: string): Promise<void>;
  /** The attempt was no failure after all. */
  giveBack(kind: AttemptKind, key: string): Promise<void>;
}

/** RATE_LIMITS=off, for load tests. */
export const unlimitedAttempts: Attempts = {
  spend: () => Promise.resolve(),
  giveBack: () => Promise.resolve(),
};
