/**
 * The question "your password again?". However many requests need it at the same moment, it is asked
 * once; each of them is then repeated, or given up when the person declines.
 */
export interface Reauthentication {
  readonly isAsking: boolean;
  /** True once the password was given and the session is fresh. */
  ask(): Promise<boolean>;
  answer(isFresh: boolean): void;
}

export const createReauthentication = (): Reauthentication => {
  let isAsking = $state(false);
  let asked: Promise<boolean> | null = null;
  let settle: (isFresh: boolean) => void = () => undefined;
  return {
    get isAsking() {
      return isAsking;
    },
    ask() {
      isAsking = true;
      asked ??= new Promise((resolve) => (settle = resolve));
      return asked;
    },
    answer(isFresh) {
      isAsking = false;
      asked = null;
      settle(isFresh);
    },
  };
};
