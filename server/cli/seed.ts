/**
 * `seed`: accounts and live sessions for load tests, with their cookies in a file (development only); or a first
 * catalogue.
 */
import { open } from "node:fs/promises";
import type { Command } from "commander";
import { cookieNames } from "../domain/credentials.ts";
import { nobodysHash } from "../domain/passwords.ts";
import { seedSessions, type Seeded } from "../domain/seed.ts";
import { seedCatalogue } from "./catalogue.ts";
import { readPassword } from "./password.ts";
import { exitCodes, readNumber, Refusal, type Given, type RunWithCore } from "./run.ts";
import { countOf, formatNumber } from "./words.ts";

interface SeedArguments {
  accounts: number;
  sessionsPerAccount: number;
  out: string;
  password?: true;
}
type Asked = Partial<SeedArguments> & { catalogue?: true };

export function addSeedCommand(program: Command, runWithCore: RunWithCore): void {
  program
    .command("seed")
    .description("Make a first catalogue, or accounts with live sessions for load tests")
    .option("--catalogue", "make some resources with units, unless they are there")
    .option("--accounts <number>", "how many accounts (development only)", readNumber)
    .option("--sessions-per-account <number>", "live sessions of each", readNumber)
    .option("--out <file>", "where to write {account, username, sessionId, cookie} a line")
    .option("--password", "read one password for all of them; without it nobody can sign in")
    .action((asked: Asked) => {
      const order = readOrder(asked);
      return runWithCore(async (parts) => {
        if (asked.catalogue) await seedCatalogue(parts);
        if (order !== null) await seed(parts, order);
      });
    });
}

/** All that a load test takes; null when only the catalogue is asked for. */
function readOrder({ catalogue, ...order }: Asked): SeedArguments | null {
  const { accounts, sessionsPerAccount, out } = order;
  if (accounts !== undefined && sessionsPerAccount !== undefined && out !== undefined)
    return { ...order, accounts, sessionsPerAccount, out };
  if (catalogue && Object.keys(order).length === 0) return null;
  throw new Refusal(
    "seed takes --catalogue, or --accounts, --sessions-per-account and --out together.",
    exitCodes.usage,
  );
}

async function seed({ core, config }: Given, given: SeedArguments): Promise<void> {
  const { accounts, sessionsPerAccount } = given;
  const { perAccount } = config.sessions;
  if (config.secure)
    throw new Refusal("PUBLIC_URL is https: made-up sessions do not belong on a real server.");
  if (sessionsPerAccount > perAccount)
    throw new Refusal(`An account may have ${perAccount} sessions (SESSIONS_PER_ACCOUNT).`);
  const passwordHash = given.password
    ? await core.passwords.hash(await readPassword("all of them"))
    : nobodysHash;
  const options = {
    store: core.seedStore,
    accounts: core.accountStore,
    redisNow: core.ledger.redisNow,
    generation: core.ledger.generation,
    lifetimes: config.sessions,
  };
  const { session: cookieName } = cookieNames(config);
  const startedAt = performance.now();
  const batches = seedSessions(options, { accounts, sessionsPerAccount, passwordHash });
  await writeLines(given.out, batches, cookieName, accounts * sessionsPerAccount);
  const took = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(
    `Made ${countOf(accounts, "account")} with ${countOf(accounts * sessionsPerAccount, "live session")} ` +
      `in ${took} s. ${given.out} holds their cookies: each opens a session.\n`,
  );
}

async function writeLines(
  path: string,
  batches: AsyncIterable<Seeded[]>,
  cookieName: string,
  total: number,
): Promise<void> {
  const file = await open(path, "w", 0o600);
  const progress = showProgress(total);
  try {
    for await (const batch of batches) {
      const lines = batch.map(({ token, ...facts }) =>
        JSON.stringify({ ...facts, cookie: `${cookieName}=${token}` }),
      );
      await file.appendFile(`${lines.join("\n")}\n`);
      progress.add(batch.length);
    }
  } finally {
    progress.end();
    await file.close();
  }
}

/** A counter on the terminal; nothing in a log file. */
function showProgress(total: number) {
  const show = (text: string) => process.stderr.isTTY && process.stderr.write(text);
  let done = 0;
  return {
    add(count: number): void {
      done += count;
      show(`\r${formatNumber(done)} of ${countOf(total, "session")}`);
    },
    end: () => void show("\r\u001b[K"),
  };
}
