/** How a chart is drawn by uPlot: whole numbers from zero, quiet lines, and nothing where nothing was counted. */
import uPlot from "uplot";
import type { Chart, ChartSeries } from "../state/stats-charts.ts";

export interface Drawing {
  shape: Chart["shape"];
  /** As drawn: what comes later lies over what came before. */
  series: readonly ChartSeries[];
  width: number;
  /** Seconds a bucket covers. */
  step: number;
  font: string;
  colourOf: (variable: string) => string;
  /** On the axis of time, whose marks are so many seconds apart. */
  nameTime: (at: number, apart: number) => string;
  nameNumber: (value: number) => string;
  onPoint: (place: number | null) => void;
}

export const chartHeight = 180;
const leastTop = 4;
const wholeSteps = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));

/** Bars stand on each other: the topmost reaches to the sum of all and is drawn first. */
export const stack = (series: readonly ChartSeries[]): ChartSeries[] =>
  series
    .map((one, order) => ({
      ...one,
      values: one.values.map((value, place) =>
        value === null ? null : sumAt(series.slice(0, order + 1), place),
      ),
    }))
    .reverse();

const sumAt = (series: readonly ChartSeries[], place: number): number =>
  series.reduce((sum, { values }) => sum + (values[place] ?? 0), 0);

/** Between two gaps a single value makes no line: it gets a dot. */
export const findLonely = (values: readonly (number | null | undefined)[]): number[] =>
  values.flatMap((value, place) =>
    value != null && values[place - 1] == null && values[place + 1] == null ? [place] : [],
  );

export const describeDrawing = (drawing: Drawing): uPlot.Options => {
  const { shape, step, onPoint } = drawing;
  return {
    width: drawing.width,
    height: chartHeight,
    legend: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: shape !== "bars" } },
    scales: {
      x: { range: (_, first, last) => [first, shape === "bars" ? last + step : last] },
      y: { range: (_, _least, most) => [0, Math.max(leastTop, Math.ceil((most || 0) * 1.1))] },
    },
    axes: [describeTimeAxis(drawing), describeNumberAxis(drawing)],
    series: [{}, ...drawing.series.map((one) => describeSeries(one, drawing))],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  };
};

const describeSeries = ({ label, colour }: ChartSeries, drawing: Drawing): uPlot.Series => {
  const { shape, colourOf } = drawing;
  const bars = uPlot.paths.bars?.({ align: 1, size: [0.8, 40] });
  return {
    label,
    width: shape === "bars" ? 0 : 1.5,
    stroke: () => colourOf(colour),
    ...(shape === "area" && { fill: () => colourOf("--accent-wash") }),
    ...(shape === "bars" && { fill: () => colourOf(colour), ...(bars && { paths: bars }) }),
    points: {
      show: false,
      size: 4,
      fill: () => colourOf(colour),
      filter: ({ data }, order) => findLonely([...(data[order] ?? [])]),
    },
  };
};

const describeAxis = ({ colourOf, font }: Drawing): uPlot.Axis => ({
  stroke: () => colourOf("--ink-soft"),
  grid: { stroke: () => colourOf("--hairline"), width: 1 },
  ticks: { show: false },
  font,
});

const describeTimeAxis = (drawing: Drawing): uPlot.Axis => ({
  ...describeAxis(drawing),
  size: 32,
  gap: 8,
  space: 76,
  values: (_, marks, _axis, _space, apart) => marks.map((at) => drawing.nameTime(at * 1000, apart)),
});

const describeNumberAxis = (drawing: Drawing): uPlot.Axis => ({
  ...describeAxis(drawing),
  incrs: wholeSteps,
  size: (_, names) => 16 + 8 * Math.max(1, ...(names ?? []).map(({ length }) => length)),
  values: (_, marks) => marks.map(drawing.nameNumber),
});
