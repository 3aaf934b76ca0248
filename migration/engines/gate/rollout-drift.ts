/** Whether the backend's Deployment and its pods still are what the last `up` left. Pure. */
import { describe, epochsOf, type BackendPod } from "../barrier";

/** What the API server and the pods report of the backend. */
export interface LiveRollout {
  /** The ring epoch in the pod template of the Deployment; undefined where it has none. */
  readonly templateEpoch: number | undefined;
  readonly pods: readonly BackendPod[];
}

/** @returns what differs from a rollout of this ring epoch, in words; nothing where template and pods have it. */
export function rolloutDrift(epoch: number, { templateEpoch, pods }: LiveRollout): readonly string[] {
  const others = pods.filter((pod) => epochsOf(pod).some((each) => each !== epoch));
  return [
    ...(templateEpoch === epoch
      ? []
      : [`the Deployment's pods are annotated with ring epoch ${templateEpoch ?? "none"} instead of ${epoch}`]),
    ...(others.length === 0
      ? []
      : [`pods run another ring epoch than ${epoch}: ${others.map((pod) => describe(pod)).join(", ")}`]),
  ];
}
