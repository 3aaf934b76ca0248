import { duration } from "../alerts/rule";
import { backendQueries, namespaceScope } from "./promql";

/** @returns PromQL of what the metric gates ask about, each with one number for an answer. Pure. */
export function gateQueries(namespace: string, windowMs: number) {
  const scope = namespaceScope(namespace, duration(windowMs));
  return {
    requestsPerSecond: backendQueries.requestsPerSecond(scope),
    errorRatio: backendQueries.errorRatio(scope),
    p95Ms: `1000 * ${backendQueries.latency(0.95, scope)}`,
    hitRatio: backendQueries.hitRatio(scope),
  };
}
