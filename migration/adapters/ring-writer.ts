import { CoreV1Api, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { EPOCH_ANNOTATION, FIELD_MANAGER, RING_KEYS, type RingData } from "../contract/ring-config-map";
import { RingMovedError } from "../engines/gate/ring-moved-error";
import type { BackendPlace } from "./backend-view";
import type { Cluster } from "./cluster";

const AS_JSON_PATCH = setHeaderOptions("Content-Type", PatchStrategy.JsonPatch);
/** What the API server answers when a test of a patch fails, or the object was written at the same moment. */
const OTHER_RING = [409, 422];

/**
 * Writes the ring into the backend's ConfigMap, and then the epoch into the pod template of its Deployment, which restarts
 * its pods one after the other. What else is in both stays; Pulumi's next `up` takes the fields back by force.
 *
 * The API server compares the ring that is replaced in the same request: a process that slept since it looked, while others
 * moved the ring, writes nothing.
 *
 * @param replaced - the ring that `data` is to take the place of.
 * @throws RingMovedError when the live ring is another one by now; Error that names the object when the cluster refuses.
 */
export async function writeRing(
  cluster: Cluster,
  { namespace, configMap, deployment }: Pick<BackendPlace, "namespace" | "configMap" | "deployment">,
  replaced: RingData,
  data: RingData,
): Promise<void> {
  const where = `ConfigMap ${namespace}/${configMap}`;
  const body = [
    ...RING_KEYS.map((key) => ({ op: "test", path: `/data/${key}`, value: replaced[key] ?? "" })),
    ...Object.entries(data).map(([key, value]) => ({ op: "add", path: `/data/${key}`, value })),
  ];
  const patch = { namespace, name: configMap, body, fieldManager: FIELD_MANAGER };
  const written = cluster.config.makeApiClient(CoreV1Api).patchNamespacedConfigMap(patch, AS_JSON_PATCH);
  await written.catch((error: unknown) => {
    if (OTHER_RING.includes((error as { code?: number }).code ?? 0)) throw new RingMovedError(where, replaced);
    return cluster.explained(where, Promise.reject(error as Error), "write");
  });
  const annotations = { [EPOCH_ANNOTATION]: data["DEDUP_RING_EPOCH"] };
  await cluster.patchDeployment(namespace, deployment, { spec: { template: { metadata: { annotations } } } });
}
