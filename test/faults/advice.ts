/** What an operator does about a refusal: what its message names, and nothing else. Pure. */
import { PHASES, type Phase } from "../../migration/phases";

/** Shards that a message begins with. */
const SHARDS = String.raw`(shard-\d+(?:, shard-\d+)*)`;
const LOST = new RegExp(
  String.raw`${SHARDS} (?:does not know migration|had a card, and has none|has lost its data|cannot be reached or has lost)`,
);
const ADOPT = /`npm run adopt -- --stack \S+(?: --shard ([\w-]+))?`/;
/** The rounds have no service whose metrics would move the ring back. */
const IF_MOVED_BACK = /If metrics\.autoRollback did that,[^.]*\./;
const LEGAL = /From "(\w+)" the legal next phases are: ([^.]+)\./;

/** Steps of an operator, in this order. */
export interface Advice {
  /** `npm run adopt` for these shards. */
  readonly adopt: readonly string[];
  /** Names for `forceRemoveShards`. */
  readonly force: readonly string[];
  /** `npm run repair`. */
  readonly repair: boolean;
  /** `kubectl rollout restart`. */
  readonly restartPods: boolean;
  /** Whether the next run is one with `--refresh`. */
  readonly refresh: boolean;
  /** The phase that has to be asked for first. */
  readonly phase: Phase | undefined;
  /** The phase that the ring is in, and those that may follow it. */
  readonly legal: { readonly from: Phase; readonly next: readonly Phase[] } | undefined;
}

/** @param wanted - the phase that was asked for. */
export function adviceIn(message: string, wanted: Phase): Advice {
  const lost = LOST.exec(message)?.[1]?.split(", ") ?? [];
  const adopted = ADOPT.exec(message)?.[1];
  const legal = LEGAL.exec(message);
  const [, named] = /[Ss]et migrationPhase (?:back )?to "(\w+)"/.exec(message.replace(IF_MOVED_BACK, "")) ?? [];
  const phase = phaseOf(named);
  return {
    adopt: adopted !== undefined ? [...new Set([adopted, ...lost])] : lost,
    force: /forceRemoveShards/.test(message) ? (/shard-\d+/.exec(message) ?? []) : [],
    repair: /`npm run repair`/.test(message),
    restartPods: /kubectl rollout restart|[Rr]estart the (?:Deployment|backend's pods)/.test(message),
    refresh: /pulumi up --refresh|`pulumi refresh`/.test(message),
    phase: phase === wanted ? undefined : phase,
    legal: legal
      ? {
          from: phaseOf(legal[1]) as Phase,
          next: [...(legal[2] ?? "").matchAll(/\w+/g)].flatMap(([word]) => phaseOf(word) ?? []),
        }
      : undefined,
  };
}

/**
 * @param isFinish - whether the phase that is wanted is the end of the migration, behind its cleanup.
 * @returns the next phase on the way from one to another, of those that may follow.
 */
export function stepTowards(
  { from, next }: NonNullable<Advice["legal"]>,
  wanted: Phase,
  isFinish: boolean,
): Phase | undefined {
  const at = (phase: Phase) => PHASES.indexOf(phase);
  const goal = isFinish ? PHASES.length : at(wanted);
  const distance = (phase: Phase) => Math.abs(at(phase) - goal);
  return [...next].sort((a, b) => distance(a) - distance(b)).find((phase) => phase !== from);
}

const phaseOf = (text: string | undefined): Phase | undefined => PHASES.find((each) => each === text);
