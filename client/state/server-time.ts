/**
 * How far the server's clock is ahead of this one, from the Date header of its answers. The header counts whole
 * seconds and the answer was on its way for a while: a difference within that doubt is none, so that a clock
 * that is right is never touched.
 */
export interface Told {
  /** The Date header, in milliseconds. */
  serverAt: number;
  /** When the question left and the answer came, by this clock. */
  askedAt: number;
  answeredAt: number;
}

const wholeSecondMs = 1_000;

export const correctAhead = (ahead: number, { serverAt, askedAt, answeredAt }: Told): number => {
  // The clock was set meanwhile: nothing is known of when it was asked.
  if (answeredAt < askedAt) return ahead;
  const told = serverAt + wholeSecondMs / 2 - (askedAt + answeredAt) / 2;
  const doubt = wholeSecondMs + (answeredAt - askedAt) / 2;
  return Math.abs(told - ahead) <= doubt ? ahead : told;
};
