/** Whether the backend's Deployment and its pods still are what the last `up` left. Pure. */
import { describe, epochsOf, type BackendPod } from "../barrier";

/** What the API server and the pods report of the backend. */
export interface LiveRollout {
  /** The ring epoch in the pod template of the Deployment; undefined where it has none. */
  readonly templateEpoch: number | undefined;
  readonly pods: readonly BackendPod[];
}

/** What differs, in words; empty where nothing does. */
export interface RolloutDrift {
  /** Pulumi writes the template again once it knows that it is another one. */
  readonly template: readonly string[];
  /** Pods of another epoch behind a template that is right: nothing that Pulumi could write would change them. */
  readonly pods: readonly string[];
}

/** @returns what differs from a finished rollout of this ring epoch. */
export function rolloutDrift(epoch: number, { templateEpoch, pods }: LiveRollout): RolloutDrift {
  const others = pods.filter((pod) => epochsOf(pod).some((each) => each !== epoch));
  const found =
    others.length === 0
      ? []
      : [`pods run another ring epoch than ${epoch}: ${others.map((pod) => describe(pod)).join(", ")}`];
  if (templateEpoch === epoch) return { template: [], pods: found };
  const annotated = `the Deployment's pods are annotated with ring epoch ${templateEpoch ?? "none"} instead of ${epoch}`;
  return { template: [annotated, ...found], pods: [] };
}
