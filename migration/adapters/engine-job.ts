import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BatchV1Api, CoreV1Api, KubeConfig, type V1Job, type V1Pod } from "@kubernetes/client-node";
import { messageOf } from "../engines/errors";
import type { Log } from "../engines/runtime";
import { engineJob, LABEL, NAME, type JobOptions } from "./engine-job-spec";

const POLL_MS = 1_000;
/** The API server may be away for as long: the work goes on without it. */
const API_AWAY_MS = 60_000;
/** Pods that cannot be started for as long will not be. */
const STUCK_MS = 300_000;
/** A pod on a node that is lost stays until somebody says that the node is gone. */
const GONE_WITHIN_MS = 120_000;
const LAST_LINES = 15;
const TAKEN_OVER =
  "another run has put its own Job in the place of this one's. Wait for that run to end, then run `pulumi up` again.";
const GO_ON = "Run `pulumi up` again: it goes on from the checkpoints.";
const NOT_FOUND = 404;
const DENIED = [401, 403];

/** Work for a Job. */
export interface JobWork {
  /** One index for each. */
  readonly sources: readonly string[];
  /** Files of its Secret, secrets among them. */
  readonly files: Readonly<Record<string, string>>;
  /** Whether a part that breaks off ends all of it, instead of being gone on with by another pod. */
  readonly inOneGo: boolean;
}

/** An Indexed Job in the cluster that does a migration's work, one pod for each source. */
export class EngineJob {
  private readonly batch: BatchV1Api;
  private readonly core: CoreV1Api;

  /** @param context - the kubeconfig's context; the current one by default. */
  constructor(
    private readonly options: JobOptions,
    context?: string,
  ) {
    const config = new KubeConfig();
    config.loadFromDefault();
    if (context) config.setCurrentContext(context);
    this.batch = config.makeApiClient(BatchV1Api);
    this.core = config.makeApiClient(CoreV1Api);
  }

  /**
   * Has work done, and says what holds it up. What an earlier run left is taken away first, its pods included.
   * @throws Error with the last lines of a pod that failed, or what keeps pods from being started.
   */
  async run(work: JobWork, log: Log): Promise<void> {
    await explained(this.clearAway(log));
    const uid = await explained(this.create(work));
    try {
      await this.follow(work.sources, uid, log);
    } finally {
      // Whatever happened is more important than that: the next run does it, and the Job's own end does.
      await this.remove(uid).catch((error: unknown) => log(`warning: Job ${NAME} is still there: ${messageOf(error)}`));
    }
  }

  /** The Secret belongs to the Job and goes with it; pods wait for it. @returns the Job's uid */
  private async create({ sources, files, inOneGo }: JobWork): Promise<string> {
    const { namespace } = this.options;
    const secretName = `${NAME}-${randomUUID().slice(0, 8)}`;
    const job = engineJob(this.options, {
      completions: sources.length,
      secretName,
      inOneGo,
      files: Object.keys(files),
    });
    const { metadata: { uid = "" } = {} } = await this.batch.createNamespacedJob({ namespace, body: job });
    const ownerReferences = [{ apiVersion: "batch/v1", kind: "Job", name: NAME, uid }];
    const metadata = { name: secretName, labels: { [LABEL]: NAME }, ownerReferences };
    try {
      await this.core.createNamespacedSecret({ namespace, body: { metadata, stringData: { ...files } } });
    } catch (error) {
      await this.remove(uid).catch(() => undefined);
      throw error;
    }
    return uid;
  }

  private async follow(sources: readonly string[], uid: string, log: Log): Promise<void> {
    const said = new Set<string>();
    let [seenMs, movedMs] = [performance.now(), performance.now()];
    for (; ; await sleep(POLL_MS)) {
      try {
        const { metadata, status = {} } = await this.read();
        if (metadata?.uid !== uid) throw new Error(TAKEN_OVER);
        const is = (type: string) => status.conditions?.some((it) => it.type === type && it.status === "True") ?? false;
        if (is("Complete")) return;
        const pods = await this.pods();
        if (is("Failed") || is("FailureTarget")) throw new Error(await this.whyItFailed(sources, pods));
        if (pods.some(({ status: at }) => at?.phase === "Running")) movedMs = performance.now();
        const remarks = await this.remarks(sources, pods);
        for (const line of remarks) if (!said.has(line)) log(line);
        for (const line of remarks) said.add(line);
        if (performance.now() - movedMs > STUCK_MS) throw new Error(await this.whyItIsStuck(remarks));
        seenMs = performance.now();
      } catch (error) {
        if (!isAway(error) || performance.now() - seenMs > API_AWAY_MS) throw explain(error);
      }
    }
  }

  private read(): Promise<V1Job> {
    return this.batch.readNamespacedJob({ namespace: this.options.namespace, name: NAME });
  }

  /** What is wrong with pods, while the Job goes on. */
  private async remarks(sources: readonly string[], pods: readonly V1Pod[]): Promise<readonly string[]> {
    const remarks = pods.map(async (pod) => {
      const [source, name] = [sources[indexOf(pod)] ?? "?", pod.metadata?.name ?? "?"];
      if (pod.status?.phase === "Failed") return `${source}: pod ${name} failed: ${await this.lastLines(pod, 1)}`;
      const why = whyItWaits(pod);
      return why === undefined ? [] : `${source}: pod ${name} waits: ${why}`;
    });
    return (await Promise.all(remarks)).flat();
  }

  private async whyItFailed(sources: readonly string[], pods: readonly V1Pod[]): Promise<string> {
    const what = `Job ${this.options.namespace}/${NAME}`;
    const failed = pods.find(({ status }) => status?.phase === "Failed");
    if (!failed)
      return `${what} failed, and none of its pods says why: they were deleted, or their node was lost. ${GO_ON}`;
    const lines = await this.lastLines(failed, LAST_LINES);
    return `the pod for ${sources[indexOf(failed)] ?? "?"} of ${what} failed; its last lines:\n${lines}`;
  }

  private async whyItIsStuck(remarks: readonly string[]): Promise<string> {
    const { namespace } = this.options;
    const fieldSelector = `involvedObject.name=${NAME}`;
    const { items } = await this.core.listNamespacedEvent({ namespace, fieldSelector });
    const why = remarks.length > 0 ? remarks.join("; ") : (items.at(-1)?.message ?? "nobody says why");
    return `no pod of Job ${namespace}/${NAME} runs for ${STUCK_MS / 60_000} minutes: ${why}. Mend that, then run \`pulumi up\` again.`;
  }

  private async lastLines(pod: V1Pod, tailLines: number): Promise<string> {
    const { name = "" } = pod.metadata ?? {};
    const { namespace } = this.options;
    // A pod that has not begun has no log yet.
    return this.core.readNamespacedPodLog({ namespace, name, tailLines }).catch(() => "");
  }

  private async pods(): Promise<readonly V1Pod[]> {
    const { namespace } = this.options;
    return (await this.core.listNamespacedPod({ namespace, labelSelector: `${LABEL}=${NAME}` })).items;
  }

  /** Takes away what an earlier run left. Its pods can write no more; but two at work on one source would confuse people. */
  private async clearAway(log: Log): Promise<void> {
    const { namespace } = this.options;
    await this.remove();
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      const pods = (await this.pods()).map(({ metadata }) => metadata?.name ?? "?");
      if (pods.length === 0 && (await unlessGone(this.read())) === undefined) return;
      if (waitedMs === 0) log(`waits until an earlier run's Job is gone: ${pods.join(", ")}`);
      if (waitedMs > GONE_WITHIN_MS) {
        throw new Error(
          `an earlier run's Job ${namespace}/${NAME} does not go away: ${pods.join(", ")}. If their node is lost: ` +
            "`kubectl delete pod --force`. Then run `pulumi up` again.",
        );
      }
      await sleep(POLL_MS);
    }
  }

  /** @param uid - of the Job that is meant; whichever there is by default. */
  private async remove(uid?: string): Promise<void> {
    const { namespace } = this.options;
    const body = { propagationPolicy: "Foreground", ...(uid === undefined ? {} : { preconditions: { uid } }) };
    await unlessGone(this.batch.deleteNamespacedJob({ namespace, name: NAME, body }));
  }
}

const indexOf = ({ metadata }: V1Pod): number =>
  Number(metadata?.annotations?.["batch.kubernetes.io/job-completion-index"] ?? NaN);

/** @returns undefined for a pod that runs, has run, or is only just being started. */
function whyItWaits({ status }: V1Pod): string | undefined {
  const waiting = status?.containerStatuses?.[0]?.state?.waiting;
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
  return unscheduled?.message ?? waiting?.message;
}

const statusOf = (error: unknown): unknown => (error as { code?: unknown }).code;

/** Whether it is the API server that did not answer, or not well: nothing that is known of the work. */
function isAway(error: unknown): boolean {
  const status = statusOf(error);
  if (typeof status === "number") return status !== NOT_FOUND && !DENIED.includes(status);
  return typeof status === "string"; // ECONNRESET and the like
}

/** @returns an error of the API as an operator should read it; any other one as it is. */
function explain(error: unknown): unknown {
  if (statusOf(error) === undefined) return error;
  const reason = messageOf(error).split("\n")[0] ?? "";
  const next = "Check the kubeconfig, its context and its rights.";
  return new Error(`cannot work with the Job ${NAME} by the Kubernetes API: ${reason}. ${next}`, { cause: error });
}

const explained = <T>(request: Promise<T>): Promise<T> =>
  request.catch((error: unknown) => {
    throw explain(error);
  });

async function unlessGone<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (statusOf(error) === NOT_FOUND) return undefined;
    throw error;
  }
}
