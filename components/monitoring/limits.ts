/** The limits that alerts watch, dashboards draw in, and the metric gates ask about. Plain data. */

/** What the service promises: the gates hold a phase by these. Ratios are 0 to 1. */
export interface ServiceLimits {
  /** Share of submissions that may end in a 5xx. */
  readonly maxErrorRatio: number;
  /** 95 % of submissions are answered within this. */
  readonly maxP95Ms: number;
  /** Share of submissions that must be duplicates once a cutover has settled. */
  readonly minHitRatio: number;
  /** The share of the baseline's hit ratio that must be left instead, where that is what the gates ask for. */
  readonly minHitRatioOfBaseline?: number;
  /** Below this there is too little traffic to judge. */
  readonly minRequestsPerSecond: number;
}

/** When somebody must look at the shards or the migration. Ratios are 0 to 1. */
export interface AlertLimits {
  /** Used memory of a shard by its `maxmemory`. */
  readonly maxMemoryRatio: number;
  /** One shard's share of all shards' commands. */
  readonly maxTrafficShare: number;
  /** 95 % of a shard's commands are done within this. */
  readonly maxShardP95Ms: number;
  /** Use of the one core that a shard's main thread can have. */
  readonly maxCpuRatio: number;
  /** Share of duplicates below which something is wrong with the ring after a cutover. */
  readonly minHitRatioAfterCutover: number;
  /** How long the copy may be without a new checkpoint. */
  readonly stalledMs: number;
  /** How long backend pods may run different ring epochs: longer than a rollout takes. */
  readonly epochSkewMs: number;
}

export interface Limits {
  readonly service: ServiceLimits;
  readonly alerts: AlertLimits;
}
