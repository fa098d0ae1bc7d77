/**
 * Numbers and how they are shown: medians, percentiles, markdown tables, and the summary that holds every
 * figure against its goal. What was measured decides; nothing here knows an expected value.
 */

/** A measured figure and the goal it is held against. */
export interface Figure {
  name: string;
  measured: number;
  goal: { at: "least" | "most"; value: number };
  unit?: string;
  /** Digits behind the point. */
  digits?: number;
}

export function percentileOf(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export const medianOf = (values: readonly number[]): number => percentileOf(values, 0.5);

export const isMet = ({ measured, goal }: Figure): boolean =>
  goal.at === "least" ? measured >= goal.value : measured <= goal.value;

export const format = (value: number, digits = 2): string =>
  Number.isFinite(value) ? value.toFixed(digits) : "–";

/** The first column is text, the others are numbers. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? "---" : "--:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export const describeStrangers = (share: number): string =>
  `Other processes used ${format(share * 100, 0)} % of a core meanwhile.`;

export function renderSummary(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, measured, goal, unit = "", digits = 2 } = figure;
    const sign = goal.at === "least" ? "≥" : "≤";
    return [
      name,
      `${format(measured, digits)}${unit}`,
      `${sign} ${format(goal.value, digits)}${unit}`,
      isMet(figure) ? "met" : "**not met**",
    ];
  });
  return renderTable(["figure", "measured", "goal", "met?"], rows);
}
