// One run for every test: the real server on a real Redis, the client's logic, and whole stories in
// Chromium. Two workers, because the tests start processes of their own; no retries, because a test
// that fails once has found something.
import path from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import type { Reporter } from "vitest/node";

const root = path.resolve(import.meta.dirname, "..");

/** Ends the output with one plain line that people and scripts can read. */
const totalsReporter: Reporter = {
  onTestRunEnd(files, errors) {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const file of files) {
      const tests = [...file.children.allTests()];
      for (const test of tests) counts[test.result().state]++;
      // A file or suite that breaks outside its tests has failed as well.
      const broken = !file.ok() && tests.every((test) => test.result().state !== "failed");
      if (broken) counts.failed++;
    }
    const skipped = counts.skipped + counts.pending;
    const totals = [`${counts.passed} passed`, `${counts.failed} failed`];
    if (skipped > 0) totals.push(`${skipped} skipped`);
    console.log(totals.join(", "));
  },
};

export default defineConfig({
  root,
  plugins: [svelte({ configFile: "client/svelte.config.js" })],
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/bench/**"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    retry: 0,
    reporters: ["default", totalsReporter],
  },
});
