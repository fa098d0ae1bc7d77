/** `keys …`: the keys that sign access tokens. Rotating is safe at any time: nobody is signed out by it. */
import type { Command } from "commander";
import { toInstant } from "../domain/clock.ts";
import type { ListedKey } from "../domain/signing-keys.ts";
import { Refusal, type Given, type RunWithCore } from "./run.ts";
import { countOf, formatAge, formatTable } from "./words.ts";

const minute = 60_000;
const say = (line: string) => process.stdout.write(`${line}\n`);

const meanings: Record<ListedKey["state"], string> = {
  coming: "published, signs soon",
  signing: "signs",
  retired: "kept until what it signed has expired",
};

export function addKeyCommands(program: Command, runWithCore: RunWithCore): void {
  const keys = program
    .command("keys")
    .description("The keys that sign access tokens")
    .helpCommand(false);

  keys
    .command("list")
    .description("List them, newest first")
    .option("--json", "one JSON object a line")
    .action((given: { json?: true }) => runWithCore((parts) => listKeys(parts, given)));

  keys
    .command("rotate")
    .description("Make a new one; the present one stays good for what it has signed")
    .action(() => runWithCore(rotateKeys));
}

async function listKeys({ core }: Given, { json }: { json?: true }): Promise<void> {
  const listed = await core.signingKeys.list();
  if (json) {
    for (const { createdAt, ...key } of listed)
      say(JSON.stringify({ ...key, createdAt: toInstant(createdAt) }));
    return;
  }
  const now = core.ledger.redisNow();
  const rows = listed.map(({ kid, createdAt, state }) => [
    kid,
    formatAge(toInstant(createdAt), now),
    meanings[state],
  ]);
  if (rows.length > 0) say(`${formatTable(["KEY", "MADE", "STATE"], rows)}\n`);
  say(`${countOf(rows.length, "key")}.`);
}

async function rotateKeys({ core }: Given): Promise<void> {
  // The first one is a server's to make: what it is sealed under must be what the servers have.
  if ((await core.signingKeys.list()).length === 0)
    throw new Refusal("There is no key yet: the first server to start makes one.");
  const kid = await core.signingKeys.rotate();
  const wait = countOf(core.signingKeys.settlesAfter / minute, "minute");
  say(`Made key ${kid}. It signs in ${wait}, when every server knows it.`);
}
