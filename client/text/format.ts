/**
 * Times and places in the reader's language: relative for reading at a glance, exact for looking twice.
 * The server's clock may be a little ahead of this one, so a time in the near future reads "just now".
 * The text may come to speak another language; its formats follow.
 */
import type { Text } from "./en.ts";

export type Format = ReturnType<typeof createFormat>;

const units = [
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3_600 },
  { unit: "minute", seconds: 60 },
] as const;

const createFormatters = (locale: string) => ({
  locale,
  relative: new Intl.RelativeTimeFormat(locale, { numeric: "auto" }),
  exact: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }),
  clock: new Intl.DateTimeFormat(locale, { timeStyle: "medium" }),
  regions: new Intl.DisplayNames(locale, { type: "region" }),
});

export const createFormat = (text: Text) => {
  let latest = createFormatters(text.locale);
  const inLanguage = () =>
    latest.locale === text.locale ? latest : (latest = createFormatters(text.locale));

  /** "5 minutes ago", "in 6 days", "just now". */
  const relativeTime = (at: string | number, now: number): string => {
    const seconds = (new Date(at).getTime() - now) / 1000;
    const { relative } = inLanguage();
    for (const { unit, seconds: length } of units)
      if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
    return text.time.justNow;
  };

  return {
    relativeTime,
    exactTime: (at: string | number): string => inLanguage().exact.format(new Date(at)),
    timeOfDay: (at: string | number): string => inLanguage().clock.format(new Date(at)),
    wait: (seconds: number): string =>
      seconds < 90
        ? inLanguage().relative.format(Math.ceil(seconds), "second")
        : inLanguage().relative.format(Math.ceil(seconds / 60), "minute"),
    countryName: (code: string): string => inLanguage().regions.of(code) ?? code,
  };
};
