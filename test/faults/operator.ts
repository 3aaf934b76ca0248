/** An operator: brings phases about with `pulumi up`, and does what the messages of refusals say. */
import { setTimeout as sleep } from "node:timers/promises";
import type { CheckedGateInputs } from "../../migration/entrypoints/gate-inputs";
import type { Phase } from "../../migration/phases";
import { adviceIn, stepTowards, type Advice } from "./advice";
import { UpRunner } from "./run-up";
import { KEY_PREFIX, note, type Scene } from "./scene";
import type { Order, WrittenRing } from "./up-process";

const UP_WITHIN_MS = 180_000;
const RUNS_PER_PHASE = 20;
const PATIENCE = 0.7;
const BETWEEN_RUNS_MS = 400;
const EMPTIED = /does not know migration/;
/** Phases whose `up` leaves both rings in step. */
const IN_STEP: readonly Phase[] = ["dualWrite", "cutover"];

export class Operator {
  /** Phases that were brought about, or refused. */
  readonly done: string[] = [];
  runs = 0;
  /** Why the last runs failed. */
  readonly reasons: string[] = [];
  private state: CheckedGateInputs | undefined;
  private passed: Order["passed"] = {};
  /** What Pulumi wrote last: it writes again when that differs. */
  private inputs = "";
  private refreshes = false;
  private readonly forced = new Set<string>();
  private tooSlow: string | undefined;
  private readonly runner: UpRunner;

  /**
   * @param asksPods - whether pods are asked which ring they run.
   * @param healing - resolves when what has gone wrong so far is over.
   */
  constructor(
    private readonly scene: Scene,
    private readonly asksPods: boolean,
    private readonly healing: () => Promise<void>,
  ) {
    this.runner = new UpRunner(process.env["KUBECONFIG"]);
  }

  stop(): void {
    this.runner.stop();
  }

  /**
   * Brings a phase about, in as many runs as it takes.
   *
   * @returns why it is refused, if a shard was emptied for that.
   * @throws Error when the phase is not to be had.
   */
  async to(phase: Phase, shards: readonly string[]): Promise<string | undefined> {
    const { random, emptied } = this.scene;
    this.scene.phase = phase;
    for (let run = 0; run < RUNS_PER_PHASE; run++) {
      const failure = await this.attempt(phase, shards);
      if (failure === undefined) {
        this.done.push(phase);
        return undefined;
      }
      if (emptied.size > 0 && EMPTIED.test(failure)) {
        this.done.push(`${phase} refused`);
        return failure;
      }
      // An operator looks at what is wrong and comes back when it is over, or does not wait for that.
      if (random() < PATIENCE) await this.healing();
      await sleep(BETWEEN_RUNS_MS);
      await this.follow(adviceIn(failure, phase), phase, shards);
    }
    throw new Error(`${phase}: not in ${RUNS_PER_PHASE} runs; the last: ${this.reasons.slice(-4).join(" || ")}`);
  }

  /** @returns why the run did not get to its end. */
  private async attempt(phase: Phase, shards: readonly string[]): Promise<string | undefined> {
    const startMs = Date.now();
    const command = this.refreshes ? "refresh" : "up";
    if (this.refreshes) this.inputs = "";
    this.refreshes = false;
    const failure = await this.run(command, phase, shards);
    if (this.tooSlow !== undefined) throw new Error(this.tooSlow);
    if (failure === undefined && IN_STEP.includes(phase)) this.scene.inStepSinceMs = startMs;
    if (failure !== undefined) this.scene.refusals++;
    return failure;
  }

  /** @param isLast - whether another phase, which the advice may name, is not asked for any more. */
  private async follow(advice: Advice, phase: Phase, shards: readonly string[], isLast = false): Promise<void> {
    const { scene } = this;
    for (const name of advice.force) this.forced.add(name);
    for (const shard of scene.losses.length > 0 ? advice.adopt : []) await this.run("adopt", phase, shards, shard);
    if (advice.repair) await this.run("repair", phase, shards);
    if (advice.restartPods) scene.backend.restartAll(`restart ${this.runs}`);
    this.refreshes = advice.refresh;
    const other = advice.legal ? stepTowards(advice.legal, phase, this.isFinish(shards)) : advice.phase;
    if (isLast || other === undefined || other === phase) return;
    const before = this.isFinish(shards) ? scene.current : shards;
    const failure = await this.attempt(other, before);
    if (failure !== undefined) await this.follow(adviceIn(failure, other), other, before, true);
  }

  /** Whether the target ring is what the config has as the ring. */
  private isFinish(shards: readonly string[]): boolean {
    return shards.length !== this.scene.current.length;
  }

  private async run(
    command: Order["command"],
    phase: Phase,
    shards: readonly string[],
    shard?: string,
  ): Promise<string | undefined> {
    this.runs++;
    const { scene } = this;
    note(scene, `${command} ${phase} begins`);
    scene.ups++;
    const run = this.runner.start(this.order({ command, phase, shards, shard }), {
      onState: (state) => {
        this.state = state;
        scene.isWorking = true;
        scene.hasDrained ||= phase === "cleanup";
      },
      onPassed: (passed) => (this.passed = passed),
      onRollOut: (ring) => this.rollOut(ring),
    });
    scene.up = run;
    const slow = setTimeout(() => {
      this.tooSlow ??= `an up for ${phase} did not end within ${UP_WITHIN_MS / 1_000} s`;
      run.kill();
    }, UP_WITHIN_MS);
    try {
      const why = await run.ended;
      if (why !== undefined) this.reasons.push(`${command} ${phase}: ${why}`);
      note(scene, `${[command, phase, shard ?? ""].join(" ")}: ${why ?? "done"}`);
      return why;
    } finally {
      clearTimeout(slow);
      scene.up = undefined;
      scene.isWorking = false;
    }
  }

  private order(asked: Pick<Order, "command" | "phase" | "shards" | "shard">): Order {
    const { sharedConfig, cluster, clockOffsetMs } = this.scene;
    const secrets = this.forced.size > 0 ? { forceRemoveShards: JSON.stringify([...this.forced]) } : {};
    return {
      ...{ ...sharedConfig, ...asked, keyPrefix: KEY_PREFIX, clockOffsetMs, secrets, stack: "campaign" },
      ...{ state: this.state, passed: this.passed, ...(this.asksPods ? { metrics: cluster.metrics } : {}) },
    };
  }

  /** As Pulumi does: the ring is written when its inputs have changed, or a refresh has found another one. */
  private rollOut({ data, epoch, putBack }: WrittenRing): void {
    const inputs = JSON.stringify([data, putBack]);
    if (inputs === this.inputs) return;
    this.inputs = inputs;
    this.scene.written.push(data);
    note(this.scene, `the ring of epoch ${epoch} is written`);
    this.scene.backend.rollOut(data, epoch, putBack);
  }
}
