/** A dashboard as a page, from its JSON and a live Prometheus. */
import { shownPanels, type DashboardModel, type PanelModel, type TargetModel } from "./model";
import { drawPanel, escape, GRID, type DrawnSeries } from "./panel";

/** What is drawn. */
export interface Scope {
  /** Of Prometheus. */
  readonly url: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** In the place of `$__rate_interval`. */
  readonly rateInterval: string;
}

interface Answer {
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
  readonly error?: string;
}

const STEP_SECONDS = 1;
const COLUMNS = 24;
/** Of the page's parts, px. */
const [MARGIN, TITLE, HEADING, GAP] = [36, 60, 38, 8];

const STYLE = `
body { background: #111217; color: #d8d9da; font: 14px Inter, "DejaVu Sans", sans-serif; margin: 12px; width: ${COLUMNS * GRID.column}px }
h1 { font-size: 18px } h2 { grid-column: span ${COLUMNS}; font-size: 15px; margin: 8px 0 0 }
main { display: grid; grid-template-columns: repeat(${COLUMNS}, ${GRID.column}px); gap: 4px 0 }
section { background: #181b1f; border: 1px solid #2c3235; border-radius: 2px; margin-right: 4px; overflow: hidden; position: relative }
h3 { font-size: 13px; font-weight: 500; margin: 6px 8px 2px }
.figures { display: flex; justify-content: space-around; gap: 12px; align-items: center; height: 70% }
.figure { display: flex; flex-direction: column; align-items: center; justify-content: center; height: 100% }
.figure b { font-size: 30px; font-weight: 500 } .figure span { color: #9fa7b3 }
.legend { font-size: 12px; margin-left: 8px }
.legend span { margin-right: 12px } .legend i { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin: 0 5px 3px 0 }
.nothing { position: absolute; inset: 45% 0 0 0; text-align: center; color: #9fa7b3 }`;

/** A page, and how large it is, px. */
export interface Page {
  readonly html: string;
  readonly width: number;
  readonly height: number;
}

/** @throws Error with what Prometheus said, when it refuses a query. */
export async function pageOf(model: DashboardModel, scope: Scope): Promise<Page> {
  const shown = shownPanels(model);
  const panels = await Promise.all(shown.map((panel) => place(panel, scope)));
  const html =
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${escape(model.title)}</title>` +
    `<style>${STYLE}</style><h1>${escape(model.title)}</h1><main>${panels.join("")}</main></html>\n`;
  return { html, width: COLUMNS * GRID.column + MARGIN, height: heightOf(shown) };
}

/** As the grid of the page places them. */
function heightOf(panels: readonly PanelModel[]): number {
  let [height, line, used] = [TITLE, 0, COLUMNS];
  for (const { type, gridPos } of panels) {
    const [w, h] = type === "row" ? [COLUMNS, HEADING] : [gridPos.w, gridPos.h * GRID.row + GAP];
    if (used + w > COLUMNS) [height, line, used] = [height + line, 0, 0];
    [line, used] = [Math.max(line, h), used + w];
  }
  return height + line + MARGIN;
}

async function place(panel: PanelModel, scope: Scope): Promise<string> {
  if (panel.type === "row") return `<h2>${escape(panel.title)}</h2>`;
  const series = (await Promise.all((panel.targets ?? []).map((target) => ask(target, scope)))).flat();
  const { w, h } = panel.gridPos;
  const size = `grid-column: span ${w}; height: ${h * GRID.row}px`;
  return `<section style="${size}"><h3>${escape(panel.title)}</h3>${drawPanel(panel, series)}</section>`;
}

async function ask({ expr, legendFormat, instant = false }: TargetModel, scope: Scope): Promise<DrawnSeries[]> {
  const query = expr.replaceAll("$__rate_interval", scope.rateInterval);
  const [start, end] = [(instant ? scope.toMs : scope.fromMs) / 1_000, scope.toMs / 1_000];
  const body = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${STEP_SECONDS}` });
  const response = await fetch(`${scope.url}/api/v1/query_range`, { method: "POST", body });
  const { data, error } = (await response.json()) as Answer;
  if (data === undefined) throw new Error(`${query}: ${error}`);
  return data.result.map(({ metric, values }) => ({
    legend: legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => metric[label] ?? ""),
    points: values.map(([at, value]) => [at * 1_000, Number(value)] as const).filter(([, value]) => isFinite(value)),
  }));
}
