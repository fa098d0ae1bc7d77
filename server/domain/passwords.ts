/**
 * Passwords: hashed with argon2id, checked in bounded numbers, and refused when they are easy to guess.
 * A hash costs 19 MiB and some 60 ms of a core, so only `parallel` run at once and `queue` wait; beyond
 * that the answer is `too_many_attempts` at once, and session checks stay fast under a flood. An unknown
 * account costs the same work as a known one, so that the time taken tells nobody who exists.
 * Nothing is trimmed, truncated or case-folded. Text is compared in NFKC (NIST SP 800-63B): keyboards write
 * the same letter as one code point or as two, and its owner cannot see which.
 */
import { hash as hashArgon2, verify as verifyArgon2 } from "@node-rs/argon2";
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";
import { DomainError } from "../../shared/errors.ts";

export interface Passwords {
  hash: (password: string) => Promise<string>;
  /** False for a wrong password; `null` (no such account) costs the same and is always false. */
  verify: (phc: string | null, password: string) => Promise<boolean>;
}

/** OWASP's parameters for argon2id, which is the library's default algorithm. */
const costs = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };

/** A hash with the same costs of a random password that was thrown away. */
export const nobodysHash =
  "$argon2id$v=19$m=19456,t=2,p=1$zTrY0sAAc+NhKay3HGJDrQ$0a9RncS3zpZhQ+WAb6U3sFb6Tsi5wQl4HR9m0qiP+HQ";

const fewestCharacters = 8;
const mostCharacters = 256;
const lowestScore = 2;
/** Scoring time grows faster than the length; a start that is hard to guess makes the whole so. */
const scoredCharacters = 64;

export function createPasswords(limits: { parallel: number; queue: number }): Passwords {
  const takeTurn = createTurns(limits);
  return {
    hash: (password) => takeTurn(() => hashArgon2(normalisePassword(password), costs)),
    verify: (phc, password) =>
      takeTurn(async () => {
        const matches = await verifyArgon2(phc ?? nobodysHash, normalisePassword(password));
        return phc !== null && matches;
      }),
  };
}

/** Throws `weak_password` with a sentence for the person who chose it. */
export function assertStrongPassword(
  password: string,
  owner: { username: string; name?: string | null | undefined },
): void {
  const characters = Array.from(password);
  if (characters.length < fewestCharacters) {
    refuse(`Use at least ${fewestCharacters} characters.`);
  }
  if (characters.length > mostCharacters) refuse(`Use at most ${mostCharacters} characters.`);
  const scored = characters.slice(0, scoredCharacters).join("");
  const nameWords = (owner.name ?? "").split(/\s+/u).filter((word) => word !== "");
  const { score } = guessability().check(scored, [owner.username, ...nameWords, "rollcall"]);
  if (score < lowestScore) {
    refuse("This password is easy to guess. Use a few unrelated words, or let a manager make one.");
  }
}

function refuse(message: string): never {
  throw new DomainError("weak_password", { message });
}

function normalisePassword(password: string): string {
  return password.normalize("NFKC");
}

let loadedGuessability: ZxcvbnFactory | undefined;

/** Ranking 50 000 common passwords takes 20 ms: once, at the first use, and never for a CLI that needs none. */
function guessability(): ZxcvbnFactory {
  loadedGuessability ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
  return loadedGuessability;
}

/** At most `parallel` tasks run, at most `queue` wait in order, the next is refused. */
function createTurns({ parallel, queue }: { parallel: number; queue: number }) {
  let running = 0;
  const waiting: (() => void)[] = [];

  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (running < parallel) running += 1;
    else if (waiting.length < queue) {
      // Whoever ends hands its place on, so `running` does not change and nobody can jump the queue.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else throw new DomainError("too_many_attempts", { retryAfterSeconds: 1 });
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
