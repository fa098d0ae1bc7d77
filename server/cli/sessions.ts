/** `sessions …`: who is signed in, and ending it. */
import { isIP } from "node:net";
import { InvalidArgumentError, Option, type Command } from "commander";
import { z } from "zod";
import { Message } from "../../shared/contract/accounts.ts";
import type { Receipt, Session } from "../../shared/contract/sessions.ts";
import { SessionId } from "../../shared/ids.ts";
import type { Core } from "../core.ts";
import { showEvent } from "../domain/activity.ts";
import { exitCodes, findAccount, parseArguments, readNumber, Refusal } from "./run.ts";
import type { Given, RunWithCore } from "./run.ts";
import { formatAge, formatEnd, formatNumber, formatSessionEvent, formatTable } from "./words.ts";

interface ListArguments {
  account?: string;
  address?: string;
  online?: true;
  limit?: number;
  json?: true;
}

interface EndArguments {
  account?: string;
  everyone?: true;
  message?: string;
}

const Target = z.object({ id: SessionId.optional(), message: Message.optional() });
const pageSize = 200;
const rowsShown = 100;
const say = (line: string) => process.stdout.write(`${line}\n`);

export function addSessionCommands(program: Command, runWithCore: RunWithCore): void {
  const sessions = program
    .command("sessions")
    .description("Who is signed in, and ending it")
    .helpCommand(false);

  sessions
    .command("list")
    .description("List live sessions, newest first")
    .option("--account <username>", "only those of this account")
    .option("--address <address>", "only those from this IP address", readAddress)
    .option("--online", "only those with an open page")
    .option(
      "--limit <number>",
      `at most so many (default: ${rowsShown}; all with --json)`,
      readNumber,
    )
    .option("--json", "one JSON object a line")
    .action((given: ListArguments) => runWithCore((parts) => listSessions(parts, given)));

  sessions
    .command("watch")
    .description("Say what opens and ends, as it happens, until stopped")
    .option("--json", "one JSON object a line")
    .action((given: { json?: true }) => runWithCore((parts) => watchSessions(parts, given)));

  sessions
    .command("end [id]")
    .description("End one session, those of an account, or everyone's; open pages are cut at once")
    .addOption(new Option("--account <username>", "end every session of this account"))
    .addOption(
      new Option("--everyone", "end every session there is, guests included").conflicts("account"),
    )
    .option("--message <text>", "shown on the pages that are cut")
    .action((id: string | undefined, given: EndArguments) =>
      runWithCore((parts) => endSessions(parts, id, given)),
    );
}

/** Until it is stopped: the activity log is followed, which all servers write. */
async function watchSessions({ core }: Given, { json }: { json?: true }): Promise<void> {
  if (!json) say("Sessions as they open and end. Ctrl-C stops.");
  await core.activityReader.follow((told) => {
    if (told.kind !== "event" || !isAboutSessions(told.event)) return;
    const event = showEvent(told.event);
    say(json ? JSON.stringify(event) : formatSessionEvent(event));
  });
}

const isAboutSessions = ({ type }: { type: string }): boolean =>
  type === "session.opened" || type === "session.ended" || type === "everyone.ended";

async function listSessions({ core }: Given, given: ListArguments): Promise<void> {
  const limit = given.limit ?? (given.json ? Infinity : rowsShown);
  const now = core.ledger.redisNow();
  const rows: string[][] = [];
  let shown = 0;
  let more = false;
  for await (const session of findSessions(core, given, now)) {
    if (shown === limit) {
      more = true;
      break;
    }
    shown++;
    if (given.json) say(JSON.stringify(session));
    else rows.push(rowOf(session, now));
  }
  if (given.json) return;
  if (rows.length > 0) say(`${formatTable(head, rows)}\n`);
  say(`${formatNumber(shown)} of ${formatNumber(await core.directory.count())} live sessions.`);
  if (more) say("There are more like these: --limit shows them.");
}

/** Newest first, a page at a time: a million pass through without being held. */
async function* findSessions(
  core: Core,
  { account: username, address, online }: ListArguments,
  now: number,
): AsyncGenerator<Session> {
  if (username !== undefined) {
    const account = await findAccount(core, username);
    for (const session of (await core.sessions.list(account)).sessions)
      if (
        Date.parse(session.idleExpiresAt) > now &&
        (address === undefined || session.ip === address) &&
        (!online || session.online)
      )
        yield session;
    return;
  }
  const ask = { q: address, online: online ? ("true" as const) : undefined, limit: pageSize };
  let cursor: string | undefined;
  do {
    const page = await core.directory.list({ ...ask, cursor });
    yield* page.sessions;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

const head = ["ID", "ACCOUNT", "DEVICE", "ADDRESS", "PLACE", "PAGES", "LAST SEEN", "SIGNED IN"];

const rowOf = (session: Session, now: number): string[] => [
  session.id,
  session.account?.username ?? "(guest)",
  session.device.name,
  session.ip,
  session.location ?? "-",
  String(session.sockets),
  formatAge(session.lastSeenAt, now),
  formatAge(session.createdAt, now),
];

async function endSessions(
  { core }: Given,
  id: string | undefined,
  { account, everyone, message }: EndArguments,
): Promise<void> {
  if ([id, account, everyone].filter((one) => one !== undefined).length !== 1)
    throw new Refusal("Say which: an id, --account <username>, or --everyone.", exitCodes.usage);
  const target = parseArguments(Target, { id, message });
  const order = { reason: "admin" as const, message: target.message };
  let receipt: Receipt;
  if (target.id !== undefined) receipt = await core.ends.endOne(target.id, null, order);
  else if (account !== undefined)
    receipt = await core.ends.endAll((await findAccount(core, account)).id, order);
  else receipt = await core.ends.endEveryone(null, order, await core.directory.count());
  say(formatEnd(receipt));
}

function readAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError("It is not an IP address.");
  return text;
}
