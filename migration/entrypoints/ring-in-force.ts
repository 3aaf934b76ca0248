import { answersInTime } from "../adapters/answers-in-time";
import { numbered, type RingData } from "../contract/ring-config-map";
import { assertSameRing } from "../engines/gate/ring-put-back-error";
import type { RingSource, RingVersion } from "../engines/ports/ring-source";
import type { Clock, Run } from "../engines/runtime";
import type { Phase } from "../phases";
import { ringData } from "./gate-inputs";
import type { ConnectionInputs, StepInputs } from "./inputs";

/** A pod needs longer than this to start, so a look that is not older still speaks of every pod that runs. */
const LOOK_AGAIN_MS = 1_000;
/** So long the API server may be away. */
const API_AWAY_MS = 60_000;
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

/** @returns the live ring for a preview, which must not hang; undefined where the API server does not answer in time. */
export async function ringNow(connection: ConnectionInputs): Promise<RingVersion | undefined> {
  const [now] = await answersInTime([connection], async (it) => (await openRing(it)).now(), LOOK_WITHIN_MS);
  return now;
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
      look = {
        atMs: nowMs,
        done: lookPatiently(source, run.clock).then((now) => assertSameRing(source.name, now, wanted)),
      };
    }
    return look.done;
  };
  return { ...run, assertInForce };
}

/** An API server that is away for a moment, as it is while it is upgraded, holds the work and does not end it. */
async function lookPatiently(source: RingSource, clock: Clock): Promise<RingVersion> {
  for (const endMs = clock.now() + API_AWAY_MS; ; await clock.sleep(LOOK_AGAIN_MS)) {
    try {
      return await source.now();
    } catch (error) {
      if (clock.now() > endMs) throw error;
    }
  }
}
