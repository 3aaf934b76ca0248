/** The kinds of panels that the dashboards are made of. Pure. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { type Threshold, ThresholdsConfigBuilder, ThresholdsMode } from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** A Grafana dashboard is this many columns wide. */
export const DASHBOARD_COLUMNS = 24;

/** The data source that is chosen at the top of the dashboard. */
export const DATA_SOURCE = { type: "prometheus", uid: "${datasource}" };

/** One query of a panel. */
export interface Query {
  readonly expr: string;
  /** Grafana's `{{label}}` stands for the label of each series. */
  readonly legend: string;
}

/** A limit of a panel's figure, in the panel's unit. */
export type Limit = { readonly max: number } | { readonly min: number };

/** What a panel shows. */
export interface PanelContent {
  readonly title: string;
  /** What the figure means and when to worry, for who meets it at night. */
  readonly description: string;
  /** A Grafana unit, such as `percentunit` for ratios. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Drawn in as a dashed line, which the axis always reaches. */
  readonly limit?: Limit;
  /** Width in columns. */
  readonly columns: number;
}

const GREEN = "green";
const RED = "red";

function thresholds(limit: Limit | undefined): ThresholdsConfigBuilder {
  const below = limit !== undefined && "min" in limit ? RED : GREEN;
  const steps: Threshold[] = [{ value: null, color: below }];
  if (limit !== undefined) {
    steps.push("min" in limit ? { value: limit.min, color: GREEN } : { value: limit.max, color: RED });
  }
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

function targets(queries: readonly Query[], instant: boolean): DataqueryBuilder[] {
  return queries.map(({ expr, legend }, i) => {
    const refId = String.fromCharCode("A".charCodeAt(0) + i);
    const target = new DataqueryBuilder().datasource(DATA_SOURCE).refId(refId).expr(expr).legendFormat(legend);
    return instant ? target.instant() : target.range();
  });
}

/** @returns lines over time, from 0 up. */
export function graph({ title, description, unit, queries, limit, columns }: PanelContent): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .title(title)
    .description(description)
    .datasource(DATA_SOURCE)
    .unit(unit)
    .min(0)
    .height(7)
    .span(columns)
    .lineWidth(1)
    .fillOpacity(8)
    .targets(targets(queries, false))
    .thresholds(thresholds(limit))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    );
  if (limit === undefined) return panel;
  return panel
    .axisSoftMax(1.1 * ("max" in limit ? limit.max : limit.min))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
}

/** @returns the latest figure, large. With `names` the series' names are shown in its place. */
export function figure(content: PanelContent, { names = false } = {}): StatBuilder {
  const { title, description, unit, queries, limit, columns } = content;
  return new StatBuilder()
    .title(title)
    .description(description)
    .datasource(DATA_SOURCE)
    .unit(unit)
    .height(4)
    .span(columns)
    .noValue("–")
    .targets(targets(queries, true))
    .thresholds(thresholds(limit))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .graphMode(BigValueGraphMode.None)
    .colorMode(limit === undefined ? BigValueColorMode.None : BigValueColorMode.Value)
    .textMode(names ? BigValueTextMode.Name : BigValueTextMode.Auto);
}
