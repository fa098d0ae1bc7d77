/**
 * A first catalogue to look around in: made-up resources of every kind with made-up units. Each is known by its
 * name, so making it again adds only what is missing.
 */
import { randomInt } from "node:crypto";
import { usualHoldSeconds, type NewResource } from "../../shared/contract/catalogue.ts";
import { idAlphabet } from "../../shared/ids.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Units } from "./units.ts";

interface Sample {
  resource: NewResource;
  units: number;
  makeUnit(): string;
}

export interface Sampled {
  name: string;
  /** How many units were added; null: the resource was there. */
  units: number | null;
}

const minutes = 60;
const hours = 60 * minutes;

const draw = (length: number): string =>
  Array.from({ length }, () => idAlphabet[randomInt(idAlphabet.length)])
    .join("")
    .toUpperCase();
const drawCode = (prefix: string): string => [prefix, draw(4), draw(4), draw(4)].join("-");

const samples: Sample[] = [
  {
    resource: {
      name: "Night at the museum, two tickets",
      description: "Any Thursday after six. The code is scanned at the side entrance.",
      limit: 2,
      holdSeconds: usualHoldSeconds,
      task: "none",
    },
    units: 300,
    makeUnit: () => drawCode("NIGHT"),
  },
  {
    resource: {
      name: "Library e-book card",
      description: "A year of borrowing from all branches, on any reader.",
      holdSeconds: 30 * minutes,
      task: "none",
    },
    units: 500,
    makeUnit: () => `https://library.example.org/redeem/${draw(20).toLowerCase()}`,
  },
  {
    resource: {
      name: "Day ticket for the whole network",
      description: "Trams, buses and trains of the city, zones A to C.",
      terms:
        "The ticket is personal and may not be sold on.\nIt is valid on the day it is first checked, until three in the morning.",
      rule: { countries: ["DE"], cities: ["Berlin", "Hamburg", "München"] },
      limit: 1,
      holdSeconds: 10 * minutes,
      task: "confirm",
    },
    units: 400,
    makeUnit: () => drawCode("DAY"),
  },
  {
    resource: {
      name: "Cinema voucher",
      description: "One seat, any film, any day but premieres.",
      terms: "Vouchers are not paid out, and cannot be replaced once they were shown.",
      rule: { countries: ["DE", "AT", "CH", "GB"] },
      limit: 4,
      holdSeconds: usualHoldSeconds,
      task: "confirm",
    },
    units: 250,
    makeUnit: () => drawCode("SEAT"),
  },
  {
    resource: {
      name: "Workshop: restoring old radios",
      description: "A Saturday, tools included. The link opens the booking in your name.",
      limit: 1,
      holdSeconds: 2 * hours,
      task: "reauthenticate",
    },
    units: 120,
    makeUnit: () => `https://workshops.example.org/seat/${draw(24).toLowerCase()}`,
  },
  {
    resource: {
      name: "Hardware security key, free pick-up",
      description: "Show the code at the counter. One for each person.",
      limit: 1,
      holdSeconds: 24 * hours,
      task: "other_device",
    },
    units: 200,
    makeUnit: () => drawCode("KEY"),
  },
];

/** Makes what is not there yet, one resource after the other; yields each when it is done. */
export async function* makeFirstCatalogue(parts: {
  catalogue: Pick<Catalogue, "listStocked" | "create">;
  units: Units;
}): AsyncGenerator<Sampled> {
  const there = (await parts.catalogue.listStocked()).filter(({ removed }) => !removed);
  for (const { resource, units, makeUnit } of samples) {
    const { name } = resource;
    const found = there.find((one) => one.name === name);
    if (found && found.added > 0) {
      yield { name, units: null };
      continue;
    }
    // Stopped between the two, the last time.
    const { id } = found ?? (await parts.catalogue.create(resource));
    const made = Array.from({ length: units }, makeUnit);
    const report = await parts.units.add({
      resource: id,
      units: made,
      assertStillMay: () => Promise.resolve(),
    });
    yield { name, units: report.added };
  }
}
