// Who may import whom, as data, executed over every source. A room is a folder (or one file, where a file
// has rights of its own); the longest matching name decides. Anything not listed is forbidden: a new
// dependency between rooms, or a new package in one, is a decision that shows in this file.
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

interface Room {
  /** Rooms whose files it may import, besides its own. */
  rooms?: readonly string[];
  /** npm packages; a trailing * stands for the rest of the name. */
  packages?: readonly string[];
  /** Modules of Node itself, without `node:`. */
  builtins?: readonly string[] | "all";
  /** Ways around what the room is given. */
  forbidden?: readonly string[];
}

const everyRoom = ["shared", "server"];
const computedName = "a computed name";

const rules: Record<string, Room> = {
  shared: { packages: ["zod"] },
  client: {
    rooms: ["shared"],
    packages: [
      "svelte",
      "socket.io-client",
      "regexparam",
      "uplot",
      "@lucide/svelte",
      "@fontsource-variable/inter",
    ],
  },
  "client/vite.config.ts": { packages: ["vite", "@sveltejs/vite-plugin-svelte"] },
  "server/domain": {
    rooms: ["shared"],
    packages: ["zod", "lru-cache", "bowser", "jose", "@node-rs/argon2", "@zxcvbn-ts/*"],
    // Nothing that reads, writes, listens or waits: time, chance and stores are given.
    builtins: ["crypto", "net", "util"],
    forbidden: ["process.env", "Date.now"],
  },
  "server/redis": {
    rooms: ["server/domain", "shared"],
    packages: ["redis", "rate-limiter-flexible", "zod"],
    builtins: "all",
  },
  "server/http": {
    rooms: ["server/domain", "shared"],
    packages: ["koa", "koa-*", "@koa/*", "sirv", "zod", "regexparam"],
    builtins: "all",
  },
  "server/live": {
    rooms: ["server/domain", "shared"],
    packages: ["socket.io", "zod"],
    builtins: "all",
  },
  "server/ops": { packages: ["pino", "prom-client", "mmdb-lib", "vite"], builtins: "all" },
  // Becomes the program that it was asked for.
  "server/ops/setup.mjs": { rooms: ["server/ops"], packages: [computedName], builtins: "all" },
  "server/settings.ts": { packages: ["zod"], builtins: "all" },
  "server/config.ts": {
    rooms: ["server/settings.ts", "shared"],
    packages: ["zod"],
    builtins: "all",
  },
  // What main and cli share, and what main and the tests start.
  "server/core.ts": { rooms: everyRoom, builtins: "all" },
  "server/node.ts": { rooms: everyRoom, builtins: "all" },
  "server/main.ts": { rooms: everyRoom, builtins: "all" },
  "server/serve.ts": { rooms: everyRoom, builtins: "all" },
  // A crowd that comes in from outside, knowing the contract and nothing more; what furnishes its server knows all.
  "server/demo": {
    rooms: ["shared"],
    packages: ["socket.io-client", "user-agents"],
    builtins: "all",
  },
  "server/demo/main.ts": { rooms: everyRoom, packages: ["commander"], builtins: "all" },
  "server/demo/furnish.ts": { rooms: everyRoom, builtins: "all" },
  // The commands of cli.ts, each handed the core that was opened for it.
  "server/cli": {
    rooms: ["server/core.ts", "server/config.ts", "server/domain", "shared"],
    packages: ["commander", "zod"],
    builtins: "all",
  },
  "server/cli.ts": { rooms: everyRoom, packages: ["commander"], builtins: "all" },
};

const root = path.resolve(import.meta.dirname, "..");
const isWithin = (file: string, room: string): boolean =>
  file === room || file.startsWith(`${room}/`);
const isOneOf = (name: string, patterns: readonly string[] = []): boolean =>
  patterns.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );

function roomOf(file: string): string | undefined {
  const rooms = Object.keys(rules).filter((room) => isWithin(file, room));
  return rooms.sort((one, other) => other.length - one.length)[0];
}

/** Every sentence that names what this source does and may not. */
function findViolations(file: string, source: string): string[] {
  const room = roomOf(file);
  const rule = room === undefined ? undefined : rules[room];
  if (room === undefined || !rule) return [`${file} belongs to no room`];
  const { imports, mentions } = readSource(file, source);
  const strangers = imports.filter((specifier) => !mayImport(file, room, rule, specifier));
  const shortcuts = (rule.forbidden ?? []).filter((name) => mentions.has(name));
  return [
    ...strangers.map((specifier) => `${file} imports ${specifier}`),
    ...shortcuts.map((name) => `${file} uses ${name}`),
  ];
}

function mayImport(file: string, room: string, rule: Room, specifier: string): boolean {
  if (specifier.startsWith(".")) {
    const target = path.posix.join(path.posix.dirname(file), specifier);
    return [room, ...(rule.rooms ?? [])].some((allowed) => isWithin(target, allowed));
  }
  if (isBuiltin(specifier)) {
    const name = specifier.replace(/^node:/, "").split("/")[0] ?? "";
    return rule.builtins === "all" || isOneOf(name, rule.builtins);
  }
  const packageName = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  return isOneOf(packageName, rule.packages);
}

/** What it imports (also types, re-exports and import()), and every a.b it mentions outside comments. */
function readSource(file: string, source: string): { imports: string[]; mentions: Set<string> } {
  const scripts = [...source.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, code]) => code);
  const code = file.endsWith(".svelte") ? scripts.join("\n") : source;
  const imports: string[] = [];
  const mentions = new Set<string>();
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier) imports.push(ts.isStringLiteralLike(specifier) ? specifier.text : computedName);
    if (ts.isPropertyAccessExpression(node)) mentions.add(node.getText().replace(/\s|\?/g, ""));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS));
  return { imports, mentions };
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument;
  }
  if (ts.isCallExpression(node)) {
    const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
    if (isImport || node.expression.getText() === "require") return node.arguments[0];
  }
  return undefined;
}

function listSources(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|mjs|svelte)$/.test(name))
    .map((name) => path.posix.join(folder, name.split(path.sep).join("/")));
}

describe("the rooms", () => {
  test("import only what they may", () => {
    const files = ["shared", "server", "client"].flatMap(listSources);
    expect(files.length).toBeGreaterThan(10);
    const violations = files.flatMap((file) =>
      findViolations(file, readFileSync(path.join(root, file), "utf8")),
    );
    expect(violations).toEqual([]);
  });

  test.each([
    ["server/domain/session.ts", 'import { keys } from "../redis/keys.ts";'],
    ["server/domain/session.ts", 'import type { Context } from "koa";'],
    ["server/domain/session.ts", 'import { readFile } from "node:fs/promises";'],
    ["server/domain/session.ts", "const now = Date.now();"],
    ["server/domain/session.ts", "const idle = process.env.IDLE ?? process.env['OTHER'];"],
    ["server/http/app.ts", 'import { createClient } from "redis";'],
    ["server/http/app.ts", 'export { announce } from "../live/announce.ts";'],
    ["server/http/app.ts", 'const keys = await import("../redis/keys.ts");'],
    ["server/live/admit.ts", 'type App = import("../http/app.ts").App;'],
    ["server/redis/connect.ts", 'import { Server } from "socket.io";'],
    ["server/ops/log.ts", 'import { errors } from "../../shared/errors.ts";'],
    ["server/main.ts", 'import Koa from "koa";'],
    ["server/other/thing.ts", ""],
    ["shared/ids.ts", 'import { randomBytes } from "node:crypto";'],
    ["shared/live.ts", 'import type { Server } from "socket.io";'],
    ["client/App.svelte", '<script lang="ts">import { x } from "../server/domain/x.ts";</script>'],
    ["client/live.svelte.ts", 'const name = "koa"; await import(name);'],
  ])("catches %s saying %s", (file, source) => {
    expect(findViolations(file, source)).toHaveLength(1);
  });

  test.each([
    ["server/domain/session.ts", "// Date.now and process.env are not for us"],
    ["server/http/app.ts", 'import Koa from "koa"; import "@koa/router"; import "../domain/x.ts";'],
    ["server/main.ts", 'import { createApp } from "./http/app.ts";'],
    ["client/App.svelte", '<script lang="ts">import { io } from "socket.io-client";</script>'],
    ["client/pages/Devices.svelte", '<script>import X from "@lucide/svelte/icons/x";</script>'],
  ])("lets %s say %s", (file, source) => {
    expect(findViolations(file, source)).toEqual([]);
  });
});
