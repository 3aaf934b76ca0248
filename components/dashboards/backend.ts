import type { Limits, ServiceLimits } from "../monitoring/limits";
import { backendQueries as backend, namespaceScope } from "../monitoring/promql";
import { type BuiltDashboard, dashboardOf, RATE_INTERVAL } from "./dashboard";
import { graph, type PanelContent } from "./panels";

export interface BackendDashboardArgs {
  readonly namespace: string;
  readonly limits: Limits;
}

/** @returns the dashboard of the backend: what its clients see. */
export function backendDashboard({ namespace, limits }: BackendDashboardArgs): BuiltDashboard {
  const panels = backendPanels(namespace, limits);
  const scope = namespaceScope(namespace, RATE_INTERVAL);
  const requests = graph({
    title: "Submissions by status",
    description: "Per second. 503 is a claim that the client must try again.",
    unit: "reqps",
    columns: 8,
    queries: [{ expr: backend.requestsByStatus(scope), legend: "{{status}}" }],
  });
  const { errorRatio, latency, hitRatio, dualWriteErrors, epoch } = panels;
  return dashboardOf({
    kind: "backend",
    title: "Dedup backend",
    namespace,
    rows: [
      { title: "Clients", panels: [requests, errorRatio, latency] },
      { title: "Deduplication", panels: [hitRatio, dualWriteErrors, epoch] },
    ],
  });
}

/** The backend's panels that the migration's dashboard shows too, a third of a row each. */
export function backendPanels(namespace: string, { service, alerts }: Limits) {
  const scope = namespaceScope(namespace, RATE_INTERVAL);
  const third = (content: Omit<PanelContent, "columns">) => graph({ ...content, columns: 8 });
  const quantile = (q: number) => ({ expr: backend.latency(q, scope), legend: `p${q * 100}` });
  return {
    errorRatio: third({
      title: "Request errors",
      description: "Share of submissions answered with a 5xx. The gates hold the migration above the line.",
      unit: "percentunit",
      queries: [{ expr: backend.errorRatio(scope), legend: "5xx" }],
      limit: { max: service.maxErrorRatio },
    }),
    latency: third({
      title: "Latency",
      description:
        "From a submission's arrival to its answer. The gates hold the migration when p95 is above the line.",
      unit: "s",
      queries: [quantile(0.5), quantile(0.95), quantile(0.99)],
      limit: { max: service.maxP95Ms / 1000 },
    }),
    hitRatio: third({
      title: "Dedup hit ratio",
      description:
        `Share of submissions answered as duplicates. ${hitRatioGate(service)}; ` +
        `below ${alerts.minHitRatioAfterCutover * 100} % after a cutover the alert fires.`,
      unit: "percentunit",
      queries: [{ expr: backend.hitRatio(scope), legend: "hit ratio" }],
      ...(service.minHitRatioOfBaseline === undefined ? { limit: { min: service.minHitRatio } } : {}),
    }),
    dualWriteErrors: third({
      title: "Dual-write errors",
      description: "Claims that ended in a retry because an owner failed. More than a blip: look at the shards.",
      unit: "ops",
      queries: [{ expr: backend.dualWriteErrorsPerSecond(scope), legend: "errors" }],
    }),
    epoch: third({
      title: "Ring epoch by pod",
      description: "Pods side by side differ during a rollout only.",
      unit: "none",
      queries: [{ expr: backend.epochByPod(scope), legend: "{{pod}}" }],
    }),
  };
}

/** What the gates ask of the hit ratio. Where it hangs on the plan's baseline there is no line to draw. */
const hitRatioGate = ({ minHitRatioOfBaseline: share }: ServiceLimits): string =>
  share === undefined
    ? "The line is what the gates ask for"
    : `The gates ask for ${share * 100} % of what it was at the plan (the output migrationPlan.baseline)`;
