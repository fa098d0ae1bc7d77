/**
 * The environment, read once: a frozen Config, or one error that lists everything wrong with it. Nothing
 * else reads process.env. Secrets may be given as NAME_FILE (Docker, systemd), have no default and are
 * never repeated in an error. All durations are in milliseconds.
 */
import { readFileSync } from "node:fs";
import {
  type logLevels,
  longestLifetime,
  secretNames,
  type SettingName,
  settings,
  settingsSchema,
  type SettingValues,
} from "./settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type ReadFile = (path: string) => string;

/** What must fit together. A rule is skipped while one of its variables is wrong by itself. */
const rules: readonly {
  of: readonly [SettingName, ...SettingName[]];
  isBroken: (values: SettingValues) => boolean;
  message: string;
}[] = [
  {
    of: ["SESSION_IDLE", "SESSION_LIFETIME"],
    isBroken: (values) => values.SESSION_IDLE > values.SESSION_LIFETIME,
    message: "is longer than SESSION_LIFETIME",
  },
  {
    of: ["COOKIE_DOMAIN", "PUBLIC_URL"],
    isBroken: ({ COOKIE_DOMAIN: domain, PUBLIC_URL: url }) =>
      domain !== null && (url === null || !`.${new URL(url).hostname}`.endsWith(`.${domain}`)),
    message: "is not a parent domain of the host in PUBLIC_URL",
  },
  {
    of: ["REDIS_QUORUM", "REDIS_URL"],
    isBroken: (values) => (values.REDIS_QUORUM ?? 0) > 0 && values.REDIS_URL === null,
    message: "needs REDIS_URL: the embedded Redis has no replicas",
  },
  {
    of: ["GATEWAY_HOSTS", "PUBLIC_URL"],
    isBroken: (values) => (values.GATEWAY_HOSTS ?? []).length > 0 && values.PUBLIC_URL === null,
    message: "needs PUBLIC_URL: people of those hosts are sent there to sign in",
  },
  {
    of: ["RATE_LIMITS", "PUBLIC_URL"],
    isBroken: (values) => values.RATE_LIMITS === "off" && isHttps(values.PUBLIC_URL),
    message: "off is refused when PUBLIC_URL is https",
  },
];

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | null;
  /** Whether publicUrl is https. */
  readonly secure: boolean;
  readonly dataDir: string;
  readonly redisUrl: string | null;
  readonly redisQuorum: number | null;
  readonly sessions: {
    readonly idle: number;
    readonly lifetime: number;
    readonly guestLifetime: number;
    readonly guestMaximum: number;
    readonly rememberLifetime: number;
    readonly perAccount: number;
  };
  readonly stepUpWindow: number;
  readonly accessTokenTtl: number;
  readonly lease: number;
  readonly signups: "open" | "closed";
  readonly setupToken: string | null;
  readonly tokenKey: string | null;
  readonly cookieDomain: string | null;
  readonly trustProxy: readonly string[];
  readonly gatewayHosts: readonly string[];
  readonly metricsToken: string | null;
  readonly logLevel: (typeof logLevels)[number];
  readonly geoipDbFile: string | null;
  readonly rateLimits: boolean;
}

export interface ConfigFault {
  readonly name: string;
  readonly message: string;
}

export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ name, message }) => `  ${name} ${message}`);
    super(["The configuration cannot be used:", ...lines].join("\n"));
    this.name = "ConfigError";
    this.faults = faults;
  }
}

export function readConfig(
  env: Environment,
  readFile: ReadFile = (path) => readFileSync(path, "utf8"),
): Config {
  const faults = findUnbuilt(env);
  const texts: Record<string, string | null> = {};
  for (const { name, default: fallback } of settings) {
    const given = readText(env, name, readFile, faults);
    texts[name] = given ?? (fallback === "" ? null : fallback);
  }
  const values = readValues(texts, faults);
  if (faults.length > 0) throw new ConfigError(faults);
  return deepFreeze(configOf(values));
}

/** Sentinel and Cluster are refused, not ignored: nodes that talk to different primaries share nothing. */
function findUnbuilt(env: Environment): ConfigFault[] {
  return Object.keys(env)
    .filter((name) => /^REDIS_(?:SENTINEL|CLUSTER)/.test(name) && env[name] !== "")
    .map((name) => ({
      name,
      message:
        "is not supported yet: give one primary in REDIS_URL (replicas are found by themselves)",
    }));
}

/** A variable's text, or for a secret the text of the file that NAME_FILE points to. Empty is unset. */
function readText(
  env: Environment,
  name: SettingName,
  readFile: ReadFile,
  faults: ConfigFault[],
): string | null {
  const text = env[name] || null;
  const path = (secretNames.has(name) && env[`${name}_FILE`]) || null;
  if (path === null) return text;
  if (text !== null) faults.push({ name, message: `is set twice: also by ${name}_FILE` });
  try {
    const content = readFile(path).trim();
    if (content !== "") return content;
    faults.push({ name: `${name}_FILE`, message: "points to an empty file" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    faults.push({ name: `${name}_FILE`, message: `cannot be read (${code})` });
  }
  return text;
}

/** Every fault of a single variable first; then the rules, with defaults standing in for what is wrong. */
function readValues(texts: Record<string, string | null>, faults: ConfigFault[]): SettingValues {
  const first = settingsSchema.safeParse(texts);
  const wrong = new Set<string>();
  for (const issue of first.error?.issues ?? []) {
    const name = String(issue.path[0]);
    wrong.add(name);
    const shown = secretNames.has(name) ? "" : ` (it is ${JSON.stringify(texts[name])})`;
    faults.push({ name, message: `${issue.message}${shown}` });
  }
  const standIns = settings
    .filter(({ name }) => wrong.has(name))
    .map((setting) => [setting.name, setting.default || null]);
  const values = settingsSchema.parse({ ...texts, ...Object.fromEntries(standIns) });
  for (const { of, isBroken, message } of rules) {
    if (of.some((name) => wrong.has(name))) continue;
    if (isBroken(values)) faults.push({ name: of[0], message });
  }
  return values;
}

function configOf(values: SettingValues): Config {
  const secure = isHttps(values.PUBLIC_URL);
  return {
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.PUBLIC_URL,
    secure,
    dataDir: values.DATA_DIR,
    redisUrl: values.REDIS_URL,
    redisQuorum: values.REDIS_QUORUM,
    sessions: {
      idle: values.SESSION_IDLE,
      lifetime: values.SESSION_LIFETIME,
      guestLifetime: values.GUEST_LIFETIME,
      guestMaximum: longestLifetime,
      rememberLifetime: values.REMEMBER_LIFETIME,
      perAccount: values.SESSIONS_PER_ACCOUNT,
    },
    stepUpWindow: values.STEP_UP_WINDOW,
    accessTokenTtl: values.ACCESS_TOKEN_TTL,
    lease: values.LEASE,
    signups: values.SIGNUPS ?? (secure ? "closed" : "open"),
    setupToken: values.SETUP_TOKEN,
    tokenKey: values.TOKEN_KEY,
    cookieDomain: values.COOKIE_DOMAIN,
    trustProxy: values.TRUST_PROXY ?? [],
    gatewayHosts: values.GATEWAY_HOSTS ?? [],
    metricsToken: values.METRICS_TOKEN,
    logLevel: values.LOG_LEVEL,
    geoipDbFile: values.GEOIP_DB_FILE,
    rateLimits: values.RATE_LIMITS === "on",
  };
}

function isHttps(publicUrl: string | null): boolean {
  return publicUrl?.startsWith("https:") ?? false;
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === "object" && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
