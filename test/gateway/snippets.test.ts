// What README tells people to copy is what the tests run.
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { readSnippet } from "./proxies.ts";

test.each([
  ["nginx.conf", "nginx"],
  ["Caddyfile", "caddyfile"],
] as const)("README shows %s as it is tested", (name, language) => {
  const readme = readFileSync(path.resolve(import.meta.dirname, "../../README.md"), "utf8");
  const [, shown] = readme.split(`<!-- ${name} -->\n`);
  expect(shown?.split(`\n<!-- /${name} -->`)[0]).toBe(
    `\`\`\`${language}\n${readSnippet(name)}\`\`\``,
  );
});
