/**
 * `doctor`: looks at everything that the promise rests on and that somebody may have set up wrong, and says for each
 * whether it is well, in words that lead on. With an address it comes in like a browser does, through whatever
 * stands in front.
 */
import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { InvalidArgumentError, type Command } from "commander";
import { Refusal, type Given, type RunWithCore } from "./run.ts";
import { countOf, formatNumber } from "./words.ts";

interface Finding {
  isWell: boolean;
  text: string;
}

const patience = 5000;
/** Clocks may differ by this much: lifetimes are kept by Redis' clock alone, so it is a matter of what people read. */
const clockTolerance = 2000;
const say = (line: string) => process.stdout.write(`${line}\n`);
const well = (text: string): Finding => ({ isWell: true, text });
const wrong = (text: string): Finding => ({ isWell: false, text });

export function addDoctorCommand(program: Command, runWithCore: RunWithCore): void {
  program
    .command("doctor")
    .description("Check the settings, Redis, the servers, and with --url what stands in front")
    .option(
      "--url <address>",
      "where people open Rollcall, such as https://id.example.com",
      readUrl,
    )
    .action((given: { url?: URL }) => runWithCore((parts) => examine(parts, given.url)));
}

async function examine({ core, config }: Given, url: URL | undefined): Promise<void> {
  const findings = [
    well(`The settings fit together (DATA_DIR ${config.dataDir}).`),
    ...(await examineRedis(core)),
    await examineNodes(core, config.lease),
    await examineKeys(core),
    ...(url ? await examineFront(url, config.publicUrl) : []),
  ];
  for (const { isWell, text } of findings) say(`${isWell ? "ok   " : "WRONG"}  ${text}`);
  const broken = findings.filter(({ isWell }) => !isWell).length;
  if (broken > 0) throw new Refusal(`${countOf(broken, "thing")} to mend.`);
}

async function examineRedis(core: Given["core"]): Promise<Finding[]> {
  const { version, problems, replicas, isAppendOnly, bytes } = await core.inspect();
  const ahead = core.ledger.redisNow() - Date.now();
  const size = `${formatNumber(Math.round(bytes / 1024 / 1024))} MiB used`;
  return [
    ...problems.map(wrong),
    well(`Redis ${version} answers: ${size}, ${countOf(replicas, "replica")}.`),
    isAppendOnly
      ? well("Redis writes an append-only file: sessions survive its restart.")
      : wrong("Redis keeps nothing over a restart: set appendonly to yes."),
    Math.abs(ahead) <= clockTolerance
      ? well("The clocks of Redis and of this machine agree.")
      : wrong(
          `The clock of Redis is ${formatNumber(Math.round(Math.abs(ahead) / 1000))} s ` +
            `${ahead > 0 ? "ahead of" : "behind"} this machine's: run NTP on both.`,
        ),
  ];
}

async function examineNodes(core: Given["core"], lease: number): Promise<Finding> {
  const alive = (await core.nodes()).filter(({ silentFor }) => silentFor <= lease);
  if (alive.length === 0)
    return wrong("No server holds a lease: none is running, or none is ready.");
  return well(
    `${countOf(alive.length, "server")} may decide: ${alive.map(({ name }) => name).join(", ")}.`,
  );
}

async function examineKeys(core: Given["core"]): Promise<Finding> {
  try {
    await core.signingKeys.load();
    return well("The signing keys open with this TOKEN_KEY.");
  } catch {
    return wrong(
      "The signing keys do not open: give the TOKEN_KEY (or the DATA_DIR) that the servers have.",
    );
  }
}

/** What a browser would meet at the address people open. */
async function examineFront(url: URL, publicUrl: string | null): Promise<Finding[]> {
  const findings = [
    publicUrl === null || new URL(publicUrl).origin === url.origin
      ? well(`${url.origin} is the address that servers expect.`)
      : wrong(`PUBLIC_URL is ${publicUrl}: requests from pages at ${url.origin} are refused.`),
  ];
  try {
    const ready = await ask(new URL("/readyz", url));
    if (ready.headers["x-request-id"] === undefined)
      return [...findings, wrong(`${url.origin} answers, but it is not Rollcall that does.`)];
    findings.push(
      ready.statusCode === 200
        ? well(`${url.origin} leads to a server that is ready.`)
        : wrong(`${url.origin} leads to a server that is not ready (${ready.statusCode}).`),
      describeUpgrade(await askForWebSocket(url)),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.push(wrong(`${url.origin} cannot be reached: ${reason}.`));
  }
  return findings;
}

function describeUpgrade(status: number): Finding {
  if (status === 101) return well("Websockets get through: pages are live.");
  if (status === 403)
    return wrong("The websocket's Origin was refused: set PUBLIC_URL to the address people open.");
  return wrong(
    `Websockets do not get through (${status}): what stands in front must pass on Upgrade and ` +
      "Connection for /socket.io/ (README, “Behind a proxy”). Pages refresh slowly until then.",
  );
}

const ask = (url: URL): Promise<IncomingMessage> => send(url, {}, (response) => response.resume());

/** The status that a websocket's handshake gets: 101 when it is let through. */
async function askForWebSocket(url: URL): Promise<number> {
  const address = new URL("/socket.io/?EIO=4&transport=websocket", url);
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    Origin: url.origin,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "cm9sbGNhbGwtZG9jdG9yIQ==",
  };
  const response = await send(address, headers, (answer) => answer.destroy());
  return response.statusCode ?? 0;
}

function send(
  url: URL,
  headers: Record<string, string>,
  finish: (response: IncomingMessage) => void,
): Promise<IncomingMessage> {
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const answered = (response: IncomingMessage) => {
      finish(response);
      resolve(response);
    };
    request(url, { headers, timeout: patience, agent: false })
      .once("response", answered)
      .once("upgrade", (response: IncomingMessage, socket) => {
        socket.destroy();
        resolve(response);
      })
      .once("timeout", function (this: { destroy(error: Error): void }) {
        this.destroy(new Error("no answer in time"));
      })
      .once("error", reject)
      .end();
  });
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError("It is not an http or https address.");
  return url;
}
