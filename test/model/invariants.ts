/** What the design promises, in the words of docs/evidence/model.md. */
import type { Invariant } from "./checker/explore";
import type { Property } from "./checker/liveness";
import { AT_MOST_ONE_FIRST, DUPLICATES_AGREE, NOT_ALL_DUPLICATES } from "./answers";
import { NO_ONLY_COPY_DELETED } from "./engines";
import { isReadableAgain } from "./losses";
import { laterClock, liveConfigs, primaryOf } from "./world";
import type { World } from "./world";

export const STAYS_READABLE = "an acknowledged claim stays readable";
export const ROLLBACK_LOSES_NOTHING = "rollback loses nothing acknowledged";
export const CLEAN_VERIFY = "after a clean verify both owners hold what is acknowledged";
export const DRAINED_STAYS_EMPTY = "what was drained stays empty";
export const NOTHING_COMES_BACK = "nothing expired comes back";
export const CLEANUP_ENDS = "cleanup always ends";
export const EVERY_UP_CAN_END = "every up can end";
export const PUT_BACK_CAN_END = "an up after a ring was put back can end";

/** The claims that were answered `first` and whose time is over on neither shard. */
function acknowledged({ clients, answers, shards }: World): readonly number[] {
  const now = laterClock(shards);
  return clients.flatMap(({ answer }, i) =>
    answer === "first" && (answers.promised[i] as number) > now ? [i + 1] : [],
  );
}

function isReadable(world: World): boolean {
  const claims = acknowledged(world);
  if (claims.length === 0) return true;
  const { held } = world.shards;
  return liveConfigs(world.pods).every((config) => claims.includes(held[primaryOf(config)]?.claim ?? 0));
}

/** Until a verify has given a shard back what it lost, readers may miss it. */
const isReadableIfAny = (world: World): boolean => !isReadableAgain(world) || isReadable(world);

/** No copy lives longer than its client ever asked for. */
function isNothingBack({ clients, shards: { held } }: World): boolean {
  return [held.current, held.target].every((copy) => !copy || copy.expiry <= (clients[copy.claim - 1]?.asked ?? 0));
}

const noAnswerBreaks = (name: string): Invariant<World> => ({ name, holds: ({ answers }) => answers.broken !== name });

export const INVARIANTS: readonly Invariant<World>[] = [
  noAnswerBreaks(AT_MOST_ONE_FIRST),
  noAnswerBreaks(NOT_ALL_DUPLICATES),
  noAnswerBreaks(DUPLICATES_AGREE),
  noAnswerBreaks(NO_ONLY_COPY_DELETED),
  { name: STAYS_READABLE, holds: (world) => world.control.wentBack || isReadableIfAny(world) },
  { name: ROLLBACK_LOSES_NOTHING, holds: (world) => !world.control.wentBack || isReadableIfAny(world) },
  {
    name: CLEAN_VERIFY,
    holds: (world) => {
      const { current, target } = world.shards.held;
      return (
        !world.control.verified ||
        acknowledged(world).every((claim) => current?.claim === claim && target?.claim === claim)
      );
    },
  },
  {
    name: DRAINED_STAYS_EMPTY,
    holds: ({ control, pods, shards: { held } }) =>
      pods.foreign === "whole" || (!(control.drained && held.current) && !(control.closed && held.target)),
  },
  { name: NOTHING_COMES_BACK, holds: isNothingBack },
];

/** Neither time, nor new requests need to help, nor the operator, but by the one command that a message names. */
const byItself = (actor: string): boolean => ["engine", "pod", "clocks", "repair"].includes(actor);

const isUpDone = ({ control, engines }: World): boolean =>
  control.todo[0] === "nothing" && !control.gate && !engines.running;

export const LIVENESS: readonly Property<World>[] = [
  {
    name: CLEANUP_ENDS,
    from: ({ control, pods }) => control.phase === "cleanup" && control.gate === undefined && !pods.foreign,
    goal: ({ control }) => control.drained,
    helps: byItself,
  },
  {
    name: EVERY_UP_CAN_END,
    from: ({ pods }) => !pods.foreign,
    goal: isUpDone,
    helps: byItself,
  },
  {
    name: PUT_BACK_CAN_END,
    from: ({ pods }) => pods.foreign !== undefined,
    goal: (world) => world.pods.foreign === undefined && isUpDone(world),
    helps: (actor) => byItself(actor) || actor === "operator",
  },
];
