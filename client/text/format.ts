/**
 * Times and places in the reader's language: relative for reading at a glance, exact for looking twice.
 * The server's clock may be a little ahead of this one, so a time in the near future reads "just now".
 */
import type { Text } from "./en.ts";

export type Format = ReturnType<typeof createFormat>;

const units = [
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3_600 },
  { unit: "minute", seconds: 60 },
] as const;

export const createFormat = (text: Text) => {
  const relative = new Intl.RelativeTimeFormat(text.locale, { numeric: "auto" });
  const exact = new Intl.DateTimeFormat(text.locale, { dateStyle: "medium", timeStyle: "medium" });
  const clock = new Intl.DateTimeFormat(text.locale, { timeStyle: "medium" });
  const regions = new Intl.DisplayNames(text.locale, { type: "region" });

  /** "5 minutes ago", "in 6 days", "just now". */
  const relativeTime = (at: string | number, now: number): string => {
    const seconds = (new Date(at).getTime() - now) / 1000;
    for (const { unit, seconds: length } of units)
      if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
    return text.time.justNow;
  };

  return {
    relativeTime,
    exactTime: (at: string | number): string => exact.format(new Date(at)),
    timeOfDay: (at: string | number): string => clock.format(new Date(at)),
    wait: (seconds: number): string =>
      seconds < 90
        ? relative.format(Math.ceil(seconds), "second")
        : relative.format(Math.ceil(seconds / 60), "minute"),
    countryName: (code: string): string => regions.of(code) ?? code,
  };
};
