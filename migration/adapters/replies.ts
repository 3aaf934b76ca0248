/** What replies of Redis must be. Anything else, from a server that is none or a proxy in between, ends the run. */

const SHOWN = 60;

/** @throws Error that says what was wanted instead. */
export function refuse(reply: unknown, wanted: string): never {
  const text = Buffer.isBuffer(reply) ? reply.toString("latin1") : (JSON.stringify(reply) ?? String(reply));
  throw new Error(`unexpected reply of a shard: ${text.slice(0, SHOWN)} instead of ${wanted}`);
}

/** @returns a list; of so many items, or of as many as a multiple of that, where it is asked for. */
export function listIn(reply: unknown, { length, multipleOf = 1 }: { length?: number; multipleOf?: number } = {}) {
  if (!Array.isArray(reply)) return refuse(reply, "a list");
  if (length !== undefined && reply.length !== length) return refuse(reply, `${length} items`);
  if (reply.length % multipleOf !== 0) return refuse(reply, `items in groups of ${multipleOf}`);
  return reply as readonly unknown[];
}

export function bufferIn(reply: unknown): Buffer {
  return Buffer.isBuffer(reply) ? reply : refuse(reply, "a string");
}

export const textIn = (reply: unknown): string => bufferIn(reply).toString();

/** A whole number, as such or as text; scripts give the large ones as text. */
export function numberIn(reply: unknown): number {
  const value = Buffer.isBuffer(reply) ? wholeNumber(reply.toString()) : reply;
  return typeof value === "number" && Number.isSafeInteger(value) ? value : refuse(reply, "a whole number");
}

/** How many of some keys a script came to: one at least, or it would be asked again for ever. */
export function progressIn(reply: unknown, ofKeys: number): number {
  const done = numberIn(reply);
  return done >= 1 && done <= ofKeys ? done : refuse(reply, `a number from 1 to ${ofKeys}`);
}

const wholeNumber = (text: string): number => (/^-?\d{1,16}$/.test(text) ? Number(text) : NaN);
