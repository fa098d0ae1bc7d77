/**
 * The system's own Chromium, driven by playwright-core (which would otherwise download one). Each browser
 * gets a fresh profile folder from Playwright, so that two of them are two devices.
 */
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { chromium, type Browser } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

export function findChromium(): string {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter).filter(Boolean);
  const places = folders.flatMap((folder) => names.map((name) => path.join(folder, name)));
  const chosen = process.env["CHROMIUM_PATH"];
  const found = (chosen ? [chosen] : places).find(isExecutable);
  if (found) return found;
  throw new Error("No Chromium on PATH. Run the tests by `npm test`, or set CHROMIUM_PATH.");
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    headless: true,
    args: [
      "--headless",
      // Containers run tests as root and without user namespaces.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
