/**
 * The log: one line per event, JSON for machines, `pretty` for a terminal. Nothing secret comes through:
 * fields with a secret's name are blanked at any depth, and whatever looks like a token, a key or a password
 * inside an address is cut out of every text. Nothing can forge a line either: line breaks, colours and
 * reordering characters come out escaped.
 */
import { pino } from "pino";

export interface Log {
  debug: (event: string, fields?: LogFields) => void;
  info: (event: string, fields?: LogFields) => void;
  warn: (event: string, fields?: LogFields) => void;
  error: (event: string, fields?: LogFields) => void;
  /** A log whose every line carries these fields too. */
  with: (fields: LogFields) => Log;
}

export type LogFields = Readonly<Record<string, unknown>>;

interface LogOptions {
  level: "debug" | "info" | "warn" | "error" | "silent";
  pretty: boolean;
  /** Takes each finished line. By default stdout, written before the call returns: a crash loses none. */
  destination?: { write: (line: string) => void };
}

export function createLog({ level, pretty, destination }: LogOptions): Log {
  const lines = destination ?? pino.destination({ dest: 1, sync: true });
  const options = {
    level,
    base: null,
    messageKey: "event",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const sink = pretty ? { write: (line: string) => lines.write(formatPretty(line)) } : lines;
  return logOver(pino(options, sink), {});
}

function logOver(logger: pino.Logger, own: LogFields): Log {
  const writer =
    (level: "debug" | "info" | "warn" | "error") =>
    (event: string, fields: LogFields = {}): void => {
      if (!logger.isLevelEnabled(level)) return;
      logger[level](withoutSecrets({ ...own, ...fields }), textWithoutSecrets(event));
    };
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    with: (fields) => logOver(logger, { ...own, ...fields }),
  };
}

const blank = "[redacted]";
const deepest = 8;

/** Compared in lower case without `-` and `_`: `set-cookie`, `setCookie` and `SET_COOKIE` are one name. */
const secretFields = new Set(
  [
    [
      "cookie",
      "setcookie",
      "authorization",
      "proxyauthorization",
      "xrollcallassertion",
      "assertion",
    ],
    ["password", "current", "next", "passwordhash", "phc"],
    ["token", "accesstoken", "refreshtoken", "setuptoken", "metricstoken", "idtoken", "jwt"],
    [
      "secret",
      "validator",
      "successor",
      "tokenkey",
      "privatekey",
      "devicetoken",
      "units",
      "information",
    ],
  ].flat(),
);

/** JWTs; `Bearer x`; user:password in addresses; and any run long enough to hold 256 random bits. */
const secretTexts: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, blank],
  [/\b(bearer|basic) +[\w.~+/=-]+/gi, `$1 ${blank}`],
  [/(:\/\/)[^\s/@]*@/g, `$1${blank}@`],
  [/[\w-]{43,}/g, blank],
];

function textWithoutSecrets(text: string): string {
  return secretTexts.reduce((rest, [pattern, blanked]) => rest.replace(pattern, blanked), text);
}

function withoutSecrets(fields: object, depth = 0): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    const isSecret = secretFields.has(name.toLowerCase().replace(/[-_]/g, ""));
    // Flags tell nothing: a session's `current` is not the `current` password.
    const isFlag = typeof value === "boolean" || value === null || value === undefined;
    return [name, isSecret && !isFlag ? blank : valueWithoutSecrets(value, depth)] as const;
  });
  return Object.fromEntries(entries);
}

function valueWithoutSecrets(value: unknown, depth: number): unknown {
  if (typeof value === "string") return textWithoutSecrets(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  // Also ends the walk of an object that holds itself.
  if (depth >= deepest) return "[deeper]";
  if (value instanceof Date) return value;
  if (Buffer.isBuffer(value) || ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map || value instanceof Set) return valueWithoutSecrets([...value], depth);
  if (Array.isArray(value)) return value.map((part) => valueWithoutSecrets(part, depth + 1));
  if (value instanceof Error) return errorWithoutSecrets(value, depth + 1);
  return withoutSecrets(value, depth + 1);
}

function errorWithoutSecrets(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const facts = Object.assign({ name, message }, error, cause === undefined ? {} : { cause });
  return withoutSecrets({ ...facts, stack }, depth);
}

/** `12:34:56.789 info  session ended  id=… reason=admin`, an error's stack on lines below. */
function formatPretty(line: string): string {
  const { time, level, event, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const stacks: string[] = [];
  const parts = Object.entries(fields).map(([name, value]) => {
    const { stack, ...rest } = Object(value) as { stack?: unknown };
    if (typeof stack !== "string") return `${name}=${formatValue(value)}`;
    stacks.push(...stack.split("\n").slice(1));
    return `${name}=${formatValue(rest)}`;
  });
  const clock = String(time).slice(11, 23);
  const head = `${clock} ${String(level).padEnd(5)} ${String(event)}  ${parts.join(" ")}`.trimEnd();
  return `${[head, ...stacks].map(escapeControls).join("\n")}\n`;
}

function formatValue(value: unknown): string {
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
