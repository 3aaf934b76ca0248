/** One panel of a dashboard as a piece of HTML: a graph or a large figure, as Grafana shows it. */
import * as echarts from "echarts";
import type { PanelModel } from "./model";
import { formatOf } from "./units";

/** A series with its legend. `points`: Unix ms and value. */
export interface DrawnSeries {
  readonly legend: string;
  readonly points: readonly (readonly [number, number])[];
}

/** Of one column and one row of Grafana's grid, px. */
export const GRID = { column: 64, row: 38 } as const;
/** Of a legend, px: what is above it besides the graph, a line, a letter, and what stands around a name. */
const LEGEND = { top: 44, line: 16, letter: 7, around: 36 } as const;
const GREEN = "#73bf69";
const RED = "#f2495c";
const COLOURS = ["#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0", "#37872d"];

/** @returns a panel's content, without its title. */
export function drawPanel(panel: PanelModel, series: readonly DrawnSeries[]): string {
  return panel.type === "stat" ? figure(panel, series) : graph(panel, series);
}

function figure(panel: PanelModel, series: readonly DrawnSeries[]): string {
  const { unit = "none", noValue = "No data" } = panel.fieldConfig?.defaults ?? {};
  const format = formatOf(unit);
  if (series.length === 0) return `<div class="figure"><b>${noValue}</b></div>`;
  const figures = series.map(({ legend, points }) => {
    const value = points.at(-1)?.[1] ?? NaN;
    if (panel.options?.textMode === "name") return `<div class="figure"><b>${escape(legend)}</b></div>`;
    const name = series.length > 1 ? `<span>${escape(legend)}</span>` : "";
    return `<div class="figure">${name}<b style="color:${colourOf(panel, value)}">${format(value)}</b></div>`;
  });
  return `<div class="figures">${figures.join("")}</div>`;
}

function colourOf({ fieldConfig }: PanelModel, value: number): string {
  const steps = fieldConfig?.defaults.thresholds?.steps ?? [];
  if (steps.length < 2) return "#d8d9da";
  const step = steps.filter((it) => it.value === null || value >= it.value).at(-1);
  return step?.color === "red" ? RED : GREEN;
}

function graph(panel: PanelModel, series: readonly DrawnSeries[]): string {
  const width = panel.gridPos.w * GRID.column - 20;
  const size = { width, height: panel.gridPos.h * GRID.row - LEGEND.top - LEGEND.line * legendLines(series, width) };
  const chart = echarts.init(null, "dark", { renderer: "svg", ssr: true, ...size });
  const { unit = "none", thresholds } = panel.fieldConfig?.defaults ?? {};
  const format = formatOf(unit);
  const limit = thresholds?.steps.find(({ value }) => value !== null && value > 0)?.value ?? undefined;
  chart.setOption({
    animation: false,
    backgroundColor: "transparent",
    color: COLOURS,
    grid: { left: 70, right: 12, top: 10, bottom: 24 },
    xAxis: { type: "time", splitNumber: 4, axisLabel: { hideOverlap: true, formatter: "{HH}:{mm}:{ss}" } },
    yAxis: {
      type: "value",
      min: 0,
      ...(limit === undefined ? {} : { max: ({ max }: { max: number }) => Math.max(max, 1.1 * limit) }),
      axisLabel: { formatter: format },
      splitLine: { lineStyle: { color: "#2c3235" } },
    },
    series: series.map(({ legend, points }, i) => ({
      name: legend,
      type: "line",
      showSymbol: false,
      lineStyle: { width: 1 },
      areaStyle: { opacity: 0.08 },
      data: points.map(([ms, value]) => [ms, value]),
      ...(i === 0 && limit !== undefined
        ? {
            markLine: {
              silent: true,
              symbol: "none",
              lineStyle: { color: RED, type: "dashed" },
              label: { formatter: format(limit), color: RED, position: "insideEndTop" },
              data: [{ yAxis: limit }],
            },
          }
        : {}),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return series.length > 0 ? svg + legendOf(series) : `${svg}<div class="nothing">No data</div>`;
}

/** So that all names are to be seen, the graph leaves room for them. */
function legendLines(series: readonly DrawnSeries[], width: number): number {
  const widths = series.map(({ legend }) => legend.length * LEGEND.letter + LEGEND.around);
  return Math.ceil(widths.reduce((a, b) => a + b, 0) / (0.9 * width));
}

const legendOf = (series: readonly DrawnSeries[]): string => {
  const items = series.map(
    ({ legend }, i) => `<span><i style="background:${COLOURS[i % COLOURS.length]}"></i>${escape(legend)}</span>`,
  );
  return `<div class="legend">${items.join("")}</div>`;
};

export const escape = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${String(character.charCodeAt(0))};`);
