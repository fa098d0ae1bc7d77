// What is figured out of a catalogue's counts, and how cities are compared.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findMedianSeconds, foldCity } from "../../server/domain/catalogue.ts";

/** As the scripts count: in eighths of an octave from one second on. */
const bucketOf = (seconds: number): number => Math.max(0, Math.floor(8 * Math.log2(seconds)));

function countTimes(times: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const seconds of times)
    counts.set(bucketOf(seconds), (counts.get(bucketOf(seconds)) ?? 0) + 1);
  return counts;
}

describe("the median time from reserving to claiming", () => {
  test("is unknown before the first claim", () => {
    expect(findMedianSeconds(new Map())).toBeNull();
  });

  test("is that of the times themselves to within an eighth, however many there are", () => {
    const times = fc.array(fc.double({ min: 1, max: 604_800, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(times, (taken) => {
        const sorted = taken.toSorted((one, other) => one - other);
        const median = sorted[Math.ceil(sorted.length / 2) - 1];
        const found = findMedianSeconds(countTimes(taken)) ?? NaN;
        expect(found / median).toBeGreaterThan(7 / 8);
        expect(found / median).toBeLessThan(9 / 8);
      }),
    );
  });

  test("of claims within the same second is about a second", () => {
    expect(findMedianSeconds(countTimes([0.01, 0.2, 0.9]))).toBeCloseTo(1, 0);
  });
});

describe("a city", () => {
  test("is the same however it was typed", () => {
    for (const typed of ["Köln", " KÖLN ", "ko\u0308ln", "\uff2böln"])
      expect(foldCity(typed)).toBe("köln");
  });

  test("never holds what divides the cities of a rule, nor two of them", () => {
    expect(foldCity("Berlin|Oslo")).toBe("berlin oslo");
    expect(foldCity("\uff5cBerlin")).toBe("berlin");
  });
});
