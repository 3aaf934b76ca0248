/** What all dashboards have in common. Pure. */
import { createHash } from "node:crypto";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type Panel,
  RowBuilder,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** Dashboards, and the annotations that are pushed at a change of phase, carry this tag. */
export const DASHBOARD_TAG = "dedup-shards";

/** Grafana puts in a range that fits the zoom and the scrape interval. */
export const RATE_INTERVAL = "$__rate_interval";

/** One dashboard as Grafana stores it. */
export interface BuiltDashboard {
  /** What it is about; part of the names of files and objects. */
  readonly kind: string;
  /** The same for the same kind and namespace: pushing it again replaces it. */
  readonly uid: string;
  readonly model: Dashboard;
}

/** A row and its panels. */
export interface DashboardRow {
  readonly title: string;
  /** The variable for each of whose values the row is repeated. */
  readonly repeat?: string;
  readonly panels: readonly Builder<Panel>[];
}

/** @returns a dashboard of rows; `adjust` adds what only one kind has. */
export function dashboardOf(
  { kind, title, namespace, rows }: { kind: string; title: string; namespace: string; rows: readonly DashboardRow[] },
  adjust: (builder: DashboardBuilder) => DashboardBuilder = (builder) => builder,
): BuiltDashboard {
  const uid = `dedup-${kind}-${createHash("sha256").update(namespace).digest("hex").slice(0, 8)}`;
  const builder = adjust(
    new DashboardBuilder(`${title} · ${namespace}`)
      .uid(uid)
      .tags([DASHBOARD_TAG, namespace])
      .readonly()
      .tooltip(DashboardCursorSync.Crosshair)
      .time({ from: "now-1h", to: "now" })
      .refresh("30s")
      .timezone("browser")
      .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
      .annotation(phaseChanges(namespace)),
  );
  for (const row of rows) addRow(builder, row);
  return { kind, uid, model: builder.build() };
}

function addRow(builder: DashboardBuilder, { title, repeat, panels }: DashboardRow): void {
  const row = new RowBuilder(title);
  builder.withRow(repeat === undefined ? row : row.repeat(repeat));
  for (const panel of panels) builder.withPanel(panel);
}

/** Draws the annotations that are pushed when a phase begins, in every dashboard of the namespace. */
function phaseChanges(namespace: string): AnnotationQueryBuilder {
  const target = { limit: 100, matchAny: false, tags: [DASHBOARD_TAG, namespace], type: "tags" };
  return new AnnotationQueryBuilder()
    .name("Phases")
    .datasource({ type: "grafana", uid: "-- Grafana --" })
    .enable(true)
    .iconColor("blue")
    .target({ build: () => ({ ...target, _implementsDataqueryVariant: () => undefined }) });
}
