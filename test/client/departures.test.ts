/** Leaving for an app once, and not again when it only sends people back. */
import { beforeEach, expect, it } from "vitest";
import { createDepartures } from "../../client/state/departures.ts";

const app = "/return?to=https%3A%2F%2Fapp.example%2Fa%20b";
let now = 0;
let kept: Map<string, string>;
const departures = () => createDepartures(storage, () => now);
const storage = {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
} as Storage;

beforeEach(() => {
  now = 1_000_000;
  kept = new Map();
});

it("lets one leave for an app, and for another one right after", () => {
  expect(departures().mayLeaveFor(app)).toBe(true);
  expect(departures().mayLeaveFor(`${app}c`)).toBe(true);
});

it("keeps one here who came straight back from where they were sent", () => {
  departures().mayLeaveFor(app);
  now += 1_000;
  expect(departures().mayLeaveFor(app)).toBe(false);
});

it("lets one leave again who comes back later", () => {
  departures().mayLeaveFor(app);
  now += 60_000;
  expect(departures().mayLeaveFor(app)).toBe(true);
});

it("lets one leave where the browser keeps nothing", () => {
  const refusing = createDepartures(
    {
      ...storage,
      getItem: () => {
        throw new Error("refused");
      },
    },
    () => now,
  );
  expect(refusing.mayLeaveFor(app)).toBe(true);
});
