/** Clients side by side that claim and read ids through pods, and the truth about what they were told. */
import { setImmediate as nextTurn } from "node:timers/promises";
import seedrandom from "seedrandom";
import { judge, type Submission } from "../../lab/load/judge";
import type { Pod, Told } from "./pods";

const CLIENTS = 12;
/** Tries after which what is waited for does not come any more. */
const MOST = 10_000;
/** Of one claim, before its client gives up. */
const TRIES = 3;
const LIFE_MS = 3_600_000;

/** One try, in the order of the answers. Times in ms of a clock that does not jump. */
export interface Try extends Told {
  readonly pod: string;
  readonly pcsId: string;
  readonly kind: "claim" | "read";
  readonly sentMs: number;
  /** Whether somebody had been told before that the id is taken. */
  readonly known: boolean;
}

export class PodLoad {
  readonly tries: Try[] = [];
  private readonly submissions = new Map<string, Submission[]>();
  private readonly acknowledged = new Set<string>();
  private readonly random: () => number;
  private claims = 0;
  private stopped = false;
  private failure: Error | undefined;
  private readonly working: Promise<void>[] = [];

  /** @param ids - what is claimed again and again. */
  constructor(
    seed: string,
    private readonly pods: readonly Pod[],
    private readonly ids: readonly string[],
  ) {
    this.random = seedrandom(seed);
  }

  start(): void {
    const work = async () => {
      while (!this.stopped) await this.act(this.pick(this.ids));
    };
    for (let i = 0; i < CLIENTS; i++) this.working.push(work().catch((error: Error) => void (this.failure ??= error)));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.working);
    if (this.failure) throw this.failure;
  }

  /**
   * Resolves when so many tries that fit have been answered from a place in their order on.
   * @throws Error when there are none among very many.
   */
  async until(count: number, from: number, fits: (one: Try) => boolean): Promise<void> {
    for (let [at, left] = [from, count]; left > 0;) {
      for (; at < this.tries.length && left > 0; at++) if (fits(this.tries[at]!)) left--;
      if (this.failure) throw this.failure;
      if (this.tries.length - from > MOST) throw new Error(`${left} of ${count} answers never came`);
      if (left > 0) await nextTurn();
    }
  }

  /** Claims an id through a pod until the answer is final. */
  async settle(pod: Pod, pcsId: string): Promise<void> {
    while ((await this.claim(pod, pcsId, this.newClaim(), Infinity)) === "retry");
  }

  /** Everything that cannot be true of a set-once store. */
  findings(): string[] {
    return [...this.submissions].flatMap(([pcsId, all]) => judge(pcsId, all).map(({ text }) => text));
  }

  private async act(pcsId: string): Promise<void> {
    const pod = this.pick(this.pods);
    if (this.random() < 0.25) await this.note("read", pod, pcsId, () => pod.read(pcsId));
    else await this.claim(pod, pcsId, this.newClaim(), TRIES);
  }

  /** Tries again through any pod. */
  private async claim(first: Pod, pcsId: string, claimId: string, tries: number): Promise<Told["answer"]> {
    const sentMs = performance.now();
    let told: Told = { answer: "retry" };
    for (let left = tries, pod = first; left > 0 && told.answer === "retry"; left--) {
      const through = pod;
      told = await this.note("claim", through, pcsId, () => through.claim(pcsId, claimId));
      if (tries === TRIES) pod = this.pick(this.pods);
    }
    const { answer, stored } = told;
    const times = { claimId, sentMs, answeredMs: performance.now(), ttlMs: LIFE_MS };
    const outcome = answer === "first" || answer === "duplicate" ? answer : "retry";
    const all = this.submissions.get(pcsId) ?? [];
    this.submissions.set(pcsId, [...all, { ...times, outcome, ...(stored === undefined ? {} : { stored }) }]);
    if (outcome !== "retry") this.acknowledged.add(pcsId);
    return answer;
  }

  private async note(kind: Try["kind"], pod: Pod, pcsId: string, ask: () => Promise<Told>): Promise<Told> {
    const [sentMs, known] = [performance.now(), this.acknowledged.has(pcsId)];
    const told = await ask();
    this.tries.push({ ...told, kind, pod: pod.name, pcsId, sentMs, known });
    return told;
  }

  private newClaim(): string {
    return `claim-${this.claims++}`;
  }

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }
}
