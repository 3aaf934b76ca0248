/** Another writer of the ConfigMap: GitOps, `helm upgrade`, kubectl, or a process that slept. */
import { nearestPhase, POD_CONFIGS, stepsBetween, type PodConfig } from "../../migration/phases";
import type { Emit } from "./checker/explore";
import { configOf, forgottenIn } from "./gate";
import { plainPods } from "./pods";
import { writesBoth } from "./world";
import type { Control, Model, Pods, World } from "./world";

/** Emits the old rings that another writer can bring back: with their epoch and checksum, or some keys of them. */
export function writerSteps(world: World, model: Model, emit: Emit<World>): void {
  const { pods, control } = world;
  if (pods.writes >= (model.size.foreignWrites ?? 0) || control.finished || pods.before === undefined) return;
  const label = "another writer puts back";
  for (const ring of oldRings(pods, model))
    emit("writer", `${label} the ring of ${ring}, with its epoch`, putBack(world, ring, "whole"));
  for (const ring of tornRings(pods, model))
    emit("writer", `${label} some keys: ${ring} under the live epoch`, putBack(world, ring, "torn"));
}

function oldRings({ ring, before }: Pods, { safeguards }: Model): readonly PodConfig[] {
  if (safeguards.onlyLastRingComesBack) return before === undefined ? [] : [before];
  return POD_CONFIGS.filter((config) => config !== ring && stepsBetween(config, ring) <= 2);
}

/** Where pods refuse a torn ring it does not matter which one it is. */
const tornRings = ({ ring, before }: Pods, { safeguards }: Model): readonly PodConfig[] =>
  safeguards.podsCheckChecksum && before !== undefined ? [before] : POD_CONFIGS.filter((config) => config !== ring);

function putBack(world: World, ring: PodConfig, foreign: "whole" | "torn"): World {
  const { pods, control } = world;
  const isDual = writesBoth(ring);
  return {
    ...world,
    pods: { ...pods, ring, foreign, writes: pods.writes + 1 },
    control: { ...control, verified: control.verified && isDual, closed: control.closed && !isDual },
  };
}

/** @returns whether gates, barrier and steps see that the live ring is not the one that they work for. */
export const seesForeignRing = ({ foreign }: Pods, { safeguards }: Model): boolean =>
  foreign === "whole" || (foreign === "torn" && safeguards.comparesRing);

/**
 * Emits what the operator does about it, `pulumi up --refresh`: a ring with an epoch of its own is where the next move
 * starts; a torn one is written again, under the next epoch. Either way the steps of the phase are run again.
 *
 * @param begin - what is left to do once the ring of the phase is there.
 */
export function refreshSteps(
  world: World,
  model: Model,
  begin: (control: Control) => Control,
  emit: Emit<World>,
): void {
  const { pods, control } = world;
  const { foreign, ring } = pods;
  if (foreign === undefined || !model.safeguards.takesUpForeignRing) return;
  const label = `pulumi up --refresh (${control.phase})`;
  if (foreign === "torn") {
    const written: Pods = { ...plainPods(pods), ring: configOf(control.phase, control.finished), foreign: undefined };
    emit("operator", `${label}: the torn ring is written again`, { ...world, pods: written, control: begin(control) });
    return;
  }
  const phase = nearestPhase(control.phase, (each) => configOf(each, false) === ring);
  const facts = model.safeguards.refreshForgets ? forgottenIn(ring) : {};
  const refreshed: Control = { ...control, ...facts, phase, cameFrom: undefined };
  const found = { ...pods, foreign: undefined, before: configOf(control.phase, false) };
  emit("operator", `${label}: finds the ring of ${phase}`, {
    ...world,
    pods: found,
    control: begin(refreshed),
  });
}
