/** The gate: the product's own phase table, and what each of its checks finds in the model. */
import { configIn, HOLDS_IN, moveOf, PHASES, refuseMove, rolesOf, stepsBetween } from "../../migration/phases";
import type { Check, Fact, Phase, PodConfig, RingState } from "../../migration/phases";
import { isSuspect } from "./losses";
import { isLookedAt } from "./pods";
import type { Control, Model, Owner, Pods, World } from "./world";

/** @returns the owner in the primary ring of a phase. */
export const decidingIn = (phase: Phase): Owner => rolesOf(phase).primary;

/** @returns the config of a phase. */
export const configOf = (phase: Phase, finished: boolean): PodConfig =>
  configIn(ringState("plan"), ringState(phase, finished));

/** @returns whether a move ends the migration with the target ring. */
export const finishes = (from: Phase, to: Phase): boolean => from === "cleanup" && to === "stable";

const JUMPS: Readonly<Partial<Record<Phase, { readonly to: Phase; readonly over: Phase }>>> = {
  cutover: { to: "copy", over: "dualWrite" },
  cleanup: { to: "dualWrite", over: "cutover" },
};

/** @returns the phases that may be asked for. */
export function nextPhases({ phase, finished, cameFrom }: Control, { safeguards, size }: Model): readonly Phase[] {
  const from = ringState(phase, finished);
  const before = cameFrom && ringState(cameFrom);
  const legal = PHASES.filter(
    (to) => to !== phase && refuseMove(from, ringState(to, finishes(phase, to)), before) === undefined,
  );
  // Another migration begins with other rings, and is another run of the model.
  const here = finished ? legal.filter((to) => to === cameFrom) : legal;
  if (size.straight) return here.filter((to) => finishes(phase, to) || PHASES.indexOf(to) > PHASES.indexOf(phase));
  const jump = safeguards.refusesJump(phase) ? undefined : JUMPS[phase];
  return jump ? [...here, jump.to] : here;
}

/** Rings of one shard each, which is the owner of the key. */
function ringState(phase: Phase, finished = false): RingState {
  return { phase, shards: [finished ? "target" : "current"], targetShards: ["target"], vnodes: 1, keyPrefix: "" };
}

/** Checks that no jump could pass. */
const SEES_JUMPS: readonly Check[] = ["oneStep", "inStep"];

/** @returns what a move asks for; a jump asks for all else that the moves jumped over ask for. */
export function checksOf(from: Phase, to: Phase): readonly Check[] {
  const jump = JUMPS[from];
  if (jump?.to !== to) return moveOf(from, to).checks;
  const checks = [...moveOf(from, jump.over).checks, ...moveOf(jump.over, to).checks];
  return [...new Set(checks.filter((check) => !SEES_JUMPS.includes(check)))];
}

/** @returns whether a check holds, or has to be done by an engine. */
export function holds(check: Check, world: World, to: Phase, model: Model): boolean | "verify" {
  const { control } = world;
  switch (check) {
    case "oneStep":
      return !model.safeguards.gateAsksPods || areWithin(1, world, to, model);
    case "settled":
      return areWithin(0, world, to, model);
    case "verified":
      return "verify";
    case "verifiedIfInStep":
      return control.inStep || isSuspectDeciding(world, model) ? "verify" : true;
    case "windowOpen":
      return control.cutover;
    case "planned":
    case "preCopied":
    case "inStep":
    case "drained":
      return control[check];
    // Shards that fail or are too small are not modelled, nor is what the service's metrics say.
    case "healthy":
    case "unneeded":
    case "fits":
    case "serviceHealthy":
    case "serviceStable":
      return true;
  }
}

const isSuspectDeciding = (world: World, { safeguards }: Model): boolean =>
  safeguards.verifiesAfterLoss && isSuspect(world, decidingIn(world.control.phase));

/** Whether every pod, and the ConfigMap, is near enough to where the move leads. */
function areWithin(steps: number, { control, pods, orphan }: World, to: Phase, { safeguards }: Model): boolean {
  const wanted = configOf(to, finishes(control.phase, to));
  const seen = [...pods.ready, ...pods.terminating].filter((config) => isLookedAt(config, pods, safeguards));
  // A pod that started with an old ring passes for one of the ring that was written.
  if (pods.mistaken.length > 0) seen.push(passesFor(pods, control));
  // The gate waits for commands of pods that have just gone.
  const late = steps > 0 && safeguards.waitsForCommands && orphan?.podGone ? [orphan.attempt.config] : [];
  return [...seen, ...late, pods.ring].every((config) => stepsBetween(config, wanted) <= steps);
}

/** What a pod is taken for that says the last epoch and started with an old ring: after a refresh that epoch is the one before. */
function passesFor({ ring, before, foreign }: Pods, { phase, finished, cameFrom }: Control): PodConfig {
  if (foreign) return configOf(phase, finished);
  return cameFrom === undefined && before !== undefined ? before : ring;
}

/** @returns the facts that hold no longer once pods run a config. */
export function forgottenIn(config: PodConfig): Partial<Record<Fact, false>> {
  const facts = Object.keys(HOLDS_IN) as Fact[];
  return Object.fromEntries(facts.filter((fact) => !HOLDS_IN[fact].includes(config)).map((fact) => [fact, false]));
}
