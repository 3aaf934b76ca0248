/** The card of a shard: a record that tells a backend which shard it has reached. */
import type { ChainableCommander, Redis } from "ioredis";

export const CARD_KEY = "dedup-shards:card";
/** A shard that was refused is asked again after this, on a new connection: its card may be back, or its address right. */
const AGAIN_AFTER_MS = 500;

/** Whose card a shard must show. */
export interface ExpectedCard {
  /** Name of the shard in the ring. */
  readonly shard: string;
  /** Namespace of this backend; undefined where it is not known. */
  readonly namespace: string | undefined;
  /** Told why a connection is given up, once for each reason. */
  readonly onRefusal?: (reason: string) => void;
}

/** No answer of this server counts: it is not the shard that was asked for, or has lost that shard's data. */
export class WrongCardError extends Error {
  constructor(
    readonly expected: ExpectedCard,
    /** What stands in the card; undefined when there is none, or none that can be read. */
    readonly found: { readonly shard: string; readonly namespace: string | undefined } | undefined,
  ) {
    super(
      found === undefined
        ? `${expected.shard} has no card (${CARD_KEY}): it has lost its data, or was never handed over`
        : `the address of ${expected.shard} reaches ${found.shard} of namespace ${found.namespace ?? "(unknown)"}`,
    );
    this.name = "WrongCardError";
  }
}

/** @throws WrongCardError unless the text is the card of the shard that is expected. */
export function requireCard(text: unknown, expected: ExpectedCard): void {
  const found = readCard(text);
  if (found?.shard !== expected.shard) throw new WrongCardError(expected, found);
  const { namespace } = found;
  if (expected.namespace !== undefined && namespace !== undefined && namespace !== expected.namespace) {
    throw new WrongCardError(expected, found);
  }
}

function readCard(text: unknown): WrongCardError["found"] {
  try {
    const card = JSON.parse(String(text)) as { shard?: unknown; backend?: { namespace?: unknown } } | null;
    if (typeof card?.shard !== "string") return undefined;
    const namespace = card.backend?.namespace;
    return { shard: card.shard, namespace: typeof namespace === "string" ? namespace : undefined };
  } catch {
    return undefined;
  }
}

/**
 * Asks a connection for the card: once before anything else is sent on it, and again behind every command, whose answer
 * counts only then. So a server that is emptied while connections stay is noticed as well. A connection that shows
 * another card, or none, is given up, and the next one is asked anew.
 */
export class CardCheck {
  private seen = false;
  private refused: Error | undefined;

  constructor(
    private readonly redis: Redis,
    private readonly expected: ExpectedCard,
  ) {
    redis.on("ready", () => void this.askFirst());
    redis.on("close", () => (this.seen = false));
  }

  /** Whether the present connection has shown the right card. */
  get hasShown(): boolean {
    return this.seen;
  }

  /** Why the last connection was given up; undefined when it was not for its card. */
  get refusal(): string | undefined {
    return this.refused?.message;
  }

  /** How long to wait before the next connection, in ms; undefined when it was not the card that ended the last one. */
  get reconnectAfterMs(): number | undefined {
    return this.refused === undefined ? undefined : AGAIN_AFTER_MS;
  }

  /** @throws Error before the present connection has shown the right card. */
  requireShown(): void {
    if (!this.seen) throw this.refused ?? new Error(`${this.expected.shard} has not shown its card yet`);
  }

  /** Puts the question behind commands of one write. */
  behind(commands: ChainableCommander): ChainableCommander {
    return commands.get(CARD_KEY);
  }

  /** @throws WrongCardError when the answer to that question is not the right card. */
  judge(answer: unknown): void {
    try {
      requireCard(answer, this.expected);
    } catch (error) {
      // Of all that was under way the first one gives the connection up.
      if (this.seen) this.refuse(error as Error);
      throw error;
    }
  }

  private async askFirst(): Promise<void> {
    this.seen = false;
    try {
      requireCard(await this.redis.get(CARD_KEY), this.expected);
      this.seen = true;
      this.refused = undefined;
    } catch (error) {
      // A connection that has ended meanwhile says nothing about the card.
      if (this.redis.status === "ready") this.refuse(error as Error);
    }
  }

  private refuse(reason: Error): void {
    if (reason.message !== this.refused?.message) this.expected.onRefusal?.(reason.message);
    this.refused = reason;
    this.seen = false;
    this.redis.disconnect(true);
  }
}
