import { setTimeout } from "node:timers/promises";

/** In which the gate is on its way to the engine, which starts its provider meanwhile. */
const GATE_HEAD_START_MS = 50;

/** Kinds of the Prometheus operator. */
interface Wanted<Kind extends string> {
  readonly api: { readonly group: string; readonly version: string };
  readonly kinds: readonly Kind[];
  readonly kubeContext: string;
  /** Where alerts link to. */
  readonly runbookUrl: string;
  /** To the operator. */
  readonly say: { info(message: string): unknown; warn(message: string): unknown };
}

/**
 * @returns those kinds that the cluster has; what is missing is said. Nothing here may fail a preview: where nobody can say,
 *   the kinds are taken to be there, so that none is deleted.
 */
export async function monitoringKinds<Kind extends string>({ api, kinds, kubeContext, runbookUrl, say }: Wanted<Kind>) {
  const { group, version } = api;
  // The Kubernetes client takes half a second to load, in which nothing else is declared: so the gate comes first.
  await setTimeout(GATE_HEAD_START_MS);
  const { clusterKinds } = await import("./entrypoints/cluster-kinds");
  const known = await clusterKinds(group, version, kubeContext);
  if (known instanceof Error) {
    say.warn(`monitoring: ${known.message} It is taken to have ${kinds.join(" and ")}.`);
    return kinds;
  }
  const missing = kinds.filter((kind) => !known.includes(kind));
  if (known.includes("PrometheusRule") && !/^https?:/.test(runbookUrl)) {
    say.info(
      `monitoring: the alerts link to ${runbookUrl}, which no browser finds: set monitoring.runbookUrl ` +
        "to where your people read docs/troubleshooting.md.",
    );
  }
  if (missing.length > 0) {
    // No warning: a cluster without the operator is a choice, and this is said at every run.
    say.info(
      `monitoring: the cluster has no ${missing.join(" and no ")} (${group}/${version}), so these are left out. ` +
        "Install the Prometheus operator's CRDs and run pulumi up again, or set monitoring.enabled to false.",
    );
  }
  return kinds.filter((kind) => known.includes(kind));
}
