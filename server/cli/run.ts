/**
 * What a command is given to work with, and how it says no. Each command runs alone: the core is opened for it,
 * whatever it set in motion has arrived before it is closed, and the way it ended becomes the exit code.
 */
import { InvalidArgumentError } from "commander";
import type { z } from "zod";
import type { Config } from "../config.ts";
import type { Core } from "../core.ts";
import { foldUsername } from "../domain/accounts.ts";
import type { AccountRow } from "../domain/session.ts";

export interface Given {
  core: Core;
  config: Config;
}

export type RunWithCore = (command: (given: Given) => Promise<void>) => Promise<void>;

export const exitCodes = { done: 0, refused: 1, usage: 2 } as const;

/** One line for the person at the terminal. */
export class Refusal extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.refused) {
    super(message);
    this.name = "Refusal";
    this.exitCode = exitCode;
  }
}

/** What the contract asks of a request body is asked of arguments too. */
export function parseArguments<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  throw new Refusal(faults.join("; ").trim(), exitCodes.usage);
}

export function readNumber(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text))
    throw new InvalidArgumentError("It is not a number above zero.");
  return Number(text);
}

export async function findAccount(core: Core, username: string): Promise<AccountRow> {
  const found = await core.accountStore.findByUsername(foldUsername(username));
  if (found === null) throw new Refusal(`There is no account ${JSON.stringify(username)}.`);
  return found.account;
}
