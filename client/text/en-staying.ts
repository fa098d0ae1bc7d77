/** Staying signed in, or signing in again where one was. Part of the dictionary in en.ts. */
export const enStaying = {
  /** A little before the session ends by itself. `wait`: "in 2 minutes". */
  label: "Your session ends soon",
  idle: (wait: string) => `You will be signed out ${wait}, for not having used this.`,
  stay: "Stay signed in",
  pending: "One moment…",
  lifetime: (wait: string) =>
    `Your session ends ${wait}: it has reached its longest lifetime. You can then sign in again right here; what you have typed stays.`,

  /** In place, after it ended by itself. */
  title: "Sign in again to go on",
  kept: "The page below stays as you left it.",
  submit: "Sign in and go on",
  checking: "Signing in…",
  somebodyElse: "Leave this page and sign in as somebody else",
};

export type StayingText = typeof enStaying;
