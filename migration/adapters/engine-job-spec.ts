import type { V1Job } from "@kubernetes/client-node";
import { CA_FILE, NO_USE_EXIT_CODE, WORK_DIR } from "./work-files";

/** The Job's name: one at a time, because a run holds the lock of all shards. */
export const NAME = "dedup-engine";
export const LABEL = "dedup-shards/engine";
/** Of its pods. */
export const ENGINE_LABELS = { [LABEL]: NAME };
const CONTAINER = "engine";
/** Failures for each source that are not a node's, until the Job is given up. */
const FAILURES_PER_SOURCE = 3;
/** For people to look at; then it goes, with the Secret, also if nobody takes it away. */
const KEPT_SECONDS = 600;

/** What its pods are like. */
export interface JobOptions {
  readonly namespace: string;
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly parallelism: number;
  readonly cpuRequest: string;
  readonly memoryLimit: string;
}

/** What it is to do. */
export interface JobTask {
  readonly completions: number;
  readonly secretName: string;
  /** Names of the Secret's files. */
  readonly files: readonly string[];
  readonly inOneGo: boolean;
}

/** @returns the Job: pods that may do nothing in Kubernetes, as the pod security standard `restricted` wants them. */
export function engineJob(options: JobOptions, { completions, secretName, files, inOneGo }: JobTask): V1Job {
  const { image, imagePullPolicy, parallelism, cpuRequest, memoryLimit } = options;
  // Node reads it at its start.
  const env = files.includes(CA_FILE) ? [{ name: "NODE_EXTRA_CA_CERTS", value: `${WORK_DIR}/${CA_FILE}` }] : [];
  return {
    metadata: { name: NAME, labels: ENGINE_LABELS },
    spec: {
      completions,
      completionMode: "Indexed",
      parallelism: Math.min(parallelism, completions),
      backoffLimit: inOneGo ? 0 : FAILURES_PER_SOURCE * completions,
      podFailurePolicy: { rules: failureRules(inOneGo) },
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels: ENGINE_LABELS },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: CONTAINER,
              image,
              imagePullPolicy,
              env,
              resources: { requests: { cpu: cpuRequest, memory: memoryLimit }, limits: { memory: memoryLimit } },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              volumeMounts: [{ name: "work", mountPath: WORK_DIR, readOnly: true }],
            },
          ],
          volumes: [{ name: "work", secret: { secretName, defaultMode: 0o444 } }],
        },
      },
    },
  };
}

/** What no other try can mend ends all of it at once. A pod that its node had to give up has not failed. */
function failureRules(inOneGo: boolean) {
  const noUse = {
    action: "FailJob",
    onExitCodes: { containerName: CONTAINER, operator: "In", values: [NO_USE_EXIT_CODE] },
  };
  const disrupted = { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] };
  return inOneGo ? [noUse] : [noUse, disrupted];
}
