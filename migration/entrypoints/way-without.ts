/** What can still be done while a shard of an open migration is away. Pure. */
import { ShardUnreachableError } from "../engines/errors";
import { isOpen, PHASES, rolesOf, type Phase } from "../phases";
import type { RingInputs } from "./inputs";

const isPhase = (text: string): text is Phase => (PHASES as readonly string[]).includes(text);

/**
 * @param phase - of the gate or step that needs the shard; what is no phase has no way.
 * @returns the error; that of a shard that does not answer says what can be done without it.
 */
export function withWay(error: unknown, phase: string, ring: RingInputs): unknown {
  if (!(error instanceof ShardUnreachableError)) return error;
  const way = wayWithout(error.shard, phase, ring);
  if (way !== "") error.message += ` ${way}`;
  return error;
}

/**
 * @param phase - of the gate or step that needs the shard; what is no phase has no way.
 * @returns a sentence for the operator; empty where nothing can be done without the shard.
 */
export function wayWithout(
  shard: string,
  phase: string,
  { shards: current, targetShards: target }: RingInputs,
): string {
  if (!isPhase(phase) || !isOpen(phase)) return "";
  const { primary, secondary } = rolesOf(phase);
  const [isCurrent, isTarget] = [current.includes(shard), target.includes(shard)];
  if (!isCurrent && primary === "current") {
    return 'Only the target ring has it: going back to migrationPhase "stable" does not need it.';
  }
  if (!isCurrent && secondary !== undefined) {
    return 'Only the target ring has it: once it answers, also empty, going back to migrationPhase "dualWrite" needs nothing of it.';
  }
  if (!isTarget && primary === "target") {
    return "Only the current ring has it: the way forward does not need it once a verify has come out clean behind the cutover.";
  }
  return "";
}
