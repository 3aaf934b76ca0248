/** What an operator should know before the copy, although it is no reason to refuse it. */
import type { BigKey, Rings, ShardCensus } from "./census";
import { copyStallMs } from "./copy-stall";
import { formatBytes, formatCount } from "./format";

/** From this size on, a key stalls its shard noticeably while it is copied. */
export const BIG_KEY_BYTES = 1024 * 1024;

export interface WarningInput extends Rings {
  readonly keyPrefix: string;
  readonly census: readonly ShardCensus[];
}

/**
 * Messages about what was counted, each with the shard, the figures and the next step, in the census's order; empty
 * when there is nothing to say.
 */
export function planWarnings({ current, target, keyPrefix, census }: WarningInput): readonly string[] {
  const retiring = new Set(current.filter((shard) => !target.includes(shard)));
  return census.flatMap((shard) => [
    ...(shard.misplaced > 0 ? [misplacedWarning(shard)] : []),
    ...(shard.otherKeys > 0 && retiring.has(shard.shard) ? [strandedWarning(shard, keyPrefix)] : []),
    ...shard.biggest.filter(({ bytes }) => bytes >= BIG_KEY_BYTES).map(bigKeyWarning),
  ]);
}

function misplacedWarning({ shard, misplaced, misplacedExamples }: ShardCensus): string {
  const examples =
    misplacedExamples.length === 0
      ? ""
      : ` (${misplacedExamples.join(", ")}${misplaced > misplacedExamples.length ? ", …" : ""})`;
  return (
    `${shard} holds ${formatCount(misplaced)} misplaced ${keysWord(misplaced)}, owned by another shard of the current ring${examples}: ` +
    "the backend does not read them there. Next: nothing if they are left-overs of an earlier migration; " +
    "otherwise find out who wrote them before you go on."
  );
}

function strandedWarning({ shard, otherKeys }: ShardCensus, keyPrefix: string): string {
  return (
    `${shard} leaves the ring with ${formatCount(otherKeys)} ${keysWord(otherKeys)} without the prefix "${keyPrefix}", which no ` +
    "migration moves. Next: move or delete them by hand before the shard is removed."
  );
}

function bigKeyWarning(big: BigKey): string {
  const { shard, key, bytes } = big;
  return (
    `${shard} holds a big key, ${key} (${formatBytes(bytes)}): if it moves, copying it stalls the shard for about ` +
    `${copyStallMs(big)} ms or more. Next: nothing if clients can wait that long; otherwise copy in a quiet hour.`
  );
}

function keysWord(count: number): string {
  return count === 1 ? "key" : "keys";
}
