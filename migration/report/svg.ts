/** Charts as SVG, made here: two simple kinds do not need a library, which would take its time to load. */
import { formatCount as count } from "../plan/format";
import { escapeXml as escape } from "./escape-xml";

/** Bars side by side, a group for each name. */
export interface BarChart {
  readonly kind: "bars";
  readonly title: string;
  /** What the bars of a group are, in order. */
  readonly series: readonly string[];
  /** An undefined value is not known: no bar. */
  readonly groups: readonly { readonly name: string; readonly values: readonly (number | undefined)[] }[];
}

/** A value over time: each holds since the point before, the first one since 0. */
export interface LineChart {
  readonly kind: "line";
  readonly title: string;
  readonly points: readonly { readonly seconds: number; readonly value: number }[];
}

const WIDTH = 720;
const HEIGHT = 260;
const PLOT = { left: 80, right: 700, top: 40, bottom: 220 } as const;
const COLOURS = ["#66ccee", "#4477aa"] as const;
/** Names of more groups than this would lie on each other. */
const LEVEL_NAMES = 8;

/** @returns the chart as an `svg` element. */
export function svgOf(chart: BarChart | LineChart): string {
  const parts = chart.kind === "bars" ? barsOf(chart) : lineOf(chart);
  const size = `viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"`;
  const attributes = `${size} role="img" aria-label="${escape(chart.title)}" font-family="sans-serif" font-size="12"`;
  return [`<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>`, ...parts, "</svg>"].join("\n");
}

function barsOf({ series, groups }: BarChart): string[] {
  const most = Math.max(1, ...groups.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const step = (PLOT.right - PLOT.left) / Math.max(1, groups.length);
  const width = (step * 0.8) / series.length;
  const bars = groups.flatMap(({ name, values }, i) => {
    const left = PLOT.left + i * step + step * 0.1;
    return [
      ...values.flatMap((value, j) => (value === undefined ? [] : bar(left + j * width, width, value, most, j))),
      groupName(name, left + step * 0.4, groups.length > LEVEL_NAMES),
    ];
  });
  return [...axes(most), ...legend(series), ...bars];
}

function bar(left: number, width: number, value: number, most: number, series: number): string[] {
  const top = heightOf(value, most);
  const colour = COLOURS[series % COLOURS.length];
  const box = `x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(PLOT.bottom - top)}"`;
  return [
    `<rect ${box} fill="${colour}"><title>${count(value)}</title></rect>`,
    label(left + width / 2, top - 4, count(value)),
  ];
}

function groupName(name: string, x: number, turned: boolean): string {
  const turn = turned ? ` transform="rotate(20 ${px(x)} 236)"` : "";
  return `<text x="${px(x)}" y="236" text-anchor="middle"${turn}>${escape(name)}</text>`;
}

function lineOf({ points }: LineChart): string[] {
  const most = Math.max(1, ...points.map(({ value }) => value));
  const last = Math.max(1, ...points.map(({ seconds }) => seconds));
  const at = ({ seconds, value }: LineChart["points"][number]): string =>
    `${px(PLOT.left + ((PLOT.right - PLOT.left) * seconds) / last)},${px(heightOf(value, most))}`;
  const steps = points.flatMap((point, i) => [{ ...point, seconds: points[i - 1]?.seconds ?? 0 }, point]);
  return [
    ...axes(most),
    `<polyline points="${steps.map(at).join(" ")}" fill="none" stroke="${COLOURS[1]}" stroke-width="2"/>`,
    label(PLOT.left, 236, "0 s"),
    label(PLOT.right, 236, `${count(last)} s`, "end"),
  ];
}

const heightOf = (value: number, most: number): number => PLOT.bottom - ((PLOT.bottom - PLOT.top) * value) / most;

/** Zero and the most, with a line each. */
const axes = (most: number): string[] =>
  [0, most].flatMap((value) => {
    const y = px(heightOf(value, most));
    return [
      `<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${y}" y2="${y}" stroke="#ccc"/>`,
      label(PLOT.left - 6, Number(y) + 4, count(value), "end"),
    ];
  });

const legend = (series: readonly string[]): string[] =>
  series.flatMap((name, i) => [
    `<rect x="${PLOT.left + i * 100}" y="6" width="12" height="12" fill="${COLOURS[i % COLOURS.length]}"/>`,
    label(PLOT.left + i * 100 + 18, 16, name, "start"),
  ]);

const label = (x: number, y: number, text: string, anchor: "start" | "middle" | "end" = "middle"): string =>
  `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${escape(text)}</text>`;

/** Tenths of a pixel are enough. */
const px = (value: number): string => String(Math.round(value * 10) / 10);
