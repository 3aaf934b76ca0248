import { answersInTime } from "../adapters/answers-in-time";
import { CHECKSUM_KEY, differingKeys, numbered, type RingData } from "../contract/ring-config-map";
import { PUT_BACK_BY_UP, RingPutBackError, TAKE_OVER_BY_REFRESH } from "../engines/gate/ring-hold";
import { mayPutBack } from "../engines/gate/ring-history";
import type { RingSource, RingVersion } from "../engines/ports/ring-source";
import type { Run } from "../engines/runtime";
import type { Phase } from "../phases";
import { ringData, type CheckedGateInputs } from "./gate-inputs";
import type { ConnectionInputs, StepInputs } from "./inputs";

/** A pod needs longer than this to start, so a look that is not older still speaks of every pod that runs. */
const LOOK_AGAIN_MS = 1_000;
/** A preview must not hang on the API server. */
const LOOK_WITHIN_MS = 5_000;

/** The live ring, as the API server has it. */
export async function openRing(connection: ConnectionInputs): Promise<RingSource> {
  // Loaded only where it is needed: the client is slow to start.
  const { Cluster } = await import("../adapters/cluster");
  const { ClusterRing } = await import("../adapters/kubernetes/ring-source");
  return new ClusterRing(new Cluster(connection.kubeContext || undefined), connection);
}

/** @returns the ring that a step works by: all keys of the ConfigMap. */
export const ringOfStep = ({ work, ring, connection, epoch }: StepInputs): RingData =>
  numbered(ringData({ phase: work as Phase, ring, connection }), epoch);

/** @throws RingPutBackError when a live ring is not the one that is wanted, whatever its number. */
export function assertSameRing(name: string, { data, otherWriters }: RingVersion, wanted: RingData): void {
  const keys = differingKeys(data, wanted);
  if (keys.length === 0) return;
  throw new RingPutBackError(
    name,
    keys,
    otherWriters,
    // Whether pods report checksums the barrier of the next run asks; where they do not, it says what helps then.
    mayPutBack(data, wanted, true) ? PUT_BACK_BY_UP : TAKE_OVER_BY_REFRESH,
  );
}

/**
 * @returns the version of the ring ConfigMap, which a barrier reads the later ones from: what the gate notes in the same `up`
 *   that writes the ring. Undefined where the API server does not say it in time: the barrier then holds nothing for certain.
 */
export async function ringVersionNow(connection: ConnectionInputs): Promise<string | undefined> {
  const versions = await answersInTime([connection], async (it) => (await openRing(it)).now(), LOOK_WITHIN_MS);
  return versions[0]?.resourceVersion;
}

/**
 * The checksum is added to a ring that an earlier version wrote at the next `up`, and not only with the next change of the
 * ring: pods that run have read it by then, and those that start check it from now on. Written over a ring that somebody
 * has changed, it would hide that.
 *
 * @throws RingPutBackError when the live ring is not the one that the checksum is for.
 */
export async function assertChecksumAlone(olds: CheckedGateInputs, news: CheckedGateInputs): Promise<void> {
  const isAlone = olds.epoch === news.epoch && olds.data[CHECKSUM_KEY] !== news.data[CHECKSUM_KEY];
  if (!isAlone) return;
  const source = await openRing(news.connection);
  assertSameRing(source.name, await source.now(), olds.data);
}

/**
 * Has work that deletes compare the whole live ring, again and again, with the one that it works for. (In the Job's pods,
 * which may ask nothing of Kubernetes, the run that follows them does: without its lock they write nothing.)
 */
export async function whileInForce(run: Run, inputs: StepInputs): Promise<Run> {
  const source = await openRing(inputs.connection);
  const wanted = ringOfStep(inputs);
  let look: { readonly atMs: number; readonly done: Promise<void> } | undefined;
  const assertInForce = () => {
    const nowMs = run.clock.now();
    if (look === undefined || nowMs - look.atMs > LOOK_AGAIN_MS) {
      look = { atMs: nowMs, done: source.now().then((now) => assertSameRing(source.name, now, wanted)) };
    }
    return look.done;
  };
  return { ...run, assertInForce };
}
