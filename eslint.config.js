import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import { defineConfig } from "eslint/config";
import globals from "globals";
import typescript from "typescript-eslint";
import svelteConfig from "./client/svelte.config.js";

const unsafe = Object.fromEntries(
  ["argument", "assignment", "call", "member-access", "return"].map((use) => [
    `@typescript-eslint/no-unsafe-${use}`,
    "off",
  ]),
);

export default defineConfig(
  { ignores: ["dist/", "data/", "coverage/", ".build-*/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    languageOptions: {
      globals: globals.node,
      parserOptions: { projectService: true, extraFileExtensions: [".svelte"] },
    },
  },
  {
    files: ["**/*.ts", "**/*.svelte"],
    extends: [typescript.configs.recommendedTypeChecked],
    rules: {
      // The compiler finds undefined names, and knows the types.
      "no-undef": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A store or a fake answers a promise because its interface says so.
      "@typescript-eslint/require-await": "off",
      // Parts are closures handed about piece by piece; there is no `this` to lose.
      "@typescript-eslint/unbound-method": "off",
    },
  },
  { files: ["**/*.svelte", "**/*.svelte.ts"], extends: [svelte.configs.recommended] },
  {
    files: ["client/**"],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ["**/*.svelte"],
    languageOptions: { parserOptions: { parser: typescript.parser, svelteConfig } },
    rules: {
      "svelte/no-at-html-tags": "error",
      // svelte-check judges types inside components; ESLint sees imported components as any.
      ...unsafe,
    },
  },
  {
    files: ["**/*.svelte.ts"],
    languageOptions: { parser: typescript.parser },
  },
  // Tests read replies of unknown shape and assert on them.
  { files: ["test/**"], rules: unsafe },
);
