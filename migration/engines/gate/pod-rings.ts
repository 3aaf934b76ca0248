import { checksumsOf, describe, epochsOf, type BackendPod } from "../barrier";
import { GateClosedError } from "../errors";

/** The checksum of the ring of each epoch, as far as gates have noted them. */
export type RingChecksums = Readonly<Record<number, string>>;

/**
 * An epoch is a number only: a pod that started while somebody had put some of the ring's keys back runs another ring
 * under it. What a pod reports tells the two apart; a pod that reports no checksum is judged by its epoch alone.
 *
 * @throws GateClosedError when a pod reports another ring than that of its epoch.
 */
export function assertRingsOfEpochs(pods: readonly BackendPod[], noted: RingChecksums): void {
  const others = pods.filter((pod) => {
    const known = epochsOf(pod).flatMap((epoch) => noted[epoch] ?? []);
    return known.length > 0 && checksumsOf(pod).some((checksum) => checksum !== "" && !known.includes(checksum));
  });
  if (others.length === 0) return;
  throw new GateClosedError(
    `backend pods run another ring than that of their epoch: ${others.map(describe).join(", ")}. Somebody else had changed ` +
      "the ring's keys when they started. Restart the Deployment (`kubectl rollout restart`), then run `pulumi up` again.",
  );
}
