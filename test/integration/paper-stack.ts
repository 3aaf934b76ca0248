/** What `pulumi up` does with the program's resources, without Pulumi: each entrypoint in the order of the graph. */
import type { ConnectionInputs, Secrets, SettingsInputs, StepInputs } from "../../migration/entrypoints/inputs";
import * as bake from "../../migration/entrypoints/bake";
import * as barrier from "../../migration/entrypoints/barrier";
import * as catchUp from "../../migration/entrypoints/catch-up";
import * as drain from "../../migration/entrypoints/drain";
import type { CheckedGateInputs } from "../../migration/entrypoints/gate-inputs";
import * as plan from "../../migration/entrypoints/migration-plan";
import * as preCopy from "../../migration/entrypoints/pre-copy";
import * as gate from "../../migration/entrypoints/ring-gate";
import * as verify from "../../migration/entrypoints/verify";
import { stepInputs } from "../../migration/migration";
import { isOpen, type Phase, type Step } from "../../migration/phases";
import { BACKEND } from "./paper-cluster";
import type { PodMetrics } from "../../migration/adapters/backend-view";
import type { MigrationRings } from "../../migration/engines/runtime";

const SETTINGS: SettingsInputs = {
  keysPerSecond: 1_000_000,
  catchUpKeysPerSecond: 1_000_000,
  batchSize: 100,
  bigValueBytes: 262_144,
  maxSourceLatencyMs: 60_000,
  verifyMode: "full",
  sampleSize: 100,
  expiryToleranceMs: 1_000,
  ttlWindowMs: 0,
  cleanupKeysPerSecond: 1_000_000,
  cleanupBatchSize: 100,
  claimWindowMs: 20,
  commandTimeoutMs: 20,
  rolloutTimeoutMs: 0,
  containerLimitBytes: 0,
};

/** The servers that a stack is over. */
interface Lab {
  readonly rings: MigrationRings;
  readonly servers: ReadonlyMap<string, { readonly url: string }>;
}

/** The cluster that a stack is over. */
interface Cluster {
  /** Absent: pods are not asked. */
  readonly metrics?: PodMetrics;
  /** A new ring ConfigMap, and a rollout behind it. */
  rollOut(data: Readonly<Record<string, string>>, epoch: number): void | Promise<void>;
}

/** A stack over the servers of a lab and a cluster of paper. */
export class PaperStack {
  /** What the last gate left in the state. */
  state: CheckedGateInputs | undefined;
  settings: SettingsInputs = SETTINGS;
  secrets: Secrets = {};
  /** The name of the stack; undefined: nobody says. */
  stack: string | undefined;
  /** What the barrier was passed with last. */
  passed: Parameters<typeof barrier.update>[0] = {};
  private baked: Parameters<typeof bake.update>[0] = {};

  constructor(
    private readonly lab: Lab,
    private readonly cluster: Cluster,
  ) {}

  /** What the program gives the gate. */
  asked(phase: Phase, shards = this.lab.rings.current.shards) {
    const connection: ConnectionInputs = {
      ...BACKEND,
      shards: Object.fromEntries([...this.lab.servers].map(([name, { url }]) => [name, url])),
      access: "direct",
      kubeContext: "",
    };
    const ring = {
      shards,
      targetShards: this.lab.rings.target.shards,
      vnodes: 150,
      keyPrefix: this.lab.rings.keyPrefix,
    };
    const named = this.stack === undefined ? {} : { stack: this.stack };
    const { metrics } = this.cluster;
    return { phase, ring, connection, settings: this.settings, ...(metrics ? { metrics } : {}), ...named };
  }

  /** All of it: gate, ring, rollout, barrier, and the work of the phase. */
  async up(phase: Phase, shards?: readonly string[]): Promise<void> {
    await this.passGate(phase, shards);
    await this.finish();
  }

  /** What comes behind the gate. */
  async finish(): Promise<void> {
    await this.rollOut();
    await this.workAll();
  }

  /** What comes behind the barrier. */
  async workAll(): Promise<void> {
    for (const step of ["plan", "preCopy", "catchUp", "bake", "verify", "drain"] as const) await this.work(step);
  }

  /** The gate alone. @throws Error when it refuses */
  async passGate(phase: Phase, shards?: readonly string[]): Promise<void> {
    const { inputs, failures = [] } = await gate.check(this.state ?? {}, this.asked(phase, shards), this.secrets);
    if (failures[0]) throw new Error(failures[0].reason);
    const checked = inputs as CheckedGateInputs;
    if (this.state) await gate.update(this.state, checked, this.secrets);
    this.state = checked;
  }

  /** The ConfigMap, a rollout that replaces every pod, and the barrier behind it. */
  async rollOut(): Promise<void> {
    const { data, epoch, connection, metrics, ringVersion, putBack } = this.now();
    await this.cluster.rollOut(data, epoch);
    const { commandTimeoutMs, rolloutTimeoutMs, servesNothing = false } = this.settings;
    const asked = { ...(metrics ? { metrics } : {}), ringVersion, putBack };
    const inputs = { servesNothing, commandTimeoutMs, rolloutTimeoutMs, epoch, data, connection, ...asked };
    await barrier.update(this.passed, inputs);
    this.passed = inputs;
  }

  /** `pulumi refresh`. */
  async refresh(): Promise<void> {
    this.state = (await gate.read(this.now())).props as CheckedGateInputs;
  }

  /** The work of a step in the phase that the gate let through. */
  work(step: Step): Promise<object> {
    return this.workPastGate(step, this.now().phase);
  }

  /** The work of a step in a phase that the config has, and no gate has looked at: the gate was excluded. */
  workPastGate(step: Step, phase: Phase): Promise<object> {
    const inputs: StepInputs = stepInputs(step, { ...this.now(), phase }) as StepInputs;
    const planned = { ...inputs, open: isOpen(phase), summary: "", edges: {} };
    const steps = {
      plan: () => plan.update(planned, planned, this.secrets),
      preCopy: () => preCopy.update(inputs, inputs, this.secrets),
      catchUp: () => catchUp.update(inputs, inputs, this.secrets),
      verify: () => verify.update(inputs, inputs, this.secrets),
      bake: () => this.bake(inputs),
      drain: () => drain.update(inputs, inputs, this.secrets),
    };
    return steps[step]();
  }

  /** Knows of its state, unlike the other steps: a bake is made once. */
  private async bake(inputs: StepInputs) {
    const { metrics } = this.now();
    const asked = { ...inputs, ...(metrics ? { metrics } : {}) };
    this.baked = await bake.update(this.baked, asked, this.secrets);
    return this.baked;
  }

  private now(): CheckedGateInputs {
    if (!this.state) throw new Error("nothing has been brought up yet");
    return this.state;
  }
}
