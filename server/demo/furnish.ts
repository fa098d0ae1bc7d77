/**
 * What a demo begins with: a catalogue, and accounts that all have one password, made up for this data folder and
 * kept in it. Done again it finds what is there.
 */
import { randomInt } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { permissions, type Permission } from "../../shared/contract/accounts.ts";
import type { Core } from "../core.ts";
import { ofNewcomers } from "../domain/accounts.ts";
import { makeFirstCatalogue } from "../domain/first-catalogue.ts";
import { newAccountId } from "../domain/sessions.ts";
import { inventPeople, type Inhabitant } from "./people.ts";

export interface Furnished {
  password: string;
  /** Who restocks the catalogue and now and then ends somebody's session. */
  keeper: string;
  /** Usernames of the crowd. */
  crowd: string[];
}

const keeper = "keeper";
const words = [
  "amber",
  "birch",
  "comet",
  "delta",
  "ember",
  "fjord",
  "grove",
  "harbor",
  "island",
  "juniper",
  "kettle",
  "lagoon",
];

export async function furnish(core: Core, dataDir: string, count: number): Promise<Furnished> {
  const password = readPassword(dataDir);
  const passwordHash = await core.passwords.hash(password);

  async function make(inhabitant: Inhabitant, granted: readonly Permission[]): Promise<void> {
    const { username } = inhabitant;
    if ((await core.accountStore.findByUsername(username)) !== null) return;
    const id = newAccountId();
    const fields = { ...inhabitant, passwordHash, permissions: [...granted] };
    await core.accountStore.create(id, username, fields);
    if (username === "demo" && (await core.accountStore.claimSetup(id)))
      await core.accountStore.confirmSetup(id);
  }

  await make({ username: "demo", name: "Demo", country: "DE", city: "Berlin" }, permissions);
  await make({ username: "operator", name: "Operator" }, ["sessions:read", "activity:read"]);
  await make({ username: keeper, name: "Keeper of the desk" }, permissions);
  const people = inventPeople(count);
  await Promise.all(people.map((person) => make(person, ofNewcomers)));
  // Read to its end: each resource is made as it is asked for.
  for await (const made of makeFirstCatalogue(core)) void made;
  await offerFewSeats(core);
  return { password, keeper, crowd: people.map(({ username }) => username) };
}

/** Something that is always about to be gone: held for moments, so that holds expire while one looks. */
async function offerFewSeats({ catalogue }: Core): Promise<void> {
  const name = "Standing room tonight";
  const listed = await catalogue.listStocked();
  if (listed.some((one) => one.name === name)) return;
  await catalogue.create({
    name,
    description: "A few places, put out now and then. First come, first served.",
    limit: 1,
    holdSeconds: 25,
    task: "none",
  });
}

/** Made up once, readable by its owner alone. */
function readPassword(dataDir: string): string {
  const path = join(dataDir, "demo-password");
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    const made = Array.from({ length: 4 }, () => words[randomInt(words.length)]).join(" ");
    writeFileSync(path, `${made}\n`, { mode: 0o600 });
    return made;
  }
}
