/** How long the copy of one value holds a server up. Pure. */
import type { BigKey } from "./census";

/** A string of 50 MB takes 302 ms to DUMP (measured on Redis 7.0 and a two-core machine). */
const MS_PER_BYTE = 302 / 50_000_000;
/** RESTORE of a sorted set of 1,270,000 members takes 2.6 s, that of a hash half as long for each (`test/bench/large-values.ts`). */
const MS_PER_MEMBER = 0.002;

/**
 * A value travels as one DUMP and one RESTORE, which cannot be parted; nothing else on its server runs meanwhile.
 *
 * @returns how long the slower of both takes, ms, about.
 */
export const copyStallMs = ({ bytes, members }: Pick<BigKey, "bytes" | "members">): number =>
  Math.ceil(Math.max(bytes * MS_PER_BYTE, members * MS_PER_MEMBER));
