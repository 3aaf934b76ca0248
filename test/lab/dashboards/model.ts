/** As much of a dashboard's JSON as is drawn: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */

export interface DashboardModel {
  readonly title: string;
  readonly panels: readonly PanelModel[];
  readonly templating?: { readonly list: readonly VariableModel[] };
}

export interface VariableModel {
  readonly type: string;
  readonly name: string;
  /** Of a custom variable: its values with commas between. */
  readonly query?: unknown;
}

export interface PanelModel {
  readonly type: string;
  readonly title: string;
  /** Of a row: the variable for each of whose values it is repeated. */
  readonly repeat?: string;
  readonly gridPos: { readonly w: number; readonly h: number };
  readonly targets?: readonly TargetModel[];
  readonly options?: { readonly textMode?: string };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
    };
  };
}

export interface TargetModel {
  readonly expr: string;
  readonly legendFormat: string;
  /** Whether only its latest value is asked for. */
  readonly instant?: boolean;
}

/** @returns the panels as they are shown: those of a repeated row once for each value, in which `$variable` is put. */
export function shownPanels({ panels, templating }: DashboardModel): readonly PanelModel[] {
  const values = (name: string): string[] => {
    const variable = templating?.list.find((it) => it.type === "custom" && it.name === name);
    if (typeof variable?.query !== "string") throw new Error(`the dashboard has no custom variable ${name}`);
    return variable.query.split(",");
  };
  const rows: PanelModel[][] = [];
  for (const panel of panels) {
    if (panel.type === "row") rows.push([panel]);
    else (rows.at(-1) ?? rows[rows.push([]) - 1])?.push(panel);
  }
  return rows.flatMap((row) => {
    const name = row[0]?.repeat;
    if (name === undefined) return row;
    return values(name).flatMap((value) => row.map((panel) => withVariable(panel, name, value)));
  });
}

/** Texts of a model have no quotes of their own around a variable, but in queries. */
const withVariable = (panel: PanelModel, name: string, value: string): PanelModel =>
  JSON.parse(JSON.stringify(panel).replaceAll(`$${name}`, value)) as PanelModel;
