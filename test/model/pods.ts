/** Rollouts: the Deployment replaces pods of another config than the ConfigMap's; these go on serving for a while. */
import { POD_CONFIGS, type PodConfig } from "../../migration/phases";
import type { Emit } from "./checker/explore";
import type { ConfigStep, Safeguards } from "./safeguards";
import { leftBehind, liveConfigs } from "./world";
import type { Model, Pods, World } from "./world";

/** Emits what the Deployment can do. */
export function podSteps(world: World, model: Model, emit: Emit<World>): void {
  const { pods } = world;
  const { ring, ready, terminating, foreign } = pods;
  mistakenPodsGo(world, emit);
  if (foreign) {
    foreignRingSteps(world, model, emit);
    return;
  }
  if (!ready.includes(ring)) {
    // A terminating pod of the same config is no other than a ready one.
    const started = { ...pods, ready: sorted([...ready, ring]), terminating: without(terminating, ring) };
    emit("pod", `a ${ring} pod becomes ready`, { ...world, pods: started });
    return;
  }
  for (const config of without(ready, ring)) {
    emit("pod", `the last ${config} pods begin to terminate`, { ...world, pods: terminate(pods, config) });
  }
  terminatingPodsGo(world, emit);
}

function terminatingPodsGo(world: World, emit: Emit<World>): void {
  const { pods } = world;
  const { terminating } = pods;
  for (const config of terminating) {
    if (world.clients.some(({ attempt }) => attempt?.config === config)) continue;
    const gone = { ...world, pods: { ...pods, terminating: without(terminating, config) } };
    const { orphan } = world;
    const left = orphan?.attempt.config === config ? leftBehind(orphan.client, orphan.attempt) : orphan;
    emit("pod", `the last ${config} pods are gone`, { ...gone, orphan: left });
  }
}

/** While an old ring is in the ConfigMap, pods start with it, and any other may be replaced by them. */
function foreignRingSteps(world: World, { safeguards }: Model, emit: Emit<World>): void {
  const { pods } = world;
  const { ring, ready, mistaken, foreign } = pods;
  if (!mistaken.includes(ring) && !(foreign === "torn" && safeguards.podsCheckChecksum)) {
    const started = { ...pods, mistaken: sorted([...mistaken, ring]) };
    emit("pod", `a ${ring} pod starts with the ring that was put back`, { ...world, pods: started });
  }
  if (ready.length + mistaken.length > 1)
    for (const config of ready)
      emit("pod", `the last ${config} pods begin to terminate`, { ...world, pods: terminate(pods, config) });
  terminatingPodsGo(world, emit);
}

function mistakenPodsGo(world: World, emit: Emit<World>): void {
  const { pods } = world;
  for (const config of pods.mistaken) {
    const next = { ...pods, mistaken: without(pods.mistaken, config) };
    const isBusy =
      world.clients.some(({ attempt }) => attempt?.config === config) && !liveConfigs(next).includes(config);
    if (isBusy || next.ready.length + next.mistaken.length === 0) continue;
    emit("pod", `the last ${config} pods that started with an old ring are gone`, { ...world, pods: next });
  }
}

const terminate = (pods: Pods, config: PodConfig): Pods => ({
  ...pods,
  ready: without(pods.ready, config),
  terminating: sorted([...pods.terminating, config]),
});

/** @returns the pods once another epoch is in the Deployment's template: those of the one before tell what they run. */
export function plainPods(pods: Pods): Pods {
  if (pods.mistaken.length === 0) return pods;
  const { ready, mistaken, terminating } = pods;
  return {
    ...pods,
    ready: sorted([...new Set([...ready, ...mistaken])]),
    terminating: terminating.filter((config) => !mistaken.includes(config)),
    mistaken: [],
  };
}

/** @returns whether the rollout has ended: only pods of the Deployment's present template are ready. */
export const isRolledOut = ({ ready, mistaken }: Pods, wanted: PodConfig): boolean =>
  ready.join() === wanted || (ready.length === 0 && mistaken.length > 0);

/** @returns whether all pods that somebody looks at run the config in the ConfigMap. */
export function allRun(pods: Pods, wanted: PodConfig, safeguards: Safeguards): boolean {
  // The rollout itself, which Pulumi waits for, ends when only new pods are ready.
  if (!isRolledOut(pods, wanted)) return false;
  return !pods.terminating.some((config) => isLookedAt(config, pods, safeguards));
}

/** @returns whether a barrier or a gate would see pods of a config. */
export function isLookedAt(config: PodConfig, { ring, ready }: Pods, safeguards: Safeguards): boolean {
  if (ready.includes(config)) return true;
  if (!safeguards.waitsForTerminating) return false;
  const distance = POD_CONFIGS.indexOf(ring) - POD_CONFIGS.indexOf(config);
  const before = POD_CONFIGS[POD_CONFIGS.indexOf(ring) - Math.sign(distance)] as PodConfig;
  return safeguards.looksAtPodsAfter(`${before} → ${ring}` satisfies ConfigStep);
}

const without = (configs: readonly PodConfig[], config: PodConfig) => configs.filter((one) => one !== config);

const sorted = (configs: readonly PodConfig[]) =>
  [...configs].sort((a, b) => POD_CONFIGS.indexOf(a) - POD_CONFIGS.indexOf(b));
