/**
 * What a form does when it is sent, one attempt at a time: whether one is under way, why the last one failed, and
 * what to say of that, unless the field concerned says it.
 */
import { ApiError } from "../api.ts";
import type { FailureCode } from "../api.ts";
import type { Words } from "../context.ts";
import { describeError } from "../text/words.ts";

export interface Attempt {
  readonly isPending: boolean;
  readonly failure: unknown;
  readonly complaint: string | null;
  submit(event: SubmitEvent): Promise<void>;
}

interface AttemptParts {
  run: () => Promise<void>;
  /** Once it has succeeded and is no longer pending. */
  proceed?: () => Promise<void>;
  /** Failures that the field concerned says. */
  saidBeside?: () => readonly FailureCode[] | undefined;
  words: Pick<Words, "text" | "format">;
}

export const createAttempt = ({ run, proceed, saidBeside, words }: AttemptParts): Attempt => {
  let isPending = $state(false);
  let failure = $state.raw<unknown>(null);
  const isSaidBeside = $derived(
    failure instanceof ApiError && (saidBeside?.()?.includes(failure.code) ?? false),
  );

  return {
    get isPending() {
      return isPending;
    },
    get failure() {
      return failure;
    },
    get complaint() {
      return failure && !isSaidBeside ? describeError(failure, words.text, words.format) : null;
    },
    async submit(event) {
      event.preventDefault();
      if (isPending) return;
      [isPending, failure] = [true, null];
      try {
        await run();
        isPending = false;
        await proceed?.();
      } catch (error) {
        failure = error;
      } finally {
        isPending = false;
      }
    },
  };
};
