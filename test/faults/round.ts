/** One round: a whole migration on real servers, with concurrent writers, while something goes wrong. */
import { setTimeout as sleep } from "node:timers/promises";
import seedrandom from "seedrandom";
import type { CheckedGateInputs } from "../../migration/entrypoints/gate-inputs";
import type { SettingsInputs } from "../../migration/entrypoints/inputs";
import type { Phase } from "../../migration/phases";
import { HashRing } from "../../migration/ring/ring";
import { PaperCluster } from "../integration/paper-cluster";
import { RedisServer } from "../integration/redis-servers";
import { LONGEST_SHORT_TTL_MS } from "../lab/load/mix";
import { PaperBackend } from "./backend";
import { Book } from "./book";
import { check, NOTHING, type Found } from "./check";
import { untilAmidWork, FAULTS } from "./faults";
import { FORTH, JOURNEYS, planFaults, type Choice, type Journey, type PlannedFault } from "./journey";
import { UpRunner } from "./run-up";
import { KEY_PREFIX, pick, type FaultyShard, type Scene } from "./scene";
import { TcpProxy } from "./tcp-proxy";
import type { Order } from "./up-process";
import { hashed, Writers } from "./writers";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
/** Of each source several pages of a scan: a checkpoint lies behind a whole one. */
const STORED_BEFORE = 2_000;
/** Of these, claims that nobody sends again. */
const QUIET = 500;
/** Claims beside these that expire on the way, and are succeeded by others. */
const SUCCEEDED = 1_500;
const TIMES = { claimWindowMs: 250, commandTimeoutMs: 250 };
/** Slow enough for something to happen meanwhile. */
const SETTINGS = { ...TIMES, keysPerSecond: 600, catchUpKeysPerSecond: 2_000, rolloutTimeoutMs: 20_000 };
const UP_WITHIN_MS = 180_000;
/** Many moments between two of them, and much that is under way when something happens. */
const BATCH_SIZES = [10, 100];
/** The default, and so little that some values travel alone. */
const BIG_VALUE_BYTES = [262_144, 262_144, 262_144, 90];
const RUNS_PER_PHASE = 20;
const PATIENCE = 0.7;
const EMPTIED = /does not know migration/;

/** What came of a round. */
export interface RoundResult extends Found {
  readonly seed: string;
  readonly faults: readonly string[];
  readonly journey: string;
  readonly runs: number;
  readonly keys: number;
  /** Answers that cannot be true of a set-once store. */
  readonly untrue: readonly string[];
  /** Why the migration could not be brought to its end. */
  readonly stuck: string | undefined;
  readonly seconds: number;
}

/** @param choice - of faults. */
export async function playRound(seed: string, choice: Choice = {}): Promise<RoundResult> {
  const startMs = performance.now();
  const round = await Round.start(seed);
  try {
    const faults = await round.play(choice);
    return { ...(await round.result(faults)), seconds: (performance.now() - startMs) / 1_000 };
  } finally {
    await round.stop();
  }
}

class Round {
  private readonly book = new Book();
  private readonly writers: Writers;
  private readonly settings: Partial<SettingsInputs>;
  private readonly runner = new UpRunner();
  private state: CheckedGateInputs | undefined;
  private stuck: string | undefined;
  private runs = 0;
  private readonly done: string[] = [];
  /** Faults that came to pass. */
  private readonly happened: string[] = [];
  private healing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly seed: string,
    private readonly scene: Scene,
    private readonly cluster: PaperCluster,
    private readonly backend: PaperBackend,
  ) {
    this.writers = new Writers(seed, scene.random, backend, this.book);
    const { random } = scene;
    this.settings = {
      ...SETTINGS,
      batchSize: pick(random, BATCH_SIZES),
      bigValueBytes: pick(random, BIG_VALUE_BYTES),
    };
  }

  static async start(seed: string): Promise<Round> {
    const random = seedrandom(seed);
    const [current, target] = random() < 0.5 ? [THREE, FOUR] : [FOUR, THREE];
    const shards = await Promise.all(
      FOUR.map(async (name): Promise<FaultyShard> => {
        const server = await RedisServer.start({ persistent: true });
        return { name, server, proxy: await TcpProxy.start(server.port), turn: Promise.resolve() };
      }),
    );
    const urls = Object.fromEntries(shards.map(({ name, proxy }) => [name, proxy.url]));
    const cluster = await PaperCluster.start();
    const backend = new PaperBackend({ cluster, urls, keyPrefix: KEY_PREFIX, ...TIMES });
    const more = {
      phase: "stable" as const,
      up: undefined,
      engine: { turn: Promise.resolve() },
      isWorking: false,
      hasDrained: false,
      ups: 0,
      clockOffsetMs: 0,
      quietKeys: Array.from({ length: QUIET }, (_, i) => hashed(`${seed} quiet ${i}`)),
      emptied: new Set<string>(),
      others: [],
    };
    const round = new Round(seed, { random, shards, current, target, ...more }, cluster, backend);
    backend.start(
      {
        DEDUP_SHARDS: current.map((name) => urls[name]).join(","),
        ...{ DEDUP_DUAL_WRITE: "false", DEDUP_NEW_RING: "", DEDUP_RING_EPOCH: "0" },
      },
      0,
    );
    await sleep(100);
    return round;
  }

  /** @returns the faults that came to pass. */
  async play(choice: Choice): Promise<readonly string[]> {
    const { random } = this.scene;
    const known = Array.from({ length: STORED_BEFORE - QUIET }, (_, i) => hashed(`${this.seed} before ${i}`));
    await this.writers.store([...known, ...this.scene.quietKeys]);
    this.writers.start(known, SUCCEEDED);
    const journey = choice.straight ? FORTH : pick(random, JOURNEYS);
    const faults = planFaults(this.scene, journey, choice);
    try {
      await this.to("stable", this.scene.current);
      await this.travel(journey, faults);
    } catch (error) {
      this.stuck = error instanceof Error ? error.message : String(error);
    }
    await Promise.all([this.writers.stop(), this.healing]);
    await this.backend.stop();
    return this.happened;
  }

  async result(faults: readonly string[]): Promise<Omit<RoundResult, "seconds">> {
    // What lives only for a while must be gone by then.
    await sleep(1.1 * LONGEST_SHORT_TTL_MS);
    // Of a migration that is not over nobody knows where keys are to be; and what a source lost is lost.
    const isOver = this.done.at(-1) === "stable" && this.done.length > 1;
    const { emptied, current, target } = this.scene;
    const lostShards = current.filter((name) => emptied.has(name));
    const looked = {
      shards: this.scene.shards,
      ring: new HashRing(lostShards.length > 0 ? current : target),
      lostShards,
    };
    // Where a source lost its data the current ring decides still; what was copied from it, or to it, is nobody's matter.
    const found = isOver || lostShards.length > 0 ? await check(looked, this.book, KEY_PREFIX) : NOTHING;
    const isLost = (id: string) => lostShards.includes(looked.ring.ownerOf(id));
    const untrue = this.book.findings().flatMap(({ text }) => (isLost(text.split(":")[0] ?? "") ? [] : [text]));
    const { seed, runs, stuck, book } = this;
    return { seed, faults, journey: this.done.join(" → "), runs, keys: book.size, ...found, untrue, stuck };
  }

  async stop(): Promise<void> {
    const { shards, others } = this.scene;
    this.runner.stop();
    this.cluster.stop();
    await Promise.all(shards.map(({ proxy }) => proxy.stop()));
    await Promise.all([...new Set([...shards.map(({ server }) => server), ...others])].map((server) => server.stop()));
  }

  private async travel(journey: Journey, faults: readonly PlannedFault[]): Promise<void> {
    const { current, target, emptied } = this.scene;
    for (const [i, stop] of journey.entries()) {
      const phase = stop === "back" ? "stable" : stop;
      const shards = stop === "stable" ? target : current;
      for (const fault of faults) if (fault.at === i) this.plan(fault);
      const refusal = await this.to(phase, shards);
      // What was given up may be empty.
      if (stop === "back") for (const name of emptied) if (!current.includes(name)) emptied.delete(name);
      // And what is not copied is not missed: nobody could tell a source that was emptied behind its copy.
      if (stop === "back" && emptied.size > 0) return;
      if (refusal === undefined) continue;
      // A shard came back empty, and that was noticed.
      if (this.hasLostClaims) return;
      // What the message says is done, and the migration begun again.
      return this.beginAgain();
    }
    this.assertNoticed();
  }

  private async beginAgain(): Promise<void> {
    const { current, target, emptied } = this.scene;
    emptied.clear();
    await this.to("stable", current);
    for (const phase of FORTH) {
      const refusal = await this.to(phase, phase === "stable" ? target : current);
      if (refusal === undefined) continue;
      if (this.hasLostClaims) return;
      return this.beginAgain();
    }
    this.assertNoticed();
  }

  /** Whether claims are gone from their only owner, for which a backup is needed. */
  private get hasLostClaims(): boolean {
    return [...this.scene.emptied].some((name) => this.scene.current.includes(name));
  }

  private assertNoticed(): void {
    const { emptied } = this.scene;
    if (emptied.size > 0) throw new Error(`${[...emptied].join(", ")} came back empty, and nobody noticed`);
  }

  private plan({ kind, afterMs, amidWork }: PlannedFault): void {
    const fault = FAULTS[kind];
    if (!fault) throw new Error(`there is no fault ${kind}; there are: ${Object.keys(FAULTS).join(", ")}`);
    const begins = amidWork ? untilAmidWork(this.scene) : Promise.resolve();
    const happens = begins.then(async () => {
      await sleep(afterMs);
      const isPast = await fault(this.scene).catch((error: unknown) => {
        console.error(`${this.seed}: ${kind} could not be brought about: ${String(error)}`);
      });
      if (isPast) this.happened.push(kind);
    });
    this.healing = Promise.all([this.healing, happens]).then(() => undefined);
  }

  /** Brings a phase about, in as many runs as it takes. @returns why it is refused, if a shard was emptied for that. */
  private async to(phase: Phase, shards: readonly string[]): Promise<string | undefined> {
    const { random, emptied } = this.scene;
    this.scene.phase = phase;
    const why: string[] = [];
    while (why.length < RUNS_PER_PHASE) {
      const failure = await this.up(phase, shards);
      if (failure === undefined) {
        this.done.push(phase);
        return undefined;
      }
      if (this.stuck !== undefined) throw new Error(this.stuck);
      why.push(failure);
      if (emptied.size > 0 && EMPTIED.test(failure)) {
        this.done.push(`${phase} refused`);
        return failure;
      }
      // An operator looks at what is wrong and comes back when it is over, or does not wait for that.
      if (random() < PATIENCE) await this.healing;
      await sleep(500);
      const [, other] = /Set migrationPhase (?:back )?to "(\w+)" and run/.exec(failure) ?? [];
      if (other !== undefined && other !== phase) await this.up(other as Phase, shards);
    }
    throw new Error(`${phase}: not in ${RUNS_PER_PHASE} runs; the last: ${why.at(-1)}`);
  }

  /** @returns why the run did not get to its end. */
  private async up(phase: Phase, shards: readonly string[]): Promise<string | undefined> {
    this.runs++;
    const { scene } = this;
    scene.ups++;
    const order: Order = {
      ...{ phase, shards, current: scene.current, target: scene.target, keyPrefix: KEY_PREFIX },
      ...{ urls: this.urls, metrics: this.cluster.metrics, state: this.state, settings: this.settings },
      clockOffsetMs: scene.clockOffsetMs,
    };
    const run = this.runner.start(order, {
      onState: (state) => {
        this.state = state;
        scene.isWorking = true;
        scene.hasDrained ||= phase === "cleanup";
      },
      onRollOut: (data, epoch) => this.backend.rollOut(data, epoch),
    });
    scene.up = run;
    const slow = setTimeout(() => {
      this.stuck ??= `an up for ${phase} did not end within ${UP_WITHIN_MS / 1_000} s`;
      run.kill();
    }, UP_WITHIN_MS);
    try {
      return await run.ended;
    } finally {
      clearTimeout(slow);
      scene.up = undefined;
      scene.isWorking = false;
    }
  }

  private get urls(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.scene.shards.map(({ name, proxy }) => [name, proxy.url]));
  }
}
