import type { StackConfig } from "../config";
import { quantityOf } from "../config/quantity";
import type { SettingsInputs } from "./inputs";

type Queries = NonNullable<SettingsInputs["service"]>["queries"];

/**
 * @param defaultQueries - PromQL of what the metric gates ask for, where the config has none of its own.
 * @returns what the engines are told of the stack config.
 */
export function settingsOf(config: StackConfig, defaultQueries: Queries): SettingsInputs {
  const { copy, verify, cleanup, backend, monitoring } = config;
  const pushgatewayUrl = monitoring.enabled ? monitoring.pushgateway.url : undefined;
  return {
    ...copy,
    verifyMode: verify.mode,
    sampleSize: verify.sampleSize,
    expiryToleranceMs: verify.expiryToleranceMs,
    ttlWindowMs: cleanup.ttlWindowMs,
    cleanupKeysPerSecond: cleanup.keysPerSecond,
    cleanupBatchSize: cleanup.batchSize,
    claimWindowMs: backend.claimWindowMs,
    commandTimeoutMs: backend.commandTimeoutMs,
    rolloutTimeoutMs: backend.rolloutTimeoutMs,
    containerLimitBytes: quantityOf(config.shard.memoryLimit) ?? 0,
    planDigest: config.planDigest,
    ...(backend.servesNothing ? { servesNothing: true } : {}),
    ...(config.execution === "job" ? { job: config.job } : {}),
    ...serviceOf(config.metrics, defaultQueries),
    ...(pushgatewayUrl === undefined ? {} : { pushgatewayUrl }),
  };
}

/** Whom the metric gates ask, and what for. */
function serviceOf({ url, queries, ...settings }: StackConfig["metrics"], defaultQueries: Queries) {
  return url === undefined ? {} : { service: { url, ...settings, queries: { ...defaultQueries, ...queries } } };
}
