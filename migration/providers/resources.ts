import * as pulumi from "@pulumi/pulumi";
import type { Sample } from "../engines/samples";
import type { BarrierInputs } from "../entrypoints/barrier";
import type { BakeInputs, StepInputs } from "../entrypoints/inputs";
import type { GrafanaInputs } from "../entrypoints/grafana";
import type { PhaseMetricInputs } from "../entrypoints/phase-metric";
import type { PlanInputs } from "../entrypoints/migration-plan";
import type { GateInputs } from "../entrypoints/gate-inputs";
import type { ReportInputs } from "../entrypoints/report";
import type { ShardGuardInputs } from "../entrypoints/shard-guard";
import type { ShardReadyInputs } from "../entrypoints/shard-ready";
import type { ShardSetInputs } from "../entrypoints/shard-set";
import type { StackGuardInputs } from "../entrypoints/stack-guard";
import { shellFor } from "./shell";

/** One shell for all resources of an entrypoint: Pulumi serializes a provider once, which takes its time. */
const shells = new Map<string, pulumi.dynamic.ResourceProvider>();

/** Inputs of a resource as a program gives them. */
export type Wrapped<T> = { readonly [K in keyof T]: pulumi.Input<T[K]> };

/**
 * One of this program's resources. The provider's text that is in the state is kept when it would change, with a newer
 * Pulumi for example: it would be a difference of every resource, and what it does is not in it anyway (see `shellFor`).
 */
abstract class Resource extends pulumi.dynamic.Resource {
  constructor(
    entrypoint: string,
    type: string,
    name: string,
    props: pulumi.Inputs,
    opts?: pulumi.CustomResourceOptions,
  ) {
    const keep = { ignoreChanges: ["__provider"] };
    const shell = shells.get(entrypoint) ?? shellFor(entrypoint);
    shells.set(entrypoint, shell);
    super(shell, name, props, pulumi.mergeOptions(opts, keep), "dedup", type);
  }
}

/** Opens for a legal move whose checks hold. Everything that follows a change of the ring depends on it. */
export class RingGate extends Resource {
  /** Data of the ring ConfigMap. */
  declare readonly data: pulumi.Output<Record<string, string>>;
  /** Rises whenever the ring changes. */
  declare readonly epoch: pulumi.Output<number>;
  /** The stack by the name of its first `up`. */
  declare readonly stack: pulumi.Output<string>;
  /** The ConfigMap's version before this epoch's ring is written; undefined where a gate of an earlier version noted none. */
  declare readonly ringVersion: pulumi.Output<string | undefined>;
  /** The version of the ConfigMap for which the ring is written once more; undefined while there was no need to. */
  declare readonly putBack: pulumi.Output<string | undefined>;
  /** How many migrations this stack has opened. */
  declare readonly migration: pulumi.Output<number>;
  /** Report of the last verify that the gate asked for; null before the first. */
  declare readonly verification: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<GateInputs>, opts?: pulumi.CustomResourceOptions) {
    const ring = { data: undefined, epoch: undefined, ringVersion: undefined, putBack: undefined };
    const outputs = { ...ring, migration: undefined, verification: undefined };
    super("ring-gate", "RingGate", name, { ...inputs, ...outputs }, opts);
  }
}

/** The shards that exist: refuses in the preview to remove one that is not drained. */
export class ShardSet extends Resource {
  constructor(name: string, inputs: Wrapped<ShardSetInputs>, opts?: pulumi.CustomResourceOptions) {
    super("shard-set", "ShardSet", name, { ...inputs }, opts);
  }
}

/** Stands before one shard's StatefulSet: refuses to be deleted while the shard holds a key that no other holds. */
export class ShardGuard extends Resource {
  constructor(name: string, inputs: Wrapped<ShardGuardInputs>, opts?: pulumi.CustomResourceOptions) {
    super("shard-guard", "ShardGuard", name, { ...inputs }, opts);
  }
}

/** Stands before the whole stack: refuses to be deleted, and so a `pulumi destroy`, while the backend needs a shard. */
export class StackGuard extends Resource {
  constructor(name: string, inputs: Wrapped<StackGuardInputs>, opts?: pulumi.CustomResourceOptions) {
    super("stack-guard", "StackGuard", name, { ...inputs }, opts);
  }
}

/** Done when a changed StatefulSet is ready again: the Kubernetes provider does not wait for that. */
export class ShardReady extends Resource {
  constructor(name: string, inputs: Wrapped<ShardReadyInputs>, opts?: pulumi.CustomResourceOptions) {
    super("shard-ready", "ShardReady", name, { ...inputs }, opts);
  }
}

/** What moves, how long it takes, and whether it fits. */
export class MigrationPlan extends Resource {
  /** The last plan in the runbook's shape, also when its migration is over; null before the first. */
  declare readonly plan: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<PlanInputs>, opts?: pulumi.CustomResourceOptions) {
    super("migration-plan", "MigrationPlan", name, { ...inputs, plan: undefined }, opts);
  }
}

/** Done when every pod runs the epoch. */
export class Barrier extends Resource {
  constructor(name: string, inputs: Wrapped<BarrierInputs>, opts?: pulumi.CustomResourceOptions) {
    super("barrier", "Barrier", name, { ...inputs }, opts);
  }
}

/** Copies the movers while the backend knows nothing of the target ring. */
export class PreCopy extends Resource {
  declare readonly counts: pulumi.Output<object | null>;
  /** How far it was over time; null before. */
  declare readonly samples: pulumi.Output<readonly Sample[] | null>;

  constructor(name: string, inputs: Wrapped<StepInputs>, opts?: pulumi.CustomResourceOptions) {
    super("pre-copy", "PreCopy", name, { ...inputs, counts: undefined, samples: undefined }, opts);
  }
}

/** Brings the secondary ring into step, once every pod writes both. */
export class CatchUp extends Resource {
  declare readonly counts: pulumi.Output<object | null>;
  /** How far it was over time; null before. */
  declare readonly samples: pulumi.Output<readonly Sample[] | null>;
  /** When reads moved to the target ring, ISO 8601; null before. */
  declare readonly cutoverAt: pulumi.Output<string | null>;

  constructor(name: string, inputs: Wrapped<StepInputs>, opts?: pulumi.CustomResourceOptions) {
    const outputs = { counts: undefined, samples: undefined, cutoverAt: undefined };
    super("catch-up", "CatchUp", name, { ...inputs, ...outputs }, opts);
  }
}

/** Compares both rings and repairs, until a pass is clean. */
export class Verify extends Resource {
  declare readonly report: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<StepInputs>, opts?: pulumi.CustomResourceOptions) {
    super("verify", "Verify", name, { ...inputs, report: undefined }, opts);
  }
}

/** Watches the service after a cutover. */
export class Bake extends Resource {
  /** How that came out; null before, and where the gates on metrics are off. */
  declare readonly report: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<BakeInputs>, opts?: pulumi.CustomResourceOptions) {
    super("bake", "Bake", name, { ...inputs, report: undefined }, opts);
  }
}

/** Takes movers off the owners that no longer decide. */
export class Drain extends Resource {
  declare readonly counts: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<StepInputs>, opts?: pulumi.CustomResourceOptions) {
    super("drain", "Drain", name, { ...inputs, counts: undefined }, opts);
  }
}

/** The dashboards in Grafana, and a mark on their graphs at each change of the phase. */
export class GrafanaDashboards extends Resource {
  constructor(name: string, inputs: Wrapped<GrafanaInputs>, opts?: pulumi.CustomResourceOptions) {
    super("grafana", "GrafanaDashboards", name, { ...inputs, pushed: undefined }, opts);
  }
}

/** The phase that the ring is in, for Prometheus. */
export class PhaseMetric extends Resource {
  constructor(name: string, inputs: Wrapped<PhaseMetricInputs>, opts?: pulumi.CustomResourceOptions) {
    super("phase-metric", "PhaseMetric", name, { ...inputs, pushed: undefined }, opts);
  }
}

/** What a phase came to, written down and sent out at its end. */
export class PhaseReport extends Resource {
  constructor(name: string, inputs: Wrapped<ReportInputs>, opts?: pulumi.CustomResourceOptions) {
    super("report", "PhaseReport", name, { ...inputs }, opts);
  }
}
