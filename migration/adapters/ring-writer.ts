import { EPOCH_ANNOTATION, type BackendPlace } from "./backend-view";
import type { Cluster } from "./cluster";

/**
 * Writes the ring into the backend's ConfigMap, and then the epoch into the pod template of its Deployment, which restarts
 * its pods one after the other. What else is in both stays; Pulumi's next `up` takes the fields back by force.
 *
 * @throws Error that names the object when the cluster refuses.
 */
export async function writeRing(
  cluster: Cluster,
  { namespace, configMap, deployment }: Pick<BackendPlace, "namespace" | "configMap" | "deployment">,
  data: Readonly<Record<string, string>>,
  epoch: number,
): Promise<void> {
  await cluster.patchConfigMap(namespace, configMap, { data });
  const annotations = { [EPOCH_ANNOTATION]: String(epoch) };
  await cluster.patchDeployment(namespace, deployment, { spec: { template: { metadata: { annotations } } } });
}
