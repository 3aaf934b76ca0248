import * as pulumi from "@pulumi/pulumi";
import type { PodMetrics } from "./adapters/backend-view";
import type { RingData } from "./contract/ring-config-map";
import type { ConnectionInputs, RingInputs, SettingsInputs, StepInputs } from "./entrypoints/inputs";
import { hasWork, type Phase, type Step } from "./phases";
import { Bake, Barrier, CatchUp, Drain, PreCopy, Verify, type Wrapped } from "./providers/resources";

/** A migration's steps behind the rollout of a ring. */
export interface MigrationStepsArgs {
  /** How many migrations this stack has opened. */
  readonly migration: pulumi.Input<number>;
  /** The stack by the name of its first `up`. */
  readonly stack?: pulumi.Input<string>;
  /** The phase that the gate let through. */
  readonly phase: Phase;
  readonly ring: RingInputs;
  readonly connection: ConnectionInputs;
  readonly settings: SettingsInputs;
  /** Where pods say which epoch they run; absent: they are not asked. */
  readonly metrics?: PodMetrics;
  /** The ring epoch that every pod must run before the first step works. */
  readonly epoch: pulumi.Input<number>;
  /** All keys of the ring ConfigMap. */
  readonly data: pulumi.Input<RingData>;
  /** The version of the ConfigMap before this epoch's ring is written. */
  readonly ringVersion: pulumi.Input<string | undefined>;
  /** The version of the ConfigMap for which the ring of this epoch was written once more. */
  readonly putBack: pulumi.Input<string | undefined>;
  /** What must be done before anything is copied: the plan and the backups. */
  readonly beforeCopy: pulumi.Input<pulumi.Resource>[];
}

/** Inputs of a step: the same in every phase but for its work, so that the graph never changes. */
export function stepInputs(
  step: Step,
  {
    migration,
    epoch,
    stack,
    phase,
    ring,
    connection,
    settings,
  }: Omit<MigrationStepsArgs, "beforeCopy" | "data" | "ringVersion" | "putBack">,
): Wrapped<StepInputs> {
  const named = stack === undefined ? {} : { stack };
  return { migration, epoch, ...named, work: hasWork(phase, step) ? phase : "none", ring, connection, settings };
}

/**
 * Barrier → pre-copy → catch-up → bake → verify → drain. Always declared, in this order, whatever the phase: what differs is
 * which of them has work.
 */
export class MigrationSteps extends pulumi.ComponentResource {
  readonly barrier: Barrier;
  readonly preCopy: PreCopy;
  readonly catchUp: CatchUp;
  readonly bake: Bake;
  readonly verify: Verify;
  readonly drain: Drain;

  constructor(name: string, args: MigrationStepsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:migration:MigrationSteps", name, {}, opts);
    const { epoch, data, ringVersion, putBack, connection, metrics, settings, beforeCopy } = args;
    const { commandTimeoutMs, rolloutTimeoutMs, servesNothing } = settings;
    const asked = metrics ? { metrics } : {};
    const ring = { epoch, data, ringVersion, putBack };
    const said = servesNothing ? { servesNothing } : {};
    const waiting = { ...ring, connection, ...asked, commandTimeoutMs, rolloutTimeoutMs, ...said };
    const after = (...dependsOn: pulumi.Input<pulumi.Resource>[]) => ({ parent: this, dependsOn });
    this.barrier = new Barrier(`${name}-barrier`, waiting, after());
    this.preCopy = new PreCopy(`${name}-pre-copy`, stepInputs("preCopy", args), after(this.barrier, ...beforeCopy));
    this.catchUp = new CatchUp(`${name}-catch-up`, stepInputs("catchUp", args), after(this.preCopy));
    // Right behind the move of the reads: a verify of many keys would take its time while clients suffer.
    this.bake = new Bake(`${name}-bake`, { ...stepInputs("bake", args), ...asked }, after(this.catchUp));
    this.verify = new Verify(`${name}-verify`, stepInputs("verify", args), after(this.bake));
    this.drain = new Drain(`${name}-drain`, stepInputs("drain", args), after(this.verify));
    this.registerOutputs({});
  }
}
