/**
 * Time is given, never taken: rules receive this clock, tests a hand-moved one. Monotonic time carries
 * leases and deadlines; wall time only serves to notice that the two have drifted apart (a suspended host).
 */
export interface Clock {
  /** Milliseconds that never step back and run on while the process is stopped. */
  monotonic(): number;
  /** Milliseconds since 1970 as this machine believes them. Never compared between machines. */
  wall(): number;
}

export const toInstant = (milliseconds: number): string => new Date(milliseconds).toISOString();
