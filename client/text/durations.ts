/** Lengths of time in words: "15 minutes", "1 hour, 30 minutes". The two largest units say enough. */
const units = [
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3_600 },
  { unit: "minute", seconds: 60 },
  { unit: "second", seconds: 1 },
] as const;

export const describeDuration = (seconds: number, locale: string): string => {
  const whole = Math.round(seconds);
  const largest = Math.max(
    0,
    units.findIndex((unit) => whole >= unit.seconds || unit.seconds === 1),
  );
  const parts: string[] = [];
  let rest = whole;
  for (const { unit, seconds: length } of units.slice(largest, largest + 2)) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    const format = new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" });
    if (count > 0 || (parts.length === 0 && length === 1)) parts.push(format.format(count));
  }
  return new Intl.ListFormat(locale, { type: "unit" }).format(parts);
};

/** What runs out: "14:32", "1:14:32", and in words from a day on. */
export const describeTimeLeft = (seconds: number, locale: string): string => {
  if (seconds >= 86_400) return describeDuration(seconds, locale);
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  const two = (n: number) => String(n).padStart(2, "0");
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
};
