/** What an alert is made of. Pure. */

/** `critical` wakes somebody up, `warning` waits until the morning. */
export type Severity = "warning" | "critical";

/** An alert as this program describes it. */
export interface Alert {
  readonly name: string;
  /** Fires for every series that this returns. */
  readonly expr: string;
  /** How long it must have held. */
  readonly forMs: number;
  readonly severity: Severity;
  /** One line; Prometheus' template language. */
  readonly summary: string;
  /** What it means, with the value. */
  readonly description: string;
  /** The section of docs/troubleshooting.md that says what to do. */
  readonly section: string;
}

/** An alert as Prometheus reads it. */
export interface PrometheusAlert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: Severity };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

/** Prometheus evaluates the rules of a group one after the other. */
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly PrometheusAlert[];
}

export const MINUTE_MS = 60_000;

/** @returns a duration as Prometheus writes it, in whole seconds. */
export const duration = (ms: number): string => `${Math.ceil(ms / 1000)}s`;

/**
 * @param runbookUrl - where the troubleshooting page is read.
 * @returns a group of alerts.
 */
export function groupOf(name: string, alerts: readonly Alert[], runbookUrl: string): RuleGroup {
  const rules = alerts.map(({ name, expr, forMs, severity, summary, description, section }) => ({
    alert: name,
    expr,
    for: duration(forMs),
    labels: { severity },
    annotations: { summary, description, runbook_url: `${runbookUrl}#${section}` },
  }));
  return { name: `dedup-shards.${name}`, rules };
}
