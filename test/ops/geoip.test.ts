import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openGeoip } from "../../server/ops/geoip.ts";
import { writeGeoipDatabase } from "./geoip-database.ts";

const directory = mkdtempSync(path.join(tmpdir(), "rollcall-geoip-"));
afterAll(() => rmSync(directory, { recursive: true }));

function fileWith(content: Buffer): string {
  const file = path.join(directory, `${content.length}.mmdb`);
  writeFileSync(file, content);
  return file;
}

describe("the place of an address", () => {
  const placeOf = openGeoip(
    fileWith(
      writeGeoipDatabase({
        "81.2.69.0/24": {
          city: { names: { en: "Leeds", de: "Leeds" } },
          country: { iso_code: "GB" },
        },
        "81.2.70.0/24": { country: { iso_code: "FR" } },
        "203.0.113.0/28": { city: "Lisbon", country_code: "PT" },
        "203.0.113.16/28": { traits: { isp: "Somebody" } },
      }),
    ),
  );

  test.each([
    ["81.2.69.160", "Leeds, GB"],
    ["81.2.70.1", "FR"],
    ["203.0.113.15", "Lisbon, PT"],
    ["203.0.113.16", null],
    ["198.51.100.1", null],
    ["192.168.1.1", null],
    ["2001:db8::1", null],
    ["unknown", null],
    ["", null],
  ])("of %j is %j", (address, place) => {
    expect(placeOf(address)).toBe(place);
  });

  test("is unknown without a database", () => {
    expect(openGeoip(null)("81.2.69.160")).toBeNull();
  });
});

test.each([
  ["missing", path.join(directory, "none.mmdb")],
  ["empty", fileWith(Buffer.alloc(0))],
  ["something else", fileWith(Buffer.from("<html>not found</html>"))],
])("a database file that is %s stops the start and is named", (_, file) => {
  expect(() => openGeoip(file)).toThrow(`GEOIP_DB_FILE: ${file} is not a readable database`);
});
