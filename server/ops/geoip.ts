/**
 * The place of an address ("Leeds, GB"), from a database file in MaxMind's format that the operator brings.
 * Optional and offline: without a file every place is unknown, and no address ever leaves the server. A file
 * that cannot be used stops the start; an address that cannot be found never does.
 */
import { readFileSync } from "node:fs";
import { Reader, type Response } from "mmdb-lib";

export type Geoip = (address: string) => string | null;

export function openGeoip(file: string | null): Geoip {
  if (file === null) return () => null;
  const reader = openReader(file);
  return (address) => {
    try {
      return placeOf(reader.get(address));
    } catch {
      // mmdb-lib throws on what is not an address, and on IPv6 in a database of IPv4.
      return null;
    }
  };
}

function openReader(file: string): Reader<Response> {
  try {
    return new Reader<Response>(readFileSync(file));
  } catch (cause) {
    throw new Error(`GEOIP_DB_FILE: ${file} is not a readable database in MaxMind's format`, {
      cause,
    });
  }
}

/** MaxMind nests and translates its names; the free ip-location-db keeps them flat. */
function placeOf(record: unknown): string | null {
  const country = textAt(record, "country", "iso_code") ?? textAt(record, "country_code");
  const city = textAt(record, "city", "names", "en") ?? textAt(record, "city");
  const parts = [city, country].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? null : parts.join(", ");
}

function textAt(record: unknown, ...path: string[]): string | undefined {
  let value = record;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, key) as unknown;
  }
  return typeof value === "string" ? value : undefined;
}
