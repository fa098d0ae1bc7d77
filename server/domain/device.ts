/**
 * What a session runs on, as far as its user agent tells. Browsers freeze their user agents (every macOS
 * says 10.15, every Android says 10), so versions are never reported as facts. The header is chosen by
 * whoever sends it and ends on an admin's screen: every part is capped and freed of characters that are
 * invisible or reorder text. Nothing here throws.
 */
import Bowser from "bowser";
import type { Device } from "../../shared/contract/sessions.ts";

/** A device without the name that its owner may give it. */
export type DeviceDescription = Omit<Device, "name">;

export const unknownDeviceName = "Unknown device";

/** The longest real user agents have some 300 characters; parsing costs time with the length. */
const readLength = 512;
const partLength = 40;
const nameLength = 64;

const terminals: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^curl\//i, "curl"],
  [/^wget\//i, "Wget"],
  [/^httpie\//i, "HTTPie"],
  [/^xh\//i, "xh"],
  [/powershell/i, "PowerShell"],
  [/^python-(?:requests|httpx)\/|^python-urllib/i, "Python"],
  [/^go-http-client\//i, "Go"],
  [/^(?:node|undici|node-fetch|axios)\b/i, "Node.js"],
];

const bot = /bot\b|crawl|spider|slurp|facebookexternalhit|monitor(?:ing)?\/|uptime/i;

const types: Readonly<Record<string, DeviceDescription["type"]>> = {
  desktop: "desktop",
  mobile: "phone",
  tablet: "tablet",
  bot: "bot",
};

export function describeDevice(userAgent: string | undefined): DeviceDescription {
  const text = (userAgent ?? "").slice(0, readLength);
  const terminal = terminals.find(([pattern]) => pattern.test(text));
  if (terminal) return { type: "terminal", browser: terminal[1] };
  const { browser, os, type } = parseUserAgent(text);
  const description: DeviceDescription = { type: bot.test(text) ? "bot" : type };
  if (browser !== "") description.browser = browser;
  if (os !== "") description.os = os;
  return description;
}

/** What a device is called until its owner names it. */
export function defaultDeviceName({ browser, os }: Omit<DeviceDescription, "type">): string {
  return [browser, os].filter((part) => part !== undefined).join(" on ") || unknownDeviceName;
}

/** A name as its owner typed it, made safe to show in a list; null if nothing visible is left. */
export function cleanDeviceName(input: string): string | null {
  return cleanText(input, nameLength) || null;
}

function parseUserAgent(text: string): {
  browser: string;
  os: string;
  type: DeviceDescription["type"];
} {
  try {
    const { browser, os, platform } = Bowser.parse(text);
    // Bowser knows Chrome OS but not what it runs on.
    const type = types[platform.type ?? (os.name === "Chrome OS" ? "desktop" : "")] ?? "unknown";
    return { browser: cleanPart(browser.name), os: cleanPart(os.name), type };
  } catch {
    // Bowser throws on an empty user agent.
    return { browser: "", os: "", type: "unknown" };
  }
}

function cleanPart(part: string | undefined): string {
  return cleanText(part ?? "", partLength);
}

/**
 * Format characters (bidi overrides, zero-width), fillers that render as nothing and lone surrogates go
 * first, then whitespace is folded, then other control characters go: a tab must leave a space behind.
 */
function cleanText(input: string, length: number): string {
  const visible = input
    .normalize("NFC")
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Cs}\p{Co}]/gu, "")
    .replace(/[\s\u2800]+/gu, " ")
    .replace(/\p{Cc}/gu, "")
    .trim();
  return Array.from(visible).slice(0, length).join("").trim();
}
