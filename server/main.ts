/** The server: reads the configuration, serves, and offers the set-up of the first admin. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { readConfig, type Config } from "./config.ts";
import { serve } from "./serve.ts";

const config = readConfigOrExit();
const { node, home } = await serve(config);
const { accounts } = node.core;
if (!(await accounts.isSetUp())) await offerSetup();

async function offerSetup(): Promise<void> {
  const token = config.setupToken ?? randomBytes(24).toString("base64url");
  await accounts.offerSetup(token);
  // Straight to the terminal: the log cuts out whatever looks like a token.
  process.stdout.write(
    `\n  Create the first admin (this link works once):\n  ${home}/setup#${token}\n\n`,
  );
}

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env, (path) => readFileSync(path, "utf8"));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}
