/**
 * Every variable Rollcall reads from its environment: name, default and meaning in one table, and what its
 * text must look like in one schema (a variable missing from either does not compile). A default is text
 * and takes the same way through the schema as a value that was set. README's table and .env.example are
 * tested against this one.
 */
import { isIP } from "node:net";
import { z } from "zod";

/** What one variable is called, what it is when unset ("" = nothing), and what it does. */
export interface Setting {
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
}

export const settings = [
  { name: "HOST", default: "127.0.0.1", meaning: "Address to listen on" },
  { name: "PORT", default: "3000", meaning: "Port to listen on; 0 takes a free one" },
  {
    name: "PUBLIC_URL",
    default: "",
    meaning: "Address people open, such as `https://id.example.com`; https turns on secure cookies",
  },
  {
    name: "DATA_DIR",
    default: "./data",
    meaning: "Where the embedded Redis and the keys are kept",
  },
  {
    name: "REDIS_URL",
    default: "",
    meaning: "Your own Redis or Valkey; unset: Rollcall starts an embedded one. Secret",
  },
  {
    name: "REDIS_QUORUM",
    default: "",
    meaning: "Replicas that must confirm each end; unset: as many as are connected at start",
  },
  {
    name: "SESSION_IDLE",
    default: "1h",
    meaning: "A session ends after this long without activity",
  },
  {
    name: "SESSION_LIFETIME",
    default: "24h",
    meaning: "A session ends this long after its sign-in",
  },
  {
    name: "GUEST_LIFETIME",
    default: "30d",
    meaning: "A guest's session ends after this long idle",
  },
  {
    name: "REMEMBER_LIFETIME",
    default: "30d",
    meaning: "How long “remember me” and refresh tokens last",
  },
  { name: "STEP_UP_WINDOW", default: "10m", meaning: "How long a password counts as just entered" },
  { name: "ACCESS_TOKEN_TTL", default: "5m", meaning: "How long an access token lasts" },
  {
    name: "SESSIONS_PER_ACCOUNT",
    default: "100",
    meaning: "Devices an account may have signed in; beyond that the least recently seen goes",
  },
  {
    name: "LEASE",
    default: "2s",
    meaning: "How long a node may decide without Redis: the longest an ended session can survive",
  },
  {
    name: "SIGNUPS",
    default: "",
    meaning: "May strangers register: `open` or `closed`; unset: open unless PUBLIC_URL is https",
  },
  {
    name: "SETUP_TOKEN",
    default: "",
    meaning: "One-time token for the first admin; unset: made up and printed at start. Secret",
  },
  {
    name: "TOKEN_KEY",
    default: "",
    meaning: "Key material that all nodes share; unset: made up and kept in DATA_DIR. Secret",
  },
  {
    name: "COOKIE_DOMAIN",
    default: "",
    meaning: "Parent domain of the apps behind the gateway, such as `example.com`",
  },
  {
    name: "TRUST_PROXY",
    default: "",
    meaning:
      "Addresses or networks of your reverse proxies, comma-separated: `10.0.0.0/8,fd00::/8`",
  },
  {
    name: "GATEWAY_HOSTS",
    default: "",
    meaning: "Hosts people may be sent back to after signing in, comma-separated, port optional",
  },
  {
    name: "METRICS_TOKEN",
    default: "",
    meaning: "Bearer token that /metrics asks for. Secret",
  },
  {
    name: "LOG_LEVEL",
    default: "info",
    meaning: "`debug`, `info`, `warn`, `error` or `silent`",
  },
  { name: "GEOIP_DB_FILE", default: "", meaning: "MaxMind-format database that names places" },
  {
    name: "RATE_LIMITS",
    default: "on",
    meaning: "`off` is for load tests and refused when PUBLIC_URL is https",
  },
] as const satisfies readonly Setting[];

export type SettingName = (typeof settings)[number]["name"];

/** These may be given as NAME_FILE, and their values are never shown. */
export const secretNames: ReadonlySet<string> = new Set<SettingName>([
  "REDIS_URL",
  "SETUP_TOKEN",
  "TOKEN_KEY",
  "METRICS_TOKEN",
]);

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

const minute = 60_000;
const day = 24 * 60 * minute;
const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: minute,
  h: 60 * minute,
  d: day,
};
/** Browsers keep no cookie longer. */
export const longestLifetime = 400 * day;

/** An unset variable without a default is null here. Durations come out in milliseconds. */
export const settingsSchema = z.object({
  HOST: text(/^[\w.:%-]+$/, "is not an address or host name"),
  PORT: wholeNumber(0, 65_535),
  PUBLIC_URL: z.string().transform(readOrigin).nullable(),
  DATA_DIR: z.string(),
  REDIS_URL: text(
    /^(?:rediss?|unix):\/\/\S+$/,
    "is not a redis://, rediss:// or unix:// address",
  ).nullable(),
  REDIS_QUORUM: wholeNumber(0, 15).nullable(),
  SESSION_IDLE: duration(1000, longestLifetime),
  SESSION_LIFETIME: duration(1000, longestLifetime),
  GUEST_LIFETIME: duration(1000, longestLifetime),
  REMEMBER_LIFETIME: duration(1000, longestLifetime),
  STEP_UP_WINDOW: duration(1000, day),
  ACCESS_TOKEN_TTL: duration(30_000, 60 * minute),
  SESSIONS_PER_ACCOUNT: wholeNumber(1, 10_000),
  LEASE: duration(500, 10_000),
  SIGNUPS: z.enum(["open", "closed"], "is neither open nor closed").nullable(),
  SETUP_TOKEN: text(/^\S{8,}$/, "is shorter than 8 characters or holds blanks").nullable(),
  TOKEN_KEY: text(/^.{32,}$/s, "is shorter than 32 characters").nullable(),
  COOKIE_DOMAIN: z.string().transform(readDomain).nullable(),
  TRUST_PROXY: listOf(readNetwork).nullable(),
  GATEWAY_HOSTS: listOf(readHost).nullable(),
  METRICS_TOKEN: text(/^\S{8,}$/, "is shorter than 8 characters or holds blanks").nullable(),
  LOG_LEVEL: z.enum(logLevels, `is none of ${logLevels.join(", ")}`),
  GEOIP_DB_FILE: z.string().nullable(),
  RATE_LIMITS: z.enum(["on", "off"], "is neither on nor off"),
} satisfies Record<SettingName, z.ZodType>);

export type SettingValues = z.output<typeof settingsSchema>;

/** The table as README shows it. */
export function settingsTable(): string {
  const rows = settings.map(
    (setting) =>
      `| \`${setting.name}\` | ${setting.default && `\`${setting.default}\``} | ${setting.meaning} |`,
  );
  return ["| Variable | Default | Meaning |", "|---|---|---|", ...rows].join("\n");
}

function text(pattern: RegExp, fault: string) {
  return z.string().regex(pattern, fault);
}

function wholeNumber(least: number, most: number) {
  return text(/^\d{1,9}$/, "is not a whole number")
    .transform(Number)
    .refine((value) => value >= least && value <= most, `is not between ${least} and ${most}`);
}

function duration(least: number, most: number) {
  return text(/^\d{1,9}(?:ms|s|m|h|d)$/, "is not a duration such as 90s, 10m, 1h or 30d")
    .transform((value) => parseInt(value, 10) * (units[value.replace(/^\d+/, "")] ?? NaN))
    .refine(
      (value) => value >= least && value <= most,
      `is not between ${formatDuration(least)} and ${formatDuration(most)}`,
    );
}

function formatDuration(value: number): string {
  const fits = Object.entries(units).filter(([, size]) => value % size === 0);
  const [unit, size] = fits.at(-1) ?? ["ms", 1];
  return `${value / size}${unit}`;
}

function listOf(readEntry: (entry: string, context: z.RefinementCtx) => string) {
  return z.string().transform((value, context) =>
    value
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map((entry) => readEntry(entry, context)),
  );
}

function readNetwork(entry: string, context: z.RefinementCtx): string {
  const [, address = "", prefix = "0"] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = isIP(address);
  if (family === 0 || Number(prefix) > (family === 4 ? 32 : 128)) {
    context.addIssue(`holds ${JSON.stringify(entry)}, which is neither an address nor a network`);
  }
  // Trusting everybody makes X-Forwarded-For, and with it every limit and every log, the client's choice.
  if (/\/0+$/.test(entry)) context.addIssue(`holds ${JSON.stringify(entry)}, which is everybody`);
  return entry;
}

function readHost(entry: string, context: z.RefinementCtx): string {
  const [, host = "", port = "0"] = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d+))?$/i.exec(entry) ?? [];
  if (host === "" || Number(port) > 65_535) {
    context.addIssue(`holds ${JSON.stringify(entry)}, which is not a host or host:port`);
  }
  return entry.toLowerCase();
}

function readOrigin(value: string, context: z.RefinementCtx): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
  if (!isOrigin) {
    context.addIssue("is not an http:// or https:// address without path, query or password");
    return value;
  }
  return url.origin;
}

function readDomain(value: string, context: z.RefinementCtx): string {
  // A leading dot is the old spelling of the same.
  const domain = value.replace(/^\./, "").toLowerCase();
  if (isIP(domain) !== 0 || !/^[a-z\d-]+(?:\.[a-z\d-]+)+$/.test(domain)) {
    context.addIssue("is not a domain name such as example.com");
  }
  return domain;
}
