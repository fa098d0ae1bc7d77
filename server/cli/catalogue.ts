/** `seed --catalogue`: a first catalogue to look around in. Asked again, it adds only what is missing. */
import { makeFirstCatalogue } from "../domain/first-catalogue.ts";
import type { Given } from "./run.ts";
import { countOf } from "./words.ts";

export async function seedCatalogue({ core }: Given): Promise<void> {
  for await (const { name, units } of makeFirstCatalogue(core))
    process.stdout.write(
      units === null
        ? `There already: ${name}.\n`
        : `Made ${name}, with ${countOf(units, "unit")}.\n`,
    );
}
