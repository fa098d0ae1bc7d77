// Programs that npm cannot bring: found on PATH, else installed through the system's own package
// manager, without questions, else named in one message with the choices. Adding one is a row here.
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { announce, runProgram } from "./run.mjs";

const programs = {
  "redis-server": {
    commands: ["redis-server"],
    packages: { "apt-get": "redis-server", apk: "redis", dnf: "redis", brew: "redis" },
    services: ["redis-server"],
    otherwise: "or set REDIS_URL to a Redis or Valkey of your own",
  },
  chromium: {
    commands: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    variable: "CHROMIUM_PATH",
    packages: { "apt-get": "chromium", apk: "chromium", dnf: "chromium", brew: "chromium" },
    otherwise: "or set CHROMIUM_PATH to a Chromium or Chrome of your own",
  },
  nginx: {
    commands: ["nginx"],
    packages: { "apt-get": "nginx", apk: "nginx", dnf: "nginx", brew: "nginx" },
    services: ["nginx"],
    otherwise: "It is for the tests of the gateway only",
  },
  caddy: {
    commands: ["caddy"],
    packages: { "apt-get": "caddy", apk: "caddy", dnf: "caddy", brew: "caddy" },
    services: ["caddy"],
    otherwise: "It is for the tests of the gateway only",
  },
};

const installers = [
  {
    manager: "apt-get",
    install: ["install", "-y", "--no-install-recommends"],
    refresh: ["update"],
  },
  { manager: "apk", install: ["add", "--no-cache"] },
  { manager: "dnf", install: ["install", "-y"] },
  { manager: "brew", install: ["install"] },
];

export async function ensureSystemProgram(name) {
  const program = programs[name];
  if (isThere(program)) return;
  const installer = installers.find(({ manager }) => isOnPath(manager));
  if (installer) {
    announce(`Installing ${name} with ${installer.manager}…`);
    try {
      await install(installer, program.packages[installer.manager]);
      await disableServices(installer, program.services);
    } catch (error) {
      announce(error.message);
    }
  }
  if (!isThere(program)) throw new Error(describeChoices(name, program));
}

async function install({ manager, install, refresh }, packageName) {
  const run = (args) => runElevated(manager, args);
  try {
    await run([...install, packageName]);
  } catch (error) {
    // A fresh system has no package lists yet, an old one has outdated ones.
    if (!refresh) throw error;
    await run(refresh);
    await run([...install, packageName]);
  }
}

/** Debian enables what it installs; we want the program, not another service on the machine. */
async function disableServices({ manager }, services = []) {
  if (manager !== "apt-get" || services.length === 0 || !isOnPath("systemctl")) return;
  await runElevated("systemctl", ["disable", ...services]);
}

function runElevated(program, args) {
  const [command, ...rest] = [...elevation(program), program, ...args];
  // Offline, systemd starts no service that a package brings along.
  const environment = { DEBIAN_FRONTEND: "noninteractive", SYSTEMD_OFFLINE: "1" };
  if (command !== "sudo") return runProgram(command, rest, { quiet: true, environment });
  // sudo drops the environment, env puts it back.
  const [flag, ...elevated] = rest;
  const variables = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
  return runProgram(command, [flag, "env", ...variables, ...elevated], { quiet: true });
}

/** Homebrew refuses to run as root; `-n` because there may be nobody to type a password. */
function elevation(program) {
  const needsRoot = program !== "brew" && process.getuid?.() !== 0;
  return needsRoot && isOnPath("sudo") ? ["sudo", "-n"] : [];
}

function isThere({ commands, variable }) {
  const chosen = variable && process.env[variable];
  return chosen ? isExecutable(chosen) : commands.some(isOnPath);
}

/** Servers are installed where only root's PATH leads. */
function isOnPath(command) {
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter(Boolean);
  return [...folders, "/usr/local/sbin", "/usr/sbin"].some((folder) =>
    isExecutable(path.join(folder, command)),
  );
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function describeChoices(name, { packages, otherwise }) {
  const ways = Object.entries(packages).map(([manager, packageName]) =>
    `  ${manager} install ${packageName}`.replace("apk install", "apk add"),
  );
  return [`Rollcall needs ${name}, which is not here. Install it:`, ...ways, otherwise].join("\n");
}
