/**
 * The migration's own metrics: the one list of names that runs push, and that dashboards and alerts ask for (they get it
 * from `index.ts`). Pure.
 *
 * All are gauges, set anew by each run, and pushed with the `namespace` of the shards and the backend. `step` is a job as
 * progress lines name it, `source` a shard.
 */

/** One metric as Prometheus shows it. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  /** Labels besides `namespace`. */
  readonly labels: readonly string[];
}

const metric = (suffix: string, help: string, ...labels: string[]): MetricDefinition => ({
  name: `dedup_migration_${suffix}`,
  help,
  labels,
});

export const MIGRATION_METRICS = {
  phase: metric("phase", "1 for the phase that the ring is in, 0 for every other.", "phase"),
  edgesDone: metric("edges_done", "Edges whose source has been walked to its end.", "step"),
  edgesPlanned: metric("edges_planned", "Edges of the migration.", "step"),
  keysDone: metric("keys_done", "Movers that a step has dealt with.", "step", "source"),
  keysPlanned: metric("keys_planned", "Movers that the plan counted; more may have come since.", "step"),
  keysPerSecond: metric("keys_per_second", "Movers that a step deals with per second.", "step"),
  throttle: metric("throttle_keys_per_second", "The most that the throttle allows at present.", "step"),
  checkpoint: metric("checkpoint_timestamp_seconds", "When a source's checkpoint was written last.", "step", "source"),
  errors: metric(
    "errors",
    "Sources on which the last run failed; the next one goes on from their checkpoints.",
    "step",
  ),
  verifyChecked: metric("verify_checked", "Movers that the last verify compared."),
  verifyMissing: metric("verify_missing", "Movers that the last verify missed on the other ring."),
  verifyDifferent: metric("verify_different", "Movers that the last verify found with another value or expiry."),
  verifyExtra: metric("verify_extra", "Movers that the last verify found on the secondary ring only."),
  verifyRepaired: metric("verify_repaired", "Movers that the last verify put right."),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MigrationMetric = keyof typeof MIGRATION_METRICS;

/** The names alone, as plain data for the dashboards and alerts. */
export const MIGRATION_METRIC_NAMES = Object.fromEntries(
  Object.entries(MIGRATION_METRICS).map(([key, { name }]) => [key, name]),
) as Readonly<Record<MigrationMetric, string>>;
