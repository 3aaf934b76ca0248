/** Rollouts: the Deployment replaces pods of another config than the ConfigMap's; these go on serving for a while. */
import { POD_CONFIGS, type PodConfig } from "../../migration/phases";
import type { Emit } from "./checker/explore";
import type { ConfigStep, Safeguards } from "./safeguards";
import { leftBehind } from "./world";
import type { Pods, World } from "./world";

/** Emits what the Deployment can do. */
export function podSteps(world: World, emit: Emit<World>): void {
  const { pods } = world;
  const { ring, ready, terminating } = pods;
  if (!ready.includes(ring)) {
    // A terminating pod of the same config is no other than a ready one.
    const started = { ring, ready: sorted([...ready, ring]), terminating: without(terminating, ring) };
    emit("pod", `a ${ring} pod becomes ready`, { ...world, pods: started });
    return;
  }
  for (const config of without(ready, ring)) {
    const next = { ring, ready: without(ready, config), terminating: sorted([...terminating, config]) };
    emit("pod", `the last ${config} pods begin to terminate`, { ...world, pods: next });
  }
  for (const config of terminating) {
    if (world.clients.some(({ attempt }) => attempt?.config === config)) continue;
    const gone = { ...world, pods: { ...pods, terminating: without(terminating, config) } };
    const { orphan } = world;
    const left = orphan?.attempt.config === config ? leftBehind(orphan.client, orphan.attempt) : orphan;
    emit("pod", `the last ${config} pods are gone`, { ...gone, orphan: left });
  }
}

/** @returns whether all pods that somebody looks at run the config in the ConfigMap. */
export function allRun(pods: Pods, safeguards: Safeguards): boolean {
  const { ring, ready, terminating } = pods;
  // The rollout itself, which Pulumi waits for, ends when only new pods are ready.
  if (ready.join() !== ring) return false;
  return !terminating.some((config) => isLookedAt(config, pods, safeguards));
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
