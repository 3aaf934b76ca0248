import { UnexpectedReplyError } from "../engines/errors";
import { printable } from "../engines/printable";

const SHOWN = 40;

/** What replies of a shard must be. Anything else, from a server that is none or a proxy in between, ends the run. */
export class Replies {
  /** @param url - where the operator knows the shard to be. */
  constructor(
    private readonly shard: string,
    private readonly url: string,
  ) {}

  /** @throws UnexpectedReplyError with the beginning of the reply, and what was wanted instead. */
  refuse(reply: unknown, wanted: string): never {
    throw new UnexpectedReplyError(this.shard, this.url, shown(reply), wanted);
  }

  /** @returns a list; of so many items, or of as many as a multiple of that, where it is asked for. */
  list(reply: unknown, { length, multipleOf = 1 }: { length?: number; multipleOf?: number } = {}): readonly unknown[] {
    if (!Array.isArray(reply)) return this.refuse(reply, "a list");
    if (length !== undefined && reply.length !== length) return this.refuse(reply, `${length} items`);
    if (reply.length % multipleOf !== 0) return this.refuse(reply, `items in groups of ${multipleOf}`);
    return reply;
  }

  buffer(reply: unknown): Buffer {
    return Buffer.isBuffer(reply) ? reply : this.refuse(reply, "a string");
  }

  text(reply: unknown): string {
    return this.buffer(reply).toString();
  }

  /** A whole number, as such or as text; scripts give the large ones as text. */
  number(reply: unknown): number {
    const value = this.whole(reply);
    return Number.isSafeInteger(value) ? value : this.refuse(reply, "a whole number");
  }

  /** Unix ms, or below 0 for none. Redis takes more digits than a number here holds: what counts is that they stay the same. */
  expiry(reply: unknown): number {
    return this.whole(reply);
  }

  /** How many of some keys a script came to: one at least, or it would be asked again for ever. */
  progress(reply: unknown, ofKeys: number): number {
    const done = this.number(reply);
    return done >= 1 && done <= ofKeys ? done : this.refuse(reply, `a number from 1 to ${ofKeys}`);
  }

  private whole(reply: unknown): number {
    if (typeof reply === "number") return reply;
    const text = (Buffer.isBuffer(reply) || typeof reply === "string") && reply.length < SHOWN ? String(reply) : "";
    return /^-?\d+$/.test(text) ? Number(text) : this.refuse(reply, "a whole number");
  }
}

function shown(reply: unknown): string {
  if (Buffer.isBuffer(reply)) return `"${printable(reply.subarray(0, SHOWN))}"`;
  return Array.isArray(reply) ? `a list of ${reply.length}` : String(reply);
}
