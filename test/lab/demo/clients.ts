/** Clients of the backend, at work while the ring is migrated: what they are told must be true all the time. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { HashRing } from "../../../migration/ring/ring";
import type { RingKeys } from "../ring-keys";

const PAUSE_MS = 50;
const RETRY_MS = 100;
/** Longer than any rollout: a submission that is not answered by then counts as an outage. */
const GIVE_UP_MS = 10_000;

interface Answer {
  readonly answer: "first" | "duplicate";
  readonly stored: unknown;
}

/** Submits new ids, which must be answered `first`, and known ones, which must get what was stored, in turns. */
export class Clients {
  first = 0;
  duplicates = 0;
  /** Submissions that were sent again after a retryable answer or a lost connection. */
  retried = 0;
  readonly wrong: string[] = [];
  private stopping = false;
  private working: Promise<void> = Promise.resolve();

  /** @param rings the rings between which the migration moves */
  constructor(
    private readonly url: string,
    private readonly keys: RingKeys,
    private readonly rings: readonly (readonly string[])[],
  ) {}

  start(): void {
    this.stopping = false;
    this.working = this.work();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.working;
  }

  private async work(): Promise<void> {
    const known = [...this.keys.stored.keys()];
    while (!this.stopping) {
      try {
        await this.submitNew();
        const id = known[Math.floor(Math.random() * known.length)];
        if (id !== undefined) await this.submitAgain(id);
      } catch (error) {
        this.wrong.push(error instanceof Error ? error.message : String(error));
      }
      await sleep(PAUSE_MS);
    }
  }

  private async submitNew(): Promise<void> {
    const id = randomUUID();
    const { answer, stored } = await this.submit(id);
    if (answer !== "first") throw new Error(`new ${id} was answered ${answer}`);
    this.first++;
    this.keys.stored.set(id, { value: JSON.stringify(stored), expiresAtMs: await this.expiryOf(id) });
  }

  private async submitAgain(id: string): Promise<void> {
    const { answer, stored } = await this.submit(id);
    const truth = this.keys.stored.get(id)?.value;
    if (answer !== "duplicate") throw new Error(`known ${id} was answered ${answer}`);
    if (JSON.stringify(stored) !== truth) throw new Error(`known ${id} came back as ${JSON.stringify(stored)}`);
    this.duplicates++;
  }

  private async submit(id: string): Promise<Answer> {
    const request = {
      method: "POST",
      body: JSON.stringify({ verified: true }),
      headers: { "X-Claim-Id": randomUUID() },
    };
    const untilMs = Date.now() + GIVE_UP_MS;
    for (;;) {
      const response = await fetch(`${this.url}/submissions/${id}`, {
        ...request,
        signal: AbortSignal.timeout(GIVE_UP_MS),
      }).catch(() => undefined);
      if (response?.ok) return (await response.json()) as Answer;
      if (Date.now() > untilMs) throw new Error(`${id}: no answer in ${GIVE_UP_MS / 1000} s (${response?.status})`);
      this.retried++;
      await sleep(RETRY_MS);
    }
  }

  /** As the owner in either ring holds it; which of them reads is the backend's secret at this moment. */
  private async expiryOf(id: string): Promise<number> {
    for (const ring of this.rings) {
      const owner = await this.keys.client(new HashRing(ring).ownerOf(id));
      const expiresAtMs = Number(await owner.call("PEXPIRETIME", `pcs:${id}`));
      if (expiresAtMs > 0) return expiresAtMs;
    }
    throw new Error(`${id} was answered first, and no owner holds it`);
  }
}
