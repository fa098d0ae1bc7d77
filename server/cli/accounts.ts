/** `account …`: making accounts, changing what they may do, and shutting them out. */
import { Argument, Option, type Command } from "commander";
import { z } from "zod";
import {
  accountRoutes,
  Message,
  permissions as allPermissions,
  type Account,
  type Permission,
} from "../../shared/contract/accounts.ts";
import { makePassword, readPassword } from "./password.ts";
import { findAccount, parseArguments, type Given, type RunWithCore } from "./run.ts";
import { countOf, formatAge, formatConfirmation, formatEnd, formatTable } from "./words.ts";

interface NewAccountArguments {
  name?: string;
  country?: string;
  city?: string;
  permission?: Permission[];
  admin?: true;
  randomPassword?: true;
}

const Reason = z.object({ reason: Message.optional() });
const pageSize = 200;
const Facts = accountRoutes.create.body.omit({ password: true });
const say = (line: string) => process.stdout.write(`${line}\n`);

export function addAccountCommands(program: Command, runWithCore: RunWithCore): void {
  const account = program
    .command("account")
    .description("Accounts and what they may do")
    .helpCommand(false);
  const permissionsArgument = () =>
    new Argument("<permission...>", "one or more").choices(allPermissions);
  const randomPassword = ["--random-password", "make one up and print it, once"] as const;

  account
    .command("create <username>")
    .description("Make an account; its password is asked for, or read from standard input")
    .option("--name <name>", "the person's name")
    .option("--country <code>", "two letters, such as DE")
    .option("--city <city>")
    .addOption(
      new Option("--permission <permission...>", "what it may do (default: desk:reserve)").choices(
        allPermissions,
      ),
    )
    .addOption(new Option("--admin", "give it every permission").conflicts("permission"))
    .option(...randomPassword)
    .action((username: string, given: NewAccountArguments) =>
      runWithCore((parts) => createAccount(parts, username, given)),
    );

  account
    .command("list")
    .description("List accounts by username")
    .option("--query <text>", "only usernames that begin with this")
    .option("--json", "one JSON object a line")
    .action((given: { query?: string; json?: true }) =>
      runWithCore((parts) => listAccounts(parts, given)),
    );

  account
    .command("grant <username>")
    .description("Give permissions; every open page of the account has them at once")
    .addArgument(permissionsArgument())
    .action((username: string, given: Permission[]) =>
      runWithCore((parts) =>
        changePermissions(parts, username, (present) => [...present, ...given]),
      ),
    );

  account
    .command("withdraw <username>")
    .description("Take permissions away; every open page of the account loses them at once")
    .addArgument(permissionsArgument())
    .action((username: string, given: Permission[]) =>
      runWithCore((parts) =>
        changePermissions(parts, username, (present) =>
          present.filter((one) => !given.includes(one)),
        ),
      ),
    );

  account
    .command("disable <username>")
    .description("End every session of the account and let it sign in no more")
    .option("--reason <text>", "shown on its open pages")
    .action((username: string, given: { reason?: string }) =>
      runWithCore((parts) => setStatus(parts, username, true, given.reason)),
    );

  account
    .command("enable <username>")
    .description("Let a disabled account sign in again")
    .action((username: string) => runWithCore((parts) => setStatus(parts, username, false)));

  account
    .command("password <username>")
    .description("Set a new password and end every session of the account")
    .option(...randomPassword)
    .action((username: string, given: { randomPassword?: true }) =>
      runWithCore((parts) => setPassword(parts, username, given.randomPassword === true)),
    );
}

async function createAccount(
  { core }: Given,
  username: string,
  { admin, permission, randomPassword, ...profile }: NewAccountArguments,
): Promise<void> {
  const permissions = admin ? [...allPermissions] : permission;
  // Checked before anybody has to type a password.
  const fields = parseArguments(Facts, { ...profile, username, permissions });
  const password = await choosePassword(username, randomPassword === true);
  const account = await core.accounts.create({ ...fields, password });
  say(`Created ${account.username} (${account.id}).`);
  say(formatPermissions(account));
  if (randomPassword) say(`Password, shown this once: ${password}`);
}

async function listAccounts(
  { core }: Given,
  { query, json }: { query?: string; json?: true },
): Promise<void> {
  const now = core.ledger.redisNow();
  const rows: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await core.accounts.list({ q: query, cursor, limit: pageSize });
    for (const account of page.accounts)
      if (json) say(JSON.stringify(account));
      else rows.push(rowOf(account, now));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  if (json) return;
  if (rows.length > 0) say(`${formatTable(head, rows)}\n`);
  say(countOf(rows.length, "account"));
}

const head = ["USERNAME", "NAME", "PLACE", "STATUS", "CREATED", "MAY"];

const rowOf = (account: Account, now: number): string[] => [
  account.username,
  account.name ?? "-",
  [account.city, account.country].filter(Boolean).join(", ") || "-",
  account.disabled ? "disabled" : "active",
  formatAge(account.createdAt, now),
  account.permissions.join(" ") || "-",
];

async function changePermissions(
  { core }: Given,
  username: string,
  change: (present: readonly Permission[]) => Permission[],
): Promise<void> {
  const { id, permissions } = await findAccount(core, username);
  const { account, receipt } = await core.accounts.setPermissions(id, change(permissions));
  say(formatPermissions(account));
  say(formatConfirmation(receipt));
}

async function setStatus(
  { core }: Given,
  username: string,
  disabled: boolean,
  reason?: string,
): Promise<void> {
  const message = parseArguments(Reason, { reason }).reason;
  const { id } = await findAccount(core, username);
  const { account, receipt } = await core.accounts.setStatus(id, disabled, undefined, message);
  say(`${account.username} is ${disabled ? "disabled" : "enabled"}.`);
  if (disabled) say(formatEnd(receipt));
}

async function setPassword({ core }: Given, username: string, random: boolean): Promise<void> {
  const account = await findAccount(core, username);
  const password = await choosePassword(account.username, random);
  const { receipt } = await core.accounts.resetPassword(account.id, password);
  say(`${account.username} has a new password.`);
  say(formatEnd(receipt));
  if (random) say(`Password, shown this once: ${password}`);
}

const choosePassword = async (username: string, random: boolean): Promise<string> =>
  random ? makePassword() : readPassword(username);

const formatPermissions = ({ username, permissions }: Pick<Account, "username" | "permissions">) =>
  `${username} may ${permissions.join(", ") || "do nothing in particular"}.`;
