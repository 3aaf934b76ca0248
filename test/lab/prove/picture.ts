/** The proof as one picture: requests, errors, latency and misses over time, the phases and what died marked. */
import * as echarts from "echarts";
import type { ProofResult } from "./proof";

const SIZE = { width: 1600, height: 900 };
const LEFT = 70;
const WIDTH = 1480;
/** The panels from top to bottom, in px. */
const PANELS = [
  { title: "requests/s", top: 90, height: 220 },
  { title: "latency, ms (log)", top: 370, height: 220 },
  { title: "tries repeated, errors, misses, divergent per s", top: 650, height: 180 },
] as const;
const COLOURS = { rate: "#4477aa", p50: "#66ccee", p99: "#aa3377", retried: "#ccbb44", bad: "#ee6677" };

/** `null` is a gap: a second in which nobody asked has no latency. */
type Points = readonly (readonly [seconds: number, value: number | null])[];

/** @returns the picture as SVG. */
export function picture(result: ProofResult): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, ...SIZE });
  chart.setOption(optionOf(result));
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function optionOf(result: ProofResult): echarts.EChartsOption {
  const { rate, seed } = result.options;
  const seconds = result.timeline.endedMs - result.timeline.startedMs;
  const max = Math.ceil(seconds / 1000);
  return {
    animation: false,
    backgroundColor: "#fff",
    title: { text: `dedup-shards proof: ${rate} submissions/s, seed ${seed}`, left: LEFT, top: 5 },
    legend: {
      right: 40,
      top: 8,
      data: ["requests/s", "p50", "p99", "tries repeated", "errors", "misses", "divergent"],
    },
    grid: PANELS.map(({ top, height }) => ({ left: LEFT, width: WIDTH, top, height })),
    xAxis: PANELS.map((_, i) => ({
      gridIndex: i,
      max,
      min: 0,
      type: "value" as const,
      name: i === PANELS.length - 1 ? "seconds" : "",
      nameLocation: "middle" as const,
      nameGap: 28,
    })),
    yAxis: PANELS.map(({ title }, i) => ({
      gridIndex: i,
      type: i === 1 ? ("log" as const) : ("value" as const),
      name: title,
      nameTextStyle: { align: "left" as const },
      minInterval: i === 2 ? 1 : 0,
    })),
    series: seriesOf(result),
  };
}

function seriesOf(result: ProofResult): echarts.SeriesOption[] {
  const line = (name: string, panel: number, color: string, data: Points): echarts.SeriesOption => ({
    name,
    type: "line",
    xAxisIndex: panel,
    yAxisIndex: panel,
    showSymbol: false,
    lineStyle: { width: 1.5, color },
    itemStyle: { color },
    data: data as [number, number][],
  });
  const bars = (name: string, color: string, data: Points): echarts.SeriesOption => ({
    ...(line(name, 2, color, data) as object),
    type: "bar",
    barMinWidth: 2,
    barGap: "-100%",
  });
  const each = bySecond(result);
  const column = (pick: (second: Second) => number | null): Points =>
    each.map((second, i) => [i, pick(second)] as const);
  return [
    {
      ...line(
        "requests/s",
        0,
        COLOURS.rate,
        column(({ requests }) => requests),
      ),
      ...marks(result),
    },
    line(
      "p50",
      1,
      COLOURS.p50,
      column(({ requests, p50Ms }) => (requests > 0 ? p50Ms : null)),
    ),
    line(
      "p99",
      1,
      COLOURS.p99,
      column(({ requests, p99Ms }) => (requests > 0 ? p99Ms : null)),
    ),
    bars(
      "tries repeated",
      COLOURS.retried,
      column(({ retried }) => retried),
    ),
    bars(
      "errors",
      COLOURS.bad,
      column(({ errors }) => errors),
    ),
    bars(
      "misses",
      "#000000",
      column(({ misses }) => misses),
    ),
    bars(
      "divergent",
      "#228833",
      column(({ divergent }) => divergent),
    ),
  ];
}

type Second = ReturnType<ProofResult["timeline"]["stretch"]> & { readonly misses: number; readonly divergent: number };

function bySecond({ timeline, findings }: ProofResult): Second[] {
  const { startedMs, endedMs } = timeline;
  return Array.from({ length: Math.ceil((endedMs - startedMs) / 1000) }, (_, i) => {
    const fromMs = startedMs + 1000 * i;
    const inside = findings.filter(({ atMs }) => fromMs <= atMs && atMs < fromMs + 1000);
    const misses = inside.filter(({ verdict }) => verdict === "miss").length;
    return { ...timeline.stretch(fromMs, fromMs + 1000), misses, divergent: inside.length - misses };
  });
}

/** Phases as alternating bands with their names above, and a dotted line where something died. */
function marks({ timeline, phases, events }: ProofResult): object {
  const at = (ms: number): number => (ms - timeline.startedMs) / 1000;
  return {
    markArea: {
      silent: true,
      label: { position: "top", rotate: 35, align: "left", fontSize: 11 },
      data: phases.map(({ phase, startedMs, endedMs }, i) => [
        { name: phase, xAxis: at(startedMs), itemStyle: { color: i % 2 ? "#88888822" : "#88888844" } },
        { xAxis: at(endedMs) },
      ]),
    },
    markLine: {
      silent: true,
      symbol: "none",
      lineStyle: { type: "dotted", color: "#555" },
      label: { formatter: "{b}", position: "insideEndTop", fontSize: 9, rotate: 90 },
      data: events.map(({ kind, atMs }) => ({ name: kind.replace(/ (deleted|killed)$/, ""), xAxis: at(atMs) })),
    },
  };
}
