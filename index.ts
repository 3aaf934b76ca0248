import * as pulumi from "@pulumi/pulumi";
import { BackendRing } from "./components/backend-ring";
import { DASHBOARD_TAG } from "./components/dashboards/dashboard";
import { buildDashboards, type DashboardContent } from "./components/dashboards/dashboards";
import { oneFieldManager } from "./components/field-manager";
import { replaceFixedNames } from "./components/fixed-names";
import { gateQueries } from "./components/monitoring/gate-queries";
import { Monitoring, MONITORING_API, MONITORING_KINDS } from "./components/monitoring/monitoring";
import { RedisShards } from "./components/redis-shards";
import { RingLock } from "./components/ring-lock";
import { ShardBackups } from "./components/shard-backups";
import { ShardNetworkPolicy } from "./components/shard-network-policy";
import { shardIdentity } from "./components/shard-identity";
import { ENGINE_LABELS } from "./migration/adapters/engine-job-spec";
import { engineAcl } from "./migration/adapters/engine-acl";
import { ConfigError, METRIC_GATES_OFF, readStackConfig, type StackConfig } from "./migration/config";
import { CHECKSUM_KEY, RING_KEYS } from "./migration/contract/ring-config-map";
import { settingsOf } from "./migration/entrypoints/settings";
import { withHelp } from "./migration/help";
import { MIGRATION_METRIC_NAMES } from "./migration/metrics";
import { MigrationSteps, stepInputs } from "./migration/migration";
import { monitoringKinds } from "./migration/monitoring-kinds";
import { isOpen, ringsInForce, rollbackOf, shardsThatExist, takesBackup } from "./migration/phases";
import type { MigrationFigures, PlannedMigration } from "./migration/report/facts";
import {
  GrafanaDashboards,
  MigrationPlan,
  PhaseMetric,
  PhaseReport,
  RingGate,
  ShardGuard,
  ShardReady,
  ShardSet,
  StackGuard,
} from "./migration/providers/resources";

const stack = new pulumi.Config();
const config = readConfig();
// An empty password is none. (Read beside the Config, which would warn that a secret is read in plain.)
const hasPassword = Boolean(pulumi.runtime.getConfig(`${stack.name}:redisPassword`));
const password = hasPassword ? stack.getSecret("redisPassword") : undefined;
const { username } = config.redis;

const ring = {
  shards: config.shards,
  targetShards: config.targetShards,
  vnodes: config.vnodes,
  keyPrefix: config.keyPrefix,
};
const state = { phase: config.migrationPhase, ...ring };
const shardNames = shardsThatExist(state);
const isExternal = (name: string) => Object.hasOwn(config.shardUrls, name);
const urlOf = (name: string) =>
  (isExternal(name) && config.shardUrls[name]) || shardIdentity(name, config.namespace).url;
const hasExporter = config.monitoring.enabled && config.monitoring.exporter.enabled;
const connection = connectionTo(shardNames);
const settings = settingsOf(config, gateQueries(config.namespace, config.metrics.windowMs));
const { pushgatewayUrl } = settings;
const { metricsPort, metricsPath } = config.backend;
const podMetrics = metricsPort === undefined ? {} : { metrics: { port: metricsPort, path: metricsPath } };

for (const shard of config.forceRemoveShards) {
  void pulumi.log.warn(
    `forceRemoveShards: if ${shard} still exists it is removed without a look at its keys; what only it holds is lost. ` +
      `Take the name out again once it is gone.`,
  );
}

if (config.metrics.url === undefined) {
  void pulumi.log.info(`metrics: the gates on the service's metrics are ${METRIC_GATES_OFF}`);
}
const transformations = [oneFieldManager(`${pulumi.getProject()}-${pulumi.getStack()}`), replaceFixedNames];

// The gate comes first: when it refuses, nothing else is touched.
const asked = { phase: config.migrationPhase, ring, connection, settings };
const gate = new RingGate("ring-gate", { ...asked, ...podMetrics, stack: pulumi.getStack() });
const step = { ...asked, migration: gate.migration, epoch: gate.epoch, stack: gate.stack };
const shardSet = new ShardSet("shards", { ring, connection }, { dependsOn: gate });
const shards = new RedisShards(
  "redis-dedup",
  {
    ...config.shard,
    shards: shardNames.filter((name) => !isExternal(name)),
    namespace: config.namespace,
    memoryLimitBytes: settings.containerLimitBytes,
    password,
    user: username === undefined ? undefined : engineUser(username),
    exporterImage: hasExporter ? config.monitoring.exporter.image : undefined,
    // A change of all shards restarts one after the other.
    settle: (shard) =>
      new ShardReady(
        `ready-${shard.shardName}`,
        {
          namespace: config.namespace,
          kubeContext: connection.kubeContext,
          statefulSet: shardIdentity(shard.shardName, config.namespace).statefulSet,
          generation: shard.generation,
          rolloutTimeoutMs: config.backend.rolloutTimeoutMs,
        },
        { dependsOn: shard },
      ),
  },
  { dependsOn: shardSet, transformations },
);
const guards = shards.shards.map(
  (shard) =>
    new ShardGuard(
      `guard-${shard.shardName}`,
      {
        shard: shard.shardName,
        connection: connectionTo([shard.shardName]),
        keyPrefix: config.keyPrefix,
        uid: shard.statefulSetUid,
      },
      { dependsOn: shard },
    ),
);
if (config.networkPolicy.enabled) limitAccess();
if (config.ringLock.enabled) lockRing();
const plan = new MigrationPlan(
  "plan",
  { ...stepInputs("plan", step), ...podMetrics, open: isOpen(config.migrationPhase) },
  { dependsOn: shards },
);
const backups = takesBackup(config.migrationPhase) && config.backup.enabled ? [backUp()] : [];
const backendRing = new BackendRing(
  "backend",
  {
    namespace: config.namespace,
    configMap: config.backend.configMap,
    deployment: config.backend.deployment,
    manage: config.backend.manage,
    data: gate.data,
    epoch: gate.epoch,
    putBack: gate.putBack,
    rolloutTimeoutMs: config.backend.rolloutTimeoutMs,
  },
  { dependsOn: [gate, shards] },
);
const phaseMetric = pushgatewayUrl === undefined ? [] : [showPhase(pushgatewayUrl)];
const steps = new MigrationSteps(
  "migration",
  {
    ...{ ...step, ...podMetrics, beforeCopy: [plan, ...backups] },
    ...{ data: gate.data, ringVersion: gate.ringVersion, putBack: gate.putBack },
  },
  { dependsOn: [backendRing, ...phaseMetric] },
);

const inForce = ringsInForce(state);
export const phase = config.migrationPhase;
export const primaryRing = inForce.primary;
export const secondaryRing = inForce.secondary ?? [];
export const epoch = gate.epoch;
export const migrationPlan = isOpen(phase) ? plan.plan : null;
export const copyCounters = {
  preCopy: steps.preCopy.counts,
  catchUp: steps.catchUp.counts,
  cleanup: steps.drain.counts,
};
export const verification = pulumi.all([gate.verification, steps.verify.report]).apply(latest);
export const cutoverAt = steps.catchUp.cutoverAt.apply((at) => at ?? null);
export const cleanupOpensAt = steps.catchUp.cutoverAt.apply((at) =>
  at ? new Date(Date.parse(at) + config.cleanup.ttlWindowMs).toISOString() : null,
);
export const metricGates = config.metrics.url ?? METRIC_GATES_OFF;
export const bake = config.metrics.url === undefined ? METRIC_GATES_OFF : steps.bake.report;
export const rollback = rollbackOf(config.migrationPhase);
/** What people look at and are called by; the kinds of the Prometheus operator only where the cluster has them. */
export const monitoring = config.monitoring.enabled ? declareMonitoring() : "off (monitoring.enabled is false)";
export const backup = config.backup.enabled ? config.backup.directory : "off (backup.enabled is false)";
const report = new PhaseReport(
  "report",
  {
    ...{ migration: gate.migration, epoch: gate.epoch, phase, ring, connection, stack: pulumi.getStack() },
    directory: config.report.directory,
    figures: migrationFigures(),
  },
  { dependsOn: steps.drain },
);
// Made last, so that a destroy asks it first.
new StackGuard(
  "stack-guard",
  { connection: connectionTo(shardNames.filter((name) => !isExternal(name))), keyPrefix: config.keyPrefix },
  { dependsOn: [report, ...guards] },
);

async function declareMonitoring(): Promise<string> {
  const { folder, labels, runbookUrl, backend, pushgateway, limits } = config.monitoring;
  const kinds = await monitoringKinds({
    api: MONITORING_API,
    kinds: MONITORING_KINDS,
    kubeContext: connection.kubeContext,
    runbookUrl,
    say: pulumi.log,
  });
  // A rollout, and the time in which Prometheus comes to know of its end.
  const epochSkewMs = config.backend.rolloutTimeoutMs + 300_000;
  const content = {
    namespace: config.namespace,
    shards: shardNames,
    metrics: MIGRATION_METRIC_NAMES,
    limits: { service: config.metrics.limits, alerts: { ...limits, epochSkewMs } },
  };
  const scraped = { backend, exporter: hasExporter, ...(pushgatewayUrl === undefined ? {} : { pushgateway }) };
  const others = { folder, labels, runbookUrl, kinds, ...scraped };
  new Monitoring("monitoring", { ...content, ...others }, { dependsOn: gate, transformations });
  const { url } = config.grafana;
  if (url !== undefined) pushDashboards(url, folder, content);
  return ["dashboards", ...(url === undefined ? [] : [`pushed to ${url}`]), ...kinds].join(", ");
}

/** Who the engines are to the shards that this program runs; elsewhere somebody else sees to that. */
function engineUser(name: string) {
  return { name, rules: engineAcl(config.keyPrefix), password: stack.requireSecret("redisUserPassword") };
}

/** Engines elsewhere in the cluster carry the label of the Job's pods. */
function limitAccess(): void {
  const { backend, scrapedFrom } = config.networkPolicy;
  const clients = [backend, ENGINE_LABELS];
  const scraping = hasExporter ? { scrapedFrom } : {};
  const { namespace } = config;
  new ShardNetworkPolicy("redis-dedup", { namespace, clients, ...scraping }, { dependsOn: gate, transformations });
}

/** Whoever writes an old ring is refused by the API server. */
function lockRing(): void {
  const { namespace, backend } = config;
  const ringKeys = { keys: RING_KEYS, epochKey: "DEDUP_RING_EPOCH", checksumKey: CHECKSUM_KEY };
  const of = { namespace, configMap: backend.configMap, ...ringKeys };
  new RingLock("ring-lock", of, { dependsOn: gate, transformations });
}

/** As a secret, so that previews and their comments on pull requests do not print them all each time. */
function migrationFigures() {
  return pulumi.secret({
    plan: plan.plan.apply((made) => made as PlannedMigration | null),
    ...copyCounters,
    preCopySamples: steps.preCopy.samples,
    catchUpSamples: steps.catchUp.samples,
    verification,
    cleanupOpensAt,
  }) as pulumi.Output<MigrationFigures>;
}

/** Behind the rollout, as the marks on the graphs are; and before the steps, whose last figures may have to go. */
function showPhase(url: string): PhaseMetric {
  const { migrationPhase: phase, namespace } = config;
  return new PhaseMetric("phase-metric", { url, namespace, phase }, { dependsOn: backendRing });
}

/** Behind the rollout: that is when a new phase begins for those who look at the graphs. */
function pushDashboards(url: string, folder: string, content: DashboardContent): void {
  const dashboards = buildDashboards(content).map(({ model }) => JSON.stringify(model));
  const { migrationPhase: phase, namespace } = config;
  const inputs = { url, folder, dashboards, namespace, phase, tag: DASHBOARD_TAG };
  new GrafanaDashboards("grafana", inputs, { dependsOn: backendRing });
}

function readConfig(): StackConfig {
  try {
    return readStackConfig(pulumi.runtime.allConfig(), (name, namespace) => shardIdentity(name, namespace).url);
  } catch (error) {
    // Of any other error Pulumi shows the stack trace as well, above what the operator is to read.
    throw error instanceof ConfigError ? new pulumi.RunError(withHelp(error.message)) : error;
  }
}

function connectionTo(names: readonly string[]) {
  return {
    shards: Object.fromEntries(names.map((name) => [name, urlOf(name)])),
    managed: names.filter((name) => !isExternal(name)),
    access: config.access,
    namespace: config.namespace,
    // The engines reach the cluster that the Kubernetes provider reaches.
    kubeContext: new pulumi.Config("kubernetes").get("context") ?? "",
    configMap: config.backend.configMap,
    deployment: config.backend.deployment,
  };
}

/** One snapshot of each current shard, through the same way by which the engines reach it. */
function backUp(): ShardBackups {
  const common = {
    SHARD_ACCESS: config.access,
    SHARD_NAMESPACE: config.namespace,
    SHARD_KUBE_CONTEXT: connection.kubeContext,
    SHARD_COMMAND: config.backup.command,
    REDISCLI_AUTH: password ?? "",
  };
  const migrationId = plan.plan.apply(idOf);
  return new ShardBackups(
    "backup",
    {
      shards: config.shards.map((name) => ({ name, environment: { ...common, SHARD_URL: urlOf(name) } })),
      create: "node -r ts-node/register/transpile-only migration/entrypoints/with-shard.ts",
      directory: pulumi.interpolate`${config.backup.directory}/${migrationId}`,
      // Once per migration.
      triggers: [migrationId],
    },
    { dependsOn: plan },
  );
}

/** Each migration has a folder of its own. */
function idOf(made: object | null): string {
  return (made as { migration_id?: string } | null)?.migration_id ?? "unplanned";
}

/** The newer of two reports of a verify. */
function latest(reports: readonly unknown[]): object | null {
  const dated = reports.filter((report): report is { at: string } => typeof report === "object" && report !== null);
  return dated.sort((a, b) => (a.at < b.at ? 1 : -1))[0] ?? null;
}
