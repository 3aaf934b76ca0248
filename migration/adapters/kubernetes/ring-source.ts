import { AppsV1Api, CoreV1Api, Watch, type V1ConfigMap } from "@kubernetes/client-node";
import { RESTART_ANNOTATION } from "../../contract/ring-config-map";
import { writersOfAnnotation, writersOfRing, type OtherWriter } from "../../contract/other-writers";
import type { RingSource, RingVersion } from "../../engines/ports/ring-source";
import type { BackendPlace } from "../backend-view";
import type { Cluster } from "../cluster";
import { versionsUntil } from "./watched-versions";

/** The ring ConfigMap of a cluster. */
export class ClusterRing implements RingSource {
  readonly name: string;
  private readonly core: CoreV1Api;

  constructor(
    private readonly cluster: Cluster,
    private readonly place: Pick<BackendPlace, "namespace" | "configMap" | "deployment">,
  ) {
    this.name = `${place.namespace}/${place.configMap}`;
    this.core = cluster.config.makeApiClient(CoreV1Api);
  }

  /** Lists instead of reading: a list has a resource version also where there is no ConfigMap yet. */
  async now(): Promise<RingVersion> {
    const { namespace, configMap } = this.place;
    const list = await this.cluster.explained(
      `ConfigMap ${this.name}`,
      this.core.listNamespacedConfigMap({ namespace, fieldSelector: `metadata.name=${configMap}` }),
    );
    const [found] = list.items;
    return found === undefined ? noneAt(list.metadata?.resourceVersion ?? "") : versionOf(found);
  }

  async since(resourceVersion: string): Promise<readonly RingVersion[] | undefined> {
    const now = await this.now();
    if (now.resourceVersion === resourceVersion) return [now];
    const { namespace, configMap } = this.place;
    const events = await versionsUntil<V1ConfigMap>(
      new Watch(this.cluster.config),
      `/api/v1/namespaces/${namespace}/configmaps`,
      { fieldSelector: `metadata.name=${configMap}`, resourceVersion },
      (type, { metadata }) =>
        now.data === undefined ? type === "DELETED" : metadata?.resourceVersion === now.resourceVersion,
    );
    return events?.map(({ type, object }) => (type === "DELETED" ? noneAt(now.resourceVersion) : versionOf(object)));
  }

  async annotationWriters(): Promise<readonly OtherWriter[]> {
    const { namespace, deployment: name } = this.place;
    const apps = this.cluster.config.makeApiClient(AppsV1Api);
    const found = apps.readNamespacedDeployment({ namespace, name });
    const { metadata } = await this.cluster.explained(`Deployment ${namespace}/${name}`, found);
    return writersOfAnnotation(metadata?.managedFields);
  }

  async restart(mark: string): Promise<void> {
    const annotations = { [RESTART_ANNOTATION]: mark };
    const { namespace, deployment } = this.place;
    await this.cluster.patchDeployment(namespace, deployment, { spec: { template: { metadata: { annotations } } } });
  }
}

const noneAt = (resourceVersion: string): RingVersion => ({ data: undefined, resourceVersion, otherWriters: [] });

const versionOf = ({ data = {}, metadata }: V1ConfigMap): RingVersion => ({
  data,
  resourceVersion: metadata?.resourceVersion ?? "",
  otherWriters: writersOfRing(metadata?.managedFields),
});
