/** The config section `monitoring`: dashboards, alerts and what Prometheus scrapes. */
import { z } from "zod";
import { durationMs, labels, positive, ratio, section, text } from "./values";

const limits = section({
  maxMemoryRatio: ratio.default(0.8),
  maxTrafficShare: ratio.default(0.6),
  maxShardP95Ms: positive.default(50),
  maxCpuRatio: ratio.default(0.7),
  minHitRatioAfterCutover: ratio.default(0.2),
  stalled: durationMs.prefault("30m"),
});

const exporter = section({
  enabled: z.boolean("true or false").default(false),
  image: text(/^[^\s]+$/, "an image reference without spaces").default("oliver006/redis_exporter:v1.67.0"),
});

const portOf = (whose: string) =>
  text(/^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/, `the name of a port of ${whose} Service`);

const backend = section({
  labels: labels.default({ app: "backend" }),
  port: portOf("the backend's").default("http"),
});

// The defaults are those of https://github.com/prometheus-community/helm-charts/tree/main/charts/prometheus-pushgateway.
const pushgateway = section({
  url: z.exactOptional(z.string("a URL")),
  labels: labels.default({ "app.kubernetes.io/name": "prometheus-pushgateway" }),
  port: portOf("the Pushgateway's").default("http"),
});

export const monitoring = section({
  enabled: z.boolean("true or false").default(true),
  labels: labels.default({}),
  folder: text(/\S/, "the name of a folder in Grafana").default("Dedup shards"),
  runbookUrl: text(/^[^\s#]+$/, "a URL without #").default("docs/troubleshooting.md"),
  exporter: exporter.prefault({}),
  backend: backend.prefault({}),
  pushgateway: pushgateway.prefault({}),
  limits: limits.prefault({}),
});

/** The section as the program uses it. Ratios are 0 to 1. */
export interface MonitoringConfig {
  readonly enabled: boolean;
  /** Labels that Prometheus' operator selects rules and monitors by. */
  readonly labels: Readonly<Record<string, string>>;
  /** The folder of the dashboards in Grafana. */
  readonly folder: string;
  /** Where docs/troubleshooting.md is read. */
  readonly runbookUrl: string;
  /** A sidecar of the shards that this program runs. */
  readonly exporter: { readonly enabled: boolean; readonly image: string };
  /** The backend's Service, by its labels, and the name of the port that has `/metrics`. */
  readonly backend: { readonly labels: Readonly<Record<string, string>>; readonly port: string };
  /**
   * A Pushgateway that asks for no credentials, as runs reach it (absent: they do not push how far they are), and as
   * Prometheus' operator finds it: its Service, in whatever namespace, and the name of its port.
   */
  readonly pushgateway: {
    readonly url?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly port: string;
  };
  readonly limits: {
    readonly maxMemoryRatio: number;
    readonly maxTrafficShare: number;
    readonly maxShardP95Ms: number;
    readonly maxCpuRatio: number;
    readonly minHitRatioAfterCutover: number;
    readonly stalledMs: number;
  };
}

/** @returns the section with its durations named as what they are. */
export function monitoringOf({ limits, ...rest }: z.output<typeof monitoring>): MonitoringConfig {
  const { stalled, ...others } = limits;
  return { ...rest, limits: { ...others, stalledMs: stalled } };
}
