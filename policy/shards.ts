/** The shards that a stack runs, with the files that they read: put together from what Kubernetes is to be given. */
import type { PolicyResource } from "@pulumi/policy";
import { SHARDS_APP } from "../components/shard-identity";

export const STATEFUL_SET = "kubernetes:apps/v1:StatefulSet";
const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";
const SECRET = "kubernetes:core/v1:Secret";

/** One shard as it would run. */
export interface Shard {
  readonly urn: string;
  /** Name of the StatefulSet. */
  readonly name: string;
  /** What Redis is started with. */
  readonly command: readonly string[];
  /** The text of `redis.conf`; empty where this stack declares none for the shard. */
  readonly conf: string;
  /** The text of `auth.conf`; empty where this stack declares none for the shard. */
  readonly auth: string;
}

interface Pod {
  readonly containers: readonly { readonly command?: readonly string[]; readonly args?: readonly string[] }[];
  readonly volumes?: readonly {
    readonly configMap?: { readonly name: string };
    readonly secret?: { secretName: string };
  }[];
}

interface Kube {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec: { readonly template: { readonly spec: Pod } };
}

/** @returns the shards among the resources of a stack. */
export function shardsOf(resources: readonly PolicyResource[]): readonly Shard[] {
  const objects = (wanted: string) => resources.filter(({ type }) => type === wanted);
  const named = (type: string, name: string | undefined) =>
    objects(type)
      .map(({ props }) => props as Kube)
      .find(({ metadata }) => metadata.name === name);
  return objects(STATEFUL_SET).flatMap(({ urn, props }) => {
    const { metadata, spec } = props as Kube;
    if (metadata.labels?.["app"] !== SHARDS_APP) return [];
    const { containers, volumes = [] } = spec.template.spec;
    const files = volumes.map(({ configMap, secret }) => ({
      conf: named(CONFIG_MAP, configMap?.name)?.data?.["redis.conf"] ?? "",
      auth: secretText(named(SECRET, secret?.secretName), "auth.conf"),
    }));
    return {
      urn,
      name: metadata.name,
      command: containers.flatMap(({ command = [], args = [] }) => [...command, ...args]),
      conf: files.map(({ conf }) => conf).join("\n"),
      auth: files.map(({ auth }) => auth).join("\n"),
    };
  });
}

/** Given as text, and given back by Kubernetes in base64. */
function secretText(secret: Kube | undefined, file: string): string {
  return secret?.stringData?.[file] ?? Buffer.from(secret?.data?.[file] ?? "", "base64").toString();
}
