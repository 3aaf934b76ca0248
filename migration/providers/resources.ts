import * as pulumi from "@pulumi/pulumi";
import type { BarrierInputs } from "../entrypoints/barrier";
import type { StepInputs } from "../entrypoints/inputs";
import type { PlanInputs } from "../entrypoints/migration-plan";
import type { GateInputs } from "../entrypoints/gate-inputs";
import type { ShardGuardInputs } from "../entrypoints/shard-guard";
import type { ShardReadyInputs } from "../entrypoints/shard-ready";
import type { ShardSetInputs } from "../entrypoints/shard-set";
import { shellFor } from "./shell";

/** Inputs of a resource as a program gives them. */
export type Wrapped<T> = { readonly [K in keyof T]: pulumi.Input<T[K]> };

const MODULE = "dedup";

/** Opens for a legal move whose checks hold. Everything that follows a change of the ring depends on it. */
export class RingGate extends pulumi.dynamic.Resource {
  /** Data of the ring ConfigMap. */
  declare readonly data: pulumi.Output<Record<string, string>>;
  /** Rises whenever the ring changes. */
  declare readonly epoch: pulumi.Output<number>;
  /** How many migrations this stack has opened. */
  declare readonly migration: pulumi.Output<number>;
  /** Report of the last verify that the gate asked for; null before the first. */
  declare readonly verification: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<GateInputs>, opts?: pulumi.CustomResourceOptions) {
    const outputs = { data: undefined, epoch: undefined, migration: undefined, verification: undefined };
    super(shellFor("ring-gate"), name, { ...inputs, ...outputs }, opts, MODULE, "RingGate");
  }
}

/** The shards that exist: refuses in the preview to remove one that is not drained. */
export class ShardSet extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Wrapped<ShardSetInputs>, opts?: pulumi.CustomResourceOptions) {
    super(shellFor("shard-set"), name, { ...inputs }, opts, MODULE, "ShardSet");
  }
}

/** Stands before one shard's StatefulSet: refuses to be deleted while the shard holds a key that no other holds. */
export class ShardGuard extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Wrapped<ShardGuardInputs>, opts?: pulumi.CustomResourceOptions) {
    super(shellFor("shard-guard"), name, { ...inputs }, opts, MODULE, "ShardGuard");
  }
}

/** Done when a changed StatefulSet is ready again: the Kubernetes provider does not wait for that. */
export class ShardReady extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Wrapped<ShardReadyInputs>, opts?: pulumi.CustomResourceOptions) {
    super(shellFor("shard-ready"), name, { ...inputs }, opts, MODULE, "ShardReady");
  }
}

/** What moves, how long it takes, and whether it fits. */
export class MigrationPlan extends pulumi.dynamic.Resource {
  /** The plan in the runbook's shape; null while no migration is open. */
  declare readonly plan: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<PlanInputs>, opts?: pulumi.CustomResourceOptions) {
    super(shellFor("migration-plan"), name, { ...inputs, plan: undefined }, opts, MODULE, "MigrationPlan");
  }
}

/** Done when every pod runs the epoch. */
export class Barrier extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: Wrapped<BarrierInputs>, opts?: pulumi.CustomResourceOptions) {
    super(shellFor("barrier"), name, { ...inputs }, opts, MODULE, "Barrier");
  }
}

/** Copies the movers while the backend knows nothing of the target ring. */
export class PreCopy extends pulumi.dynamic.Resource {
  declare readonly counts: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<StepInputs>, opts?: pulumi.CustomResourceOptions) {
    super(shellFor("pre-copy"), name, { ...inputs, counts: undefined }, opts, MODULE, "PreCopy");
  }
}

/** Brings the secondary ring into step, once every pod writes both. */
export class CatchUp extends pulumi.dynamic.Resource {
  declare readonly counts: pulumi.Output<object | null>;
  /** When reads moved to the target ring, ISO 8601; null before. */
  declare readonly cutoverAt: pulumi.Output<string | null>;

  constructor(name: string, inputs: Wrapped<StepInputs>, opts?: pulumi.CustomResourceOptions) {
    const outputs = { counts: undefined, cutoverAt: undefined };
    super(shellFor("catch-up"), name, { ...inputs, ...outputs }, opts, MODULE, "CatchUp");
  }
}

/** Compares both rings and repairs, until a pass is clean. */
export class Verify extends pulumi.dynamic.Resource {
  declare readonly report: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<StepInputs>, opts?: pulumi.CustomResourceOptions) {
    super(shellFor("verify"), name, { ...inputs, report: undefined }, opts, MODULE, "Verify");
  }
}

/** Takes movers off the owners that no longer decide. */
export class Drain extends pulumi.dynamic.Resource {
  declare readonly counts: pulumi.Output<object | null>;

  constructor(name: string, inputs: Wrapped<StepInputs>, opts?: pulumi.CustomResourceOptions) {
    super(shellFor("drain"), name, { ...inputs, counts: undefined }, opts, MODULE, "Drain");
  }
}
