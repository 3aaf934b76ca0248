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

const STYLE = `
body { background: #111217; color: #d8d9da; font: 14px Inter, "DejaVu Sans", sans-serif; margin: 12px; width: ${COLUMNS * GRID.column}px }
h1 { font-size: 18px } h2 { grid-column: span ${COLUMNS}; font-size: 15px; margin: 8px 0 0 }
main { display: grid; grid-template-columns: repeat(${COLUMNS}, ${GRID.column}px); gap: 4px 0 }
section { background: #181b1f; border: 1px solid #2c3235; border-radius: 2px; margin-right: 4px; overflow: hidden; position: relative }
h3 { font-size: 13px; font-weight: 500; margin: 6px 8px 2px }
.figures { display: flex; justify-content: space-around; align-items: center; height: 70% }
.figure { display: flex; flex-direction: column; align-items: center; justify-content: center; height: 100% }
.figure b { font-size: 30px; font-weight: 500 } .figure span { color: #9fa7b3 }
.nothing { position: absolute; inset: 45% 0 0 0; text-align: center; color: #9fa7b3 }`;

/** @throws Error with what Prometheus said, when it refuses a query. */
export async function pageOf(model: DashboardModel, scope: Scope): Promise<string> {
  const panels = await Promise.all(shownPanels(model).map((panel) => place(panel, scope)));
  return (
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${escape(model.title)}</title>` +
    `<style>${STYLE}</style><h1>${escape(model.title)}</h1><main>${panels.join("")}</main></html>\n`
  );
}

async function place(panel: PanelModel, scope: Scope): Promise<string> {
  if (panel.type === "row") return `<h2>${escape(panel.title)}</h2>`;
  const series = (await Promise.all((panel.targets ?? []).map((target) => ask(target, scope)))).flat();
  const { w, h } = panel.gridPos;
  const size = `grid-column: span ${w}; height: ${h * GRID.row}px`;
  return `<section style="${size}"><h3>${escape(panel.title)}</h3>${drawPanel(panel, series)}</section>`;
}

async function ask({ expr, legendFormat }: TargetModel, scope: Scope): Promise<DrawnSeries[]> {
  const query = expr.replaceAll("$__rate_interval", scope.rateInterval);
  const [start, end] = [scope.fromMs / 1_000, scope.toMs / 1_000];
  const body = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${STEP_SECONDS}` });
  const response = await fetch(`${scope.url}/api/v1/query_range`, { method: "POST", body });
  const { data, error } = (await response.json()) as Answer;
  if (data === undefined) throw new Error(`${query}: ${error}`);
  return data.result.map(({ metric, values }) => ({
    legend: legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => metric[label] ?? ""),
    points: values.map(([at, value]) => [at * 1_000, Number(value)] as const).filter(([, value]) => isFinite(value)),
  }));
}
