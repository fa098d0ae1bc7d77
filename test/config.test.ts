import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "../server/config.ts";
import { createTrust } from "../server/domain/address.ts";
import { secretNames, settings, settingsTable } from "../server/settings.ts";

const root = path.resolve(import.meta.dirname, "..");

function faultsOf(...[env, readFile]: Parameters<typeof readConfig>): Record<string, string> {
  try {
    readConfig(env, readFile);
  } catch (error) {
    if (error instanceof ConfigError) {
      return Object.fromEntries(error.faults.map(({ name, message }) => [name, message]));
    }
    throw error;
  }
  return {};
}

describe("the environment", () => {
  test("may be empty: every default is usable as it is", () => {
    expect(readConfig({})).toEqual({
      host: "127.0.0.1",
      port: 3000,
      publicUrl: null,
      secure: false,
      dataDir: "./data",
      redisUrl: null,
      redisQuorum: null,
      sessions: {
        idle: 3_600_000,
        lifetime: 86_400_000,
        guestLifetime: 2_592_000_000,
        guestMaximum: 34_560_000_000,
        rememberLifetime: 2_592_000_000,
        perAccount: 100,
      },
      stepUpWindow: 600_000,
      accessTokenTtl: 300_000,
      lease: 2000,
      signups: "open",
      setupToken: null,
      tokenKey: null,
      cookieDomain: null,
      trustProxy: [],
      gatewayHosts: [],
      metricsToken: null,
      logLevel: "info",
      geoipDbFile: null,
      rateLimits: true,
    });
  });

  test("treats an empty variable as an unset one", () => {
    const empty = Object.fromEntries(settings.map(({ name }) => [name, ""]));
    expect(readConfig({ ...empty, TOKEN_KEY_FILE: "" })).toEqual(readConfig({}));
  });

  test("is frozen through and through", () => {
    const config = readConfig({ TRUST_PROXY: "10.0.0.1" });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.sessions)).toBe(true);
    expect(Object.isFrozen(config.trustProxy)).toBe(true);
  });

  test.each([
    ["1500ms", 1500],
    ["9s", 9000],
    ["2000ms", 2000],
  ])("reads the duration %s", (text, milliseconds) => {
    expect(readConfig({ LEASE: text }).lease).toBe(milliseconds);
  });

  test.each([
    ["10m", 600_000],
    ["1h", 3_600_000],
    ["1d", 86_400_000],
  ])("reads the duration %s", (text, milliseconds) => {
    expect(readConfig({ SESSION_IDLE: text }).sessions.idle).toBe(milliseconds);
  });

  test("reads lists with blanks around their commas", () => {
    const config = readConfig({
      PUBLIC_URL: "http://id.example.com",
      TRUST_PROXY: "10.0.0.0/8, fd00::/8 ,::1,192.0.2.7",
      GATEWAY_HOSTS: "Apps.example.com, localhost:8080,[::1]:99,my_app",
    });
    expect(config.trustProxy).toEqual(["10.0.0.0/8", "fd00::/8", "::1", "192.0.2.7"]);
    expect(config.gatewayHosts).toEqual([
      "apps.example.com",
      "localhost:8080",
      "[::1]:99",
      "my_app",
    ]);
  });

  test("closes signups by default only when the public address is https", () => {
    expect(readConfig({ PUBLIC_URL: "http://id.example.com" }).signups).toBe("open");
    expect(readConfig({ PUBLIC_URL: "https://id.example.com" }).signups).toBe("closed");
    expect(readConfig({ PUBLIC_URL: "https://id.example.com", SIGNUPS: "open" }).signups).toBe(
      "open",
    );
  });

  test("keeps the origin of the public address, and a cookie domain without its old leading dot", () => {
    const config = readConfig({
      PUBLIC_URL: "https://ID.Example.com/",
      COOKIE_DOMAIN: ".example.com",
    });
    expect(config).toMatchObject({
      publicUrl: "https://id.example.com",
      secure: true,
      cookieDomain: "example.com",
    });
  });

  test("may hold limits off only without https", () => {
    expect(readConfig({ RATE_LIMITS: "off" }).rateLimits).toBe(false);
    const faults = faultsOf({ RATE_LIMITS: "off", PUBLIC_URL: "https://id.example.com" });
    expect(faults).toEqual({ RATE_LIMITS: "off is refused when PUBLIC_URL is https" });
  });
});

describe("a wrong environment", () => {
  test("is refused where people of other hosts would have nowhere to sign in", () => {
    expect(faultsOf({ GATEWAY_HOSTS: "app.example.com" })).toHaveProperty("GATEWAY_HOSTS");
  });

  test("is refused with every fault at once, each under its variable's name", () => {
    const env = {
      PORT: "70000",
      LEASE: "20s",
      SESSION_IDLE: "1 hour",
      SIGNUPS: "maybe",
      COOKIE_DOMAIN: "example.org",
      PUBLIC_URL: "https://id.example.com",
      REDIS_QUORUM: "1",
      TOKEN_KEY: "short",
    };
    expect(() => readConfig(env)).toThrow(ConfigError);
    expect(Object.keys(faultsOf(env)).sort()).toEqual(
      [
        "PORT",
        "LEASE",
        "SESSION_IDLE",
        "SIGNUPS",
        "COOKIE_DOMAIN",
        "REDIS_QUORUM",
        "TOKEN_KEY",
      ].sort(),
    );
    for (const name of Object.keys(faultsOf(env))) {
      expect(() => readConfig(env)).toThrow(new RegExp(`^  ${name} \\S`, "m"));
    }
  });

  test.each([
    ["HOST", "a b"],
    ["PORT", "-1"],
    ["PORT", "3e3"],
    ["PUBLIC_URL", "id.example.com"],
    ["PUBLIC_URL", "ftp://id.example.com"],
    ["PUBLIC_URL", "https://id.example.com/path"],
    ["PUBLIC_URL", "https://id.example.com/?q"],
    ["PUBLIC_URL", "https://id.example.com?"],
    ["PUBLIC_URL", "https://someone@id.example.com"],
    ["REDIS_URL", "localhost:6379"],
    ["REDIS_QUORUM", "many"],
    ["SESSION_LIFETIME", "401d"],
    ["SESSION_LIFETIME", "1"],
    ["GUEST_LIFETIME", "0d"],
    ["REMEMBER_LIFETIME", "1y"],
    ["STEP_UP_WINDOW", "-5m"],
    ["ACCESS_TOKEN_TTL", "29s"],
    ["SESSIONS_PER_ACCOUNT", "0"],
    ["LEASE", "499ms"],
    ["SETUP_TOKEN", "seven77"],
    ["COOKIE_DOMAIN", "com"],
    ["COOKIE_DOMAIN", "192.0.2.1"],
    ["TRUST_PROXY", "10.0.0.0/33"],
    ["TRUST_PROXY", "proxy.example.com"],
    ["TRUST_PROXY", "::/0"],
    ["GATEWAY_HOSTS", "https://apps.example.com"],
    ["GATEWAY_HOSTS", "apps.example.com:99999"],
    ["LOG_LEVEL", "loud"],
    ["RATE_LIMITS", "maybe"],
  ])("refuses %s=%s", (name, value) => {
    expect(Object.keys(faultsOf({ [name]: value }))).toEqual([name]);
  });

  test("refuses an idle time longer than the lifetime", () => {
    expect(faultsOf({ SESSION_IDLE: "2h", SESSION_LIFETIME: "1h" })).toEqual({
      SESSION_IDLE: "is longer than SESSION_LIFETIME",
    });
  });

  test.each(["example.org", "ample.com", "apps.id.example.com"])(
    "refuses the cookie domain %s, which the public host is not under",
    (domain) => {
      const env = { PUBLIC_URL: "https://id.example.com", COOKIE_DOMAIN: domain };
      expect(Object.keys(faultsOf(env))).toEqual(["COOKIE_DOMAIN"]);
    },
  );

  test("refuses Sentinel and Cluster by name instead of ignoring them", () => {
    const faults = faultsOf({ REDIS_SENTINELS: "a:1,b:2", REDIS_CLUSTER_NODES: "a:1" });
    expect(faults["REDIS_SENTINELS"]).toContain("is not supported yet");
    expect(faults["REDIS_CLUSTER_NODES"]).toContain("is not supported yet");
  });
});

test("a proxy is accepted in the environment exactly when requests can be checked against it", () => {
  const networks = ["10.0.0.1", "10.0.0.0/8", "::1", "fd00::/8", "::ffff:10.0.0.0/104"];
  const others = ["10.0.0.0/33", "fd00::/129", "fe80::1%eth0", "10.0.0.0/", "/8", "1/2/3", "x"];
  for (const entry of [...networks, ...others]) {
    const isNetwork = networks.includes(entry);
    expect(Object.keys(faultsOf({ TRUST_PROXY: entry }))).toEqual(isNetwork ? [] : ["TRUST_PROXY"]);
    const check = expect(() => createTrust([entry]));
    if (isNetwork) check.not.toThrow();
    else check.toThrow(RangeError);
  }
});

describe("a secret", () => {
  const key = "k".repeat(40);
  const readFile = (file: string): string => {
    if (file === "/run/secrets/key") return `${key}\n`;
    if (file === "/run/secrets/empty") return "\n";
    throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  };

  test("may stand in a file, whose last line break does not count", () => {
    expect(readConfig({ TOKEN_KEY_FILE: "/run/secrets/key" }, readFile).tokenKey).toBe(key);
    for (const name of secretNames) expect(settings.map((setting) => setting.name)).toContain(name);
  });

  test("is refused when its file is missing, empty, or given beside the value", () => {
    const missing = faultsOf({ TOKEN_KEY_FILE: "/run/secrets/none" }, readFile);
    expect(missing).toEqual({ TOKEN_KEY_FILE: "cannot be read (ENOENT)" });
    const empty = faultsOf({ TOKEN_KEY_FILE: "/run/secrets/empty" }, readFile);
    expect(empty).toEqual({ TOKEN_KEY_FILE: "points to an empty file" });
    const both = faultsOf({ TOKEN_KEY_FILE: "/run/secrets/key", TOKEN_KEY: key }, readFile);
    expect(both).toEqual({ TOKEN_KEY: "is set twice: also by TOKEN_KEY_FILE" });
  });

  test("is never repeated in an error", () => {
    const env = {
      REDIS_URL: "http://user:hunter2@redis",
      SETUP_TOKEN: "hunter2",
      TOKEN_KEY: "hunter2",
      METRICS_TOKEN: "hunter2",
    };
    expect(Object.keys(faultsOf(env)).sort()).toEqual([...secretNames].sort());
    expect(JSON.stringify(faultsOf(env))).not.toContain("hunter2");
  });
});

describe("the documentation", () => {
  test("shows in .env.example every setting with its default, in the same order", () => {
    const example = readFileSync(path.join(root, ".env.example"), "utf8");
    const shown = [...example.matchAll(/^# (.+)\n#([A-Z_]+)=(.*)$/gm)].map(
      ([, meaning, name, value]) => ({ name, default: value, meaning }),
    );
    expect(shown).toEqual(settings);
  });

  test("shows in README the same table of settings", () => {
    const readme = readFileSync(path.join(root, "README.md"), "utf8");
    const [, table = ""] = /<!-- settings -->\n+([^]*?)\n+<!-- \/settings -->/.exec(readme) ?? [];
    expect(cellsOf(table)).toEqual(cellsOf(settingsTable()));
  });

  /** Formatters pad the columns of a table. */
  function cellsOf(table: string): string[][] {
    return table
      .split("\n")
      .map((row) => row.split("|").map((cell) => cell.trim().replace(/^-+$/, "-")));
  }
});
