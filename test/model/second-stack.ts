/** A second stack, with a backend of its own, that is brought up on the shards of a migration. */
import type { Emit } from "./checker/explore";
import { hold, laterClock } from "./world";
import type { Model, Shards, World } from "./world";

/**
 * Emits what its `up` does in `stable`, with the current ring: a shard without a card becomes its own; a migration of
 * the first stack looks to it like one that was left behind. And how an operator hands a shard back.
 */
export function secondStackSteps(world: World, { size, safeguards }: Model, emit: Emit<World>): void {
  const { control } = world;
  if (!size.secondStack) return;
  if (control.foreignCard) {
    const adopted = { ...world, control: { ...control, foreignCard: false } };
    emit("repair", "an operator hands the joining shard over to the first stack", adopted);
  } else if (!control.planned) {
    const taken = { ...world, control: { ...control, foreignCard: true } };
    emit("operator", "a second stack's up writes its card on the shard that is to join", taken);
  }
  if (control.planned && !safeguards.cards)
    emit("operator", "a second stack's up clears the migration away", closed(world));
}

/** The copies are taken off, and the records removed; an engine under way is replaced. */
function closed(world: World): World {
  const { shards, control } = world;
  const facts = { planned: false, preCopied: false, inStep: false, cutover: false, gate: undefined } as const;
  return { ...world, shards: takenOff(shards), engines: {}, control: { ...control, ...facts } };
}

/** What only the target owner holds is given to the current one. */
function takenOff(shards: Shards): Shards {
  const { held } = shards;
  const isOnlyCopy = held.current === undefined && held.target !== undefined && held.target.expiry > laterClock(shards);
  return hold(isOnlyCopy ? hold(shards, "current", held.target) : shards, "target", undefined);
}
