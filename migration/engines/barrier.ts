import { GateClosedError } from "./errors";
import { isEvidence, NoPodsError } from "./gate/no-pods";
import type { Clock, Log } from "./runtime";

const POLL_MS = 1_000;
const SAY_EVERY_MS = 10_000;
/** A pod that does not answer may be busy, or have just gone: a gate asks again this long before it refuses. */
const GATE_PATIENCE_MS = 30_000;

const NO_POD = "there is no backend pod";

/** What a pod said when it was asked for its ring epoch. */
export type PodAnswer =
  /** What it reports: usually one, none when it does not know of epochs, several when its processes differ. */
  | {
      readonly epochs: readonly number[];
      /** The checksums of the rings that it computed, one a process; empty for a process that reports none. */
      readonly checksums?: readonly string[];
    }
  /** Why it did not answer. Idle: no container of it runs, so it does nothing now. */
  | { readonly silence: string; readonly idle: boolean };

/** A pod of the backend, terminating ones included: they serve until they are gone. */
export interface BackendPod {
  readonly name: string;
  /** The ring epoch that the API server knows: what its template said; undefined when it was never told one. */
  readonly annotated: number | undefined;
  /** The mark of the last restart within an epoch that its template had. */
  readonly restarted?: string;
  /** Undefined when pods are not asked. */
  readonly answer?: PodAnswer;
  readonly terminating: boolean;
}

/** What the cluster and the pods say about the backend. */
export interface BackendView {
  /** Data of the live ring ConfigMap; undefined when there is none. */
  ring(): Promise<Readonly<Record<string, string>> | undefined>;
  /** All pods of the Deployment that still run, each just asked for its epoch if it can be. */
  pods(): Promise<readonly BackendPod[]>;
}

/** What shows that a pod runs a ring. */
export interface PodExpectation {
  readonly epoch: number;
  /** The checksum that a pod reports if it reports any. */
  readonly checksum?: string | undefined;
  /** The restart that a pod must have been part of, unless it reports the checksum. */
  readonly restart?: string;
}

/** Looks at the pods, and holds the live ring to the one that they are to run. */
export interface HeldRing {
  readonly expected: PodExpectation;
  pods(backend: BackendView): Promise<readonly BackendPod[]>;
}

/** How long to wait, and for what. */
export interface BarrierSettings {
  readonly epoch: number;
  readonly deadlineMs: number;
  /** No command of a pod that is gone takes effect later than this. */
  readonly commandTimeoutMs: number;
  /** Whether the operator says that no pod serves. @default false */
  readonly servesNothing?: boolean;
}

/**
 * Waits until no pod, terminating ones included, runs another epoch, and then until no command of a pod that is gone
 * can still land. (The rollout that Pulumi waits for ends while old pods still serve.)
 *
 * @param held - holds the live ring to that of the epoch meanwhile; absent: its number alone counts.
 * @throws GateClosedError at the deadline, which names the pods; NoPodsError when there is none by then.
 */
export async function barrier(
  backend: BackendView,
  settings: BarrierSettings,
  clock: Clock,
  log: Log,
  held?: HeldRing,
): Promise<void> {
  const deadline = clock.now() + settings.deadlineMs;
  for (let saidMs = 0, looked = false; ; looked = true) {
    let behind = await whoIsBehind(backend, settings, looked, held);
    if (behind === undefined) {
      await clock.sleep(settings.commandTimeoutMs);
      // What was put back until now may have started pods that this has not looked at.
      if (held !== undefined) behind = await whoIsBehind(backend, settings, true, held);
      if (behind === undefined) break;
    }
    if (clock.now() > deadline) {
      if (behind === NO_POD) throw new NoPodsError(`barrier: after ${settings.deadlineMs / 1_000}s`);
      throw new GateClosedError(
        `barrier: after ${settings.deadlineMs / 1_000}s not every backend pod is known to run ring epoch ` +
          `${settings.epoch}: ${behind}. Find out what holds them, then run \`pulumi up\` again.`,
      );
    }
    if (clock.now() - saidMs > SAY_EVERY_MS) {
      saidMs = clock.now();
      log(`barrier: waiting until every backend pod runs ring epoch ${settings.epoch}: ${behind}`);
    }
    await clock.sleep(POLL_MS);
  }
  log(`barrier: every backend pod runs ring epoch ${settings.epoch}`);
}

/**
 * @param patient - whether pods could be listed before: then that an API server restarts does not end the wait for a rollout.
 * @returns the pods that are behind, in words, or that nobody can tell; undefined when there are none.
 */
async function whoIsBehind(
  backend: BackendView,
  { epoch, servesNothing }: BarrierSettings,
  patient: boolean,
  held: HeldRing | undefined,
): Promise<string | undefined> {
  try {
    const pods = await (held?.pods(backend) ?? backend.pods());
    if (!isEvidence(pods, servesNothing)) return NO_POD;
    const behind = pods.filter((pod) => isBehind(pod, held?.expected ?? { epoch }));
    return behind.length === 0 ? undefined : behind.map(describe).join(", ");
  } catch (error) {
    if (!patient || error instanceof GateClosedError) throw error;
    return `the pods cannot be listed (${error instanceof Error ? error.message : String(error)})`;
  }
}

/** @returns the pods that run another epoch, or of which it is not known that they run this one. */
export async function podsBehind(backend: BackendView, epoch: number): Promise<readonly BackendPod[]> {
  return (await backend.pods()).filter((pod) => isBehind(pod, { epoch }));
}

/** @returns whether a pod runs another ring, or it is not known that it runs this one. */
export function isBehind(pod: BackendPod, { epoch, checksum, restart }: PodExpectation): boolean {
  if (isSilent(pod) || !runsOnly(epochsOf(pod), epoch)) return true;
  const reported = checksumsOf(pod);
  if (checksum !== undefined && reported.some((each) => each !== "" && each !== checksum)) return true;
  const isCertain = reported.length > 0 && reported.every((each) => each === checksum);
  return restart !== undefined && !isCertain && pod.restarted !== restart;
}

/** @returns the checksums that a pod reports, an empty one for a process that reports none; none at all if it knows of none. */
export const checksumsOf = ({ answer }: BackendPod): readonly string[] =>
  (answer && "epochs" in answer && answer.checksums) || [];

/** @returns all pods, for a gate that does not wait for a rollout: it only gives silent ones some time to answer. */
export async function podsThatAnswer(backend: BackendView, clock: Clock): Promise<readonly BackendPod[]> {
  const deadline = clock.now() + GATE_PATIENCE_MS;
  for (;;) {
    const pods = await backend.pods();
    if (!pods.some(isUnknown) || clock.now() > deadline) return pods;
    await clock.sleep(POLL_MS);
  }
}

/**
 * The ring epochs that a pod runs, as far as is known; none when nobody knows.
 *
 * What it reports decides, whatever its annotation says: a container reads the ConfigMap when it starts, which may be
 * before or after the change that its annotation stands for. The annotation counts where the pod reports none, is not
 * asked, or does not run at the moment. Of a pod that runs and does not answer nothing is known.
 */
export function epochsOf(pod: BackendPod): readonly number[] {
  const { annotated, answer } = pod;
  if (answer && "epochs" in answer && answer.epochs.length > 0) return answer.epochs;
  return annotated === undefined || isUnknown(pod) ? [] : [annotated];
}

/** @returns whether a pod may be at work, and does not answer. */
export const isUnknown = ({ answer }: BackendPod): boolean =>
  answer !== undefined && "silence" in answer && !answer.idle;

const isSilent = ({ answer }: BackendPod): boolean => answer !== undefined && "silence" in answer;

const runsOnly = (epochs: readonly number[], epoch: number): boolean =>
  epochs.length > 0 && epochs.every((each) => each === epoch);

/** @returns a pod for a message: its name, what it runs and says, and whether it is on its way out. */
export function describe({ name, annotated, answer, terminating }: BackendPod): string {
  const told = `epoch ${annotated ?? "unknown"}`;
  const facts = terminating ? ["terminating"] : [];
  if (answer === undefined) facts.unshift(told);
  else if ("silence" in answer) facts.unshift(`annotated ${told}`, `does not answer: ${answer.silence}`);
  else if (answer.epochs.length === 0) facts.unshift(`annotated ${told}`, "reports none");
  else facts.unshift(`annotated ${told}`, `reports epoch ${answer.epochs.join(" and ")}${ringsOf(answer)}`);
  return `${name} (${facts.join(", ")})`;
}

const ringsOf = ({ checksums }: { readonly checksums?: readonly string[] }): string =>
  checksums === undefined ? "" : ` of ring ${checksums.map((each) => each || "unknown").join(" and ")}`;
