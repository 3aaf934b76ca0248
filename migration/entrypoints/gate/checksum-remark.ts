import type { PodMetrics } from "../../adapters/backend-view";
import { checksumsOf, type BackendPod } from "../../engines/barrier";
import { messageOf } from "../../engines/errors";
import type { ConnectionInputs } from "../inputs";
import { openBackend } from "../open-run";

/**
 * @param pods - each as it answered when it was asked; undefined: pods are not asked.
 * @returns what is left open where pods do not show which ring they run; undefined where all of them do. Pure.
 */
export function checksumRemark(pods: readonly BackendPod[] | undefined): string | undefined {
  const without = pods?.filter((pod) => checksumsOf(pod).every((checksum) => checksum === ""));
  if (without?.length === 0) return undefined;
  const who =
    without === undefined
      ? "backend pods are not asked for the checksum of their ring (backend.metricsPort)"
      : `these backend pods report no checksum of their ring: ${without.map(({ name }) => name).join(", ")}`;
  return (
    `${who}. If somebody else puts some of the ring's keys back, such a pod runs another ring under the number of the epoch. ` +
    "The barrier finds that in the ConfigMap and restarts such pods; a pod that starts later is not found. Have the " +
    "backend check DEDUP_RING_CHECKSUM (docs/reference/backend-contract.md), or set ringLock.enabled."
  );
}

/** @returns the same for the backend as it is now. Where nobody can say that is the remark: no plan fails for it. */
export async function remarkOnBackend(
  connection: ConnectionInputs,
  metrics: PodMetrics | undefined,
): Promise<string | undefined> {
  if (metrics === undefined) return checksumRemark(undefined);
  try {
    return checksumRemark(await (await openBackend(connection, metrics)).pods());
  } catch (error) {
    return `which ring the backend's pods run is not known: ${messageOf(error)}`;
  }
}
