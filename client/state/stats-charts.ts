/** The charts of the overview, as data: what each draws, in which colour, and what it says in one sentence. */
import { EndReason } from "../../shared/contract/sessions.ts";
import type { Stats, StatsBucket } from "../../shared/contract/stats.ts";
import type { Text } from "../text/en.ts";
import { countEnds, isGap, totalOf } from "./stats-buckets.ts";

export interface ChartSeries {
  label: string;
  /** A colour of tokens.css. */
  colour: `--chart-${string}`;
  /** One for each bucket; null where nobody counted. */
  values: readonly (number | null)[];
}

export interface Chart {
  name: string;
  title: string;
  /** Bars stand on each other. */
  shape: "area" | "lines" | "bars";
  /** What its values add up to means something. */
  isSum: boolean;
  series: readonly ChartSeries[];
  summary: string;
}

type CountOf = (bucket: StatsBucket) => number;

export const describeCharts = (
  stats: Stats,
  words: Text["stats"],
  nameTime: (at: string) => string,
): Chart[] => [
  describeOnline(stats, words, nameTime),
  describeSignIns(stats, words),
  describeEnds(stats, words),
  describeDesk(stats, words),
];

const seriesOf = (
  buckets: readonly StatsBucket[],
  label: string,
  colour: ChartSeries["colour"],
  countOf: CountOf,
): ChartSeries => ({
  label,
  colour,
  values: buckets.map((bucket, at) => (isGap(bucket, at, buckets) ? null : countOf(bucket))),
});

const describeOnline = (
  { buckets, now }: Stats,
  words: Text["stats"],
  nameTime: (at: string) => string,
): Chart => {
  const values = buckets.map(({ online }) => online);
  const most = Math.max(...values.map((online) => online ?? -1));
  const at = buckets.findLast(({ online }) => online === most)?.at;
  return {
    name: "online",
    title: words.onlineChart,
    shape: "area",
    isSum: false,
    series: [{ label: words.onlineSeries, colour: "--chart-teal", values }],
    summary: at ? words.onlineSummary(most, nameTime(at), now.online) : words.onlineNothing,
  };
};

const describeSignIns = ({ buckets }: Stats, words: Text["stats"]): Chart => {
  const succeeded: CountOf = ({ signIns }) => signIns.succeeded;
  const failed: CountOf = ({ signIns }) => signIns.failed;
  return {
    name: "sign-ins",
    title: words.signInsChart,
    shape: "lines",
    isSum: true,
    series: [
      seriesOf(buckets, words.succeeded, "--chart-teal", succeeded),
      seriesOf(buckets, words.failed, "--chart-amber", failed),
    ],
    summary: words.signInsSummary(totalOf(buckets, succeeded), totalOf(buckets, failed)),
  };
};

const reasonColours: Record<EndReason, ChartSeries["colour"]> = {
  signed_out: "--chart-slate",
  revoked: "--chart-teal",
  admin: "--chart-red",
  password_changed: "--chart-violet",
  replaced: "--chart-olive",
  limit: "--chart-brown",
  expired_idle: "--chart-amber",
  expired_lifetime: "--chart-orange",
  account_disabled: "--chart-pink",
  theft: "--chart-blue",
  restored: "--chart-green",
};

const describeEnds = ({ buckets }: Stats, words: Text["stats"]): Chart => {
  const countOf =
    (reason: EndReason): CountOf =>
    ({ ended }) =>
      ended[reason] ?? 0;
  const totals = EndReason.options
    .map((reason) => ({ reason, total: totalOf(buckets, countOf(reason)) }))
    .filter(({ total }) => total > 0);
  const [most] = totals.toSorted((one, other) => other.total - one.total);
  const drawn = most ? totals.map(({ reason }) => reason) : (["signed_out"] as const);
  return {
    name: "ends",
    title: words.endsChart,
    shape: "bars",
    isSum: true,
    series: drawn.map((reason) =>
      seriesOf(buckets, words.reasons[reason], reasonColours[reason], countOf(reason)),
    ),
    summary: most
      ? words.endsSummary(totalOf(buckets, countEnds), words.reasons[most.reason], most.total)
      : words.endsNothing,
  };
};

const describeDesk = ({ buckets }: Stats, words: Text["stats"]): Chart => {
  const held: CountOf = ({ reservations }) => reservations.held;
  const claimed: CountOf = ({ reservations }) => reservations.claimed;
  const expired: CountOf = ({ reservations }) => reservations.expired;
  const hack: CountOf = ({ outcomes }) => outcomes.hack;
  const series = (label: string, colour: ChartSeries["colour"], countOf: CountOf) =>
    seriesOf(buckets, label, colour, countOf);
  const total = (countOf: CountOf) => totalOf(buckets, countOf);
  return {
    name: "desk",
    title: words.deskChart,
    shape: "lines",
    isSum: true,
    series: [
      series(words.held, "--chart-teal", held),
      // Each claim is an outcome of its own: `success` says the same.
      series(words.claimed, "--chart-green", claimed),
      series(words.released, "--chart-slate", ({ reservations }) => reservations.released),
      series(words.expired, "--chart-amber", expired),
      series(words.deskRefused, "--chart-violet", ({ outcomes }) => outcomes.fail),
      series(words.deskSuspicious, "--chart-pink", hack),
    ],
    summary: words.deskSummary(total(held), total(claimed), total(expired), total(hack)),
  };
};
