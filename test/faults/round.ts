/** One round: a whole migration on real servers, with concurrent writers, while something goes wrong. */
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../migration/ring/ring";
import { LONGEST_SHORT_TTL_MS } from "../lab/load/mix";
import { Book } from "./book";
import { check, NOTHING, type Found, type Looked } from "./check";
import { untilAmidWork, FAULTS } from "./faults";
import { mayBeGone } from "./given-up";
import { FORTH, JOURNEYS, planFaults, type Choice, type Journey, type PlannedFault } from "./journey";
import { LOSSES } from "./losses";
import { Operator } from "./operator";
import { OTHER_WRITERS } from "./other-writers";
import { pairOf, planPair, type Pair } from "./pairs";
import { KEY_PREFIX, note, pick, type Scene } from "./scene";
import { QUIET, setUp, tearDown } from "./set-up";
import { hashed, Writers, type Load } from "./writers";

/** Of each source several pages of a scan: a checkpoint lies behind a whole one. */
const LOAD: Load = {
  ...{ stored: 2_000, succeeded: 1_500, succeededPerS: [5, 10, 20, 40], clients: 8, betweenClaimsMs: 150 },
};
/** Where bursts of claims meet what goes wrong. */
const SMALL_LOAD: Load = {
  ...{ stored: 1_000, succeeded: 100, succeededPerS: [2, 4], clients: 4, betweenClaimsMs: 400 },
};
/** The share of rounds in which pods are asked for their ring. */
const ASKED_PODS = 0.75;

/** What came of a round. */
export interface RoundResult extends Found {
  readonly seed: string;
  readonly faults: readonly string[];
  readonly journey: string;
  readonly runs: number;
  readonly keys: number;
  /** Ids that are gone, or were accepted again, with what a shard lost that alone had them. */
  readonly givenUp: number;
  /** Answers that cannot be true of a set-once store. */
  readonly untrue: readonly string[];
  /** Why the migration could not be brought to its end. */
  readonly stuck: string | undefined;
  /** What happened, each with its time. */
  readonly timeline: readonly string[];
  readonly seconds: number;
}

/** @param choice - of faults. */
export async function playRound(seed: string, choice: Choice = {}): Promise<RoundResult> {
  const startMs = performance.now();
  const pair = choice.pairs ? pairOf(seed, choice.only) : undefined;
  const round = new Round(seed, await setUp(seed, pair), pair);
  try {
    await round.play(choice);
    return { ...(await round.result()), seconds: (performance.now() - startMs) / 1_000 };
  } finally {
    await round.stop();
  }
}

class Round {
  private readonly book = new Book();
  private readonly writers: Writers;
  private readonly operator: Operator;
  private readonly load: Load;
  private stuck: string | undefined;
  /** Faults that came to pass. */
  private readonly happened: string[] = [];
  private healing: Promise<void> = Promise.resolve();

  constructor(
    private readonly seed: string,
    private readonly scene: Scene,
    private readonly pair: Pair | undefined,
  ) {
    const { random, backend } = scene;
    this.load = pair === undefined ? LOAD : SMALL_LOAD;
    this.writers = new Writers(seed, random, backend, this.book, this.load);
    scene.burst = (ids) => this.writers.burst(ids);
    const asksPods = pair !== undefined && random() < ASKED_PODS;
    this.operator = new Operator(scene, asksPods, () => this.healing);
  }

  async play(choice: Choice): Promise<void> {
    const { random, current, quietKeys, backend } = this.scene;
    const known = Array.from({ length: this.load.stored - QUIET }, (_, i) => hashed(`${this.seed} before ${i}`));
    await this.writers.store([...known, ...quietKeys]);
    this.writers.start(known);
    const { journey, faults } = this.pair ? planPair(random, this.pair, choice.straight) : this.planned(choice);
    try {
      await this.operator.to("stable", current);
      await this.travel(journey, faults);
    } catch (error) {
      this.stuck = error instanceof Error ? error.message : String(error);
    }
    this.scene.isOver = true;
    note(this.scene, "over");
    await Promise.all([this.writers.stop(), this.healing]);
    await backend.stop();
  }

  async result(): Promise<Omit<RoundResult, "seconds">> {
    // What lives only for a while must be gone by then.
    await sleep(1.1 * LONGEST_SHORT_TTL_MS);
    const { done, runs } = this.operator;
    // Of a migration that is not over nobody knows where keys are to be; and what a source lost is lost.
    const isOver = done.at(-1) === "stable" && done.length > 1;
    const { emptied, current, target, shards, dead, untidy, violations } = this.scene;
    const lostShards = current.filter((name) => emptied.has(name));
    const givenUp = new Set<string>();
    const looked: Looked = {
      shards: shards.filter(({ name }) => !dead.has(name)),
      ring: new HashRing(lostShards.length > 0 ? current : target),
      ...{ lostShards, untidy: [...untidy] },
      isGivenUp: (id) => {
        if (this.mayBeGone(id)) givenUp.add(id);
        return givenUp.has(id);
      },
    };
    // Where a source lost its data the current ring decides still; what was copied from it, or to it, is nobody's matter.
    const found = isOver || lostShards.length > 0 ? await check(looked, this.book, KEY_PREFIX) : NOTHING;
    const isLost = (id: string) => lostShards.includes(looked.ring.ownerOf(id)) || looked.isGivenUp(id);
    const untrue = this.book.findings().flatMap(({ text }) => (isLost(text.split(":")[0] ?? "") ? [] : [text]));
    const { seed, book, stuck, happened: faults } = this;
    const facts = { seed, faults, journey: done.join(" → "), runs, keys: book.size, givenUp: givenUp.size };
    const { timeline } = this.scene;
    return { ...facts, ...found, untrue: [...untrue, ...violations], stuck, timeline };
  }

  async stop(): Promise<void> {
    this.operator.stop();
    await tearDown(this.scene);
  }

  private planned(choice: Choice) {
    const journey = choice.straight ? FORTH : pick(this.scene.random, JOURNEYS);
    return { journey, faults: planFaults(this.scene, journey, choice) };
  }

  /** Whether a claim for an id was on a shard alone that has lost it. */
  private mayBeGone(id: string): boolean {
    const { losses, backend } = this.scene;
    const claims = this.book.acknowledged(id);
    return losses.some((loss) => claims.some((claim) => mayBeGone(id, claim, loss, backend.services)));
  }

  private async travel(journey: Journey, faults: readonly PlannedFault[]): Promise<void> {
    const { current, target, emptied } = this.scene;
    for (const [i, stop] of journey.entries()) {
      const phase = stop === "back" ? "stable" : stop;
      const shards = stop === "stable" ? target : current;
      this.scene.stops++;
      for (const fault of faults.filter(({ at, isBefore }) => at === i && isBefore)) {
        this.scene.phase = phase;
        this.plan(fault);
        await this.healing;
      }
      for (const fault of faults) if (fault.at === i && !fault.isBefore) this.plan(fault);
      const refusal = await this.operator.to(phase, shards);
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
    await this.operator.to("stable", current);
    for (const phase of FORTH) {
      const refusal = await this.operator.to(phase, phase === "stable" ? target : current);
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
    const fault = KINDS[kind];
    if (!fault) throw new Error(`there is no fault ${kind}; there are: ${Object.keys(KINDS).join(", ")}`);
    const begins = amidWork ? untilAmidWork(this.scene) : Promise.resolve();
    const happens = begins.then(async () => {
      await sleep(afterMs);
      note(this.scene, `${kind} begins`);
      const isPast = await fault(this.scene).catch((error: unknown) => {
        console.error(`${this.seed}: ${kind} could not be brought about: ${String(error)}`);
      });
      note(this.scene, `${kind}: ${isPast ? "is past" : "did not happen"}`);
      if (isPast) this.happened.push(kind);
    });
    this.healing = Promise.all([this.healing, happens]).then(() => undefined);
  }
}

/** All kinds of faults by name. */
const KINDS: Readonly<Record<string, (scene: Scene) => Promise<boolean>>> = {
  ...FAULTS,
  ...Object.fromEntries(
    [...Object.entries(OTHER_WRITERS), ...Object.entries(LOSSES)].map(([k, { fault }]) => [k, fault]),
  ),
};
