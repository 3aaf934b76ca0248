import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** The annotation of the backend's pods that says which ring they started with. Another value restarts them. */
export const RING_EPOCH_ANNOTATION = "dedup-shards/ring-epoch";

/** The annotation that restarts the backend's pods within one epoch. */
export const RING_RESTART_ANNOTATION = "dedup-shards/ring-restart";

/** The annotation of the ConfigMap by which its keys are written once more: Pulumi sees no other difference. */
const PUT_BACK = "dedup-shards/put-back";

/** Under this name the API server records which fields belong to this program. */
export const FIELD_MANAGER = "dedup-shards";

/** The ring as the backend reads it. */
export interface BackendRingArgs {
  /** The backend's namespace. */
  readonly namespace: pulumi.Input<string>;
  /** The ConfigMap that the backend reads at its start. */
  readonly configMap: pulumi.Input<string>;
  /** The backend's Deployment, which somebody else owns. */
  readonly deployment: pulumi.Input<string>;
  /** `patch`: somebody else owns the ConfigMap too. `own`: this program declares it. */
  readonly manage: "patch" | "own";
  /** The ring's keys of the ConfigMap. */
  readonly data: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Rises with every change of the ring. */
  readonly epoch: pulumi.Input<number>;
  /** New whenever the ring of an epoch is written once more, and its pods are restarted. @default it has not been */
  readonly putBack?: pulumi.Input<string | undefined>;
  /** How long a rolling restart of the backend may take. */
  readonly rolloutTimeoutMs: number;
}

/** The ring's keys in the backend's ConfigMap, and then the rolling restart that makes every pod read them. */
export class BackendRing extends pulumi.ComponentResource {
  /** The ring's keys in the ConfigMap. */
  readonly ring: k8s.core.v1.ConfigMapPatch;
  /** The restart: done when the Deployment says so, which is before the last old pod has ended. */
  readonly rollout: k8s.apps.v1.DeploymentPatch;

  constructor(name: string, args: BackendRingArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:redis:BackendRing", name, {}, opts);
    const owned = args.manage === "own" ? [this.declareConfigMap(name, args)] : [];
    this.ring = this.patchConfigMap(name, args, owned);
    this.rollout = this.patchDeployment(name, args);
    this.registerOutputs({});
  }

  /**
   * The ConfigMap alone, without the ring's keys: those are patched in either way. The provider changes the data of a
   * ConfigMap by deleting and making it anew, and a backend pod that starts in between finds none.
   */
  private declareConfigMap(name: string, { namespace, configMap }: BackendRingArgs): k8s.core.v1.ConfigMap {
    return new k8s.core.v1.ConfigMap(
      `${name}-configmap`,
      { metadata: { name: configMap, namespace } },
      // Kept when `manage` goes back to `patch` or the stack goes: the backend cannot start without it.
      { parent: this, retainOnDelete: true },
    );
  }

  private patchConfigMap(name: string, args: BackendRingArgs, owned: pulumi.Resource[]): k8s.core.v1.ConfigMapPatch {
    return new k8s.core.v1.ConfigMapPatch(
      `${name}-ring`,
      { metadata: patchMetadata(args.configMap, args.namespace, { [PUT_BACK]: args.putBack }), data: args.data },
      this.patchOptions(args, owned),
    );
  }

  private patchDeployment(name: string, args: BackendRingArgs): k8s.apps.v1.DeploymentPatch {
    const epoch = pulumi.output(args.epoch).apply(String);
    const annotations = definedOnly({ [RING_EPOCH_ANNOTATION]: epoch, [RING_RESTART_ANNOTATION]: args.putBack });
    return new k8s.apps.v1.DeploymentPatch(
      `${name}-rollout`,
      {
        metadata: patchMetadata(args.deployment, args.namespace),
        spec: { template: { metadata: { annotations } } },
      },
      this.patchOptions(args, [this.ring]),
    );
  }

  /** Deleting a patch removes its fields from the live object: the backend would restart without a ring. */
  private patchOptions({ rolloutTimeoutMs }: BackendRingArgs, dependsOn: pulumi.Resource[]) {
    const timeout = `${Math.ceil(rolloutTimeoutMs / 1000)}s`;
    return {
      parent: this,
      dependsOn,
      retainOnDelete: true,
      customTimeouts: { create: timeout, update: timeout },
    } satisfies pulumi.CustomResourceOptions;
  }
}

/** The force takes fields over that kubectl or Helm wrote; the manager's name stays the same when state is lost. */
const patchMetadata = (name: pulumi.Input<string>, namespace: pulumi.Input<string>, annotations: Annotations = {}) => ({
  name,
  namespace,
  annotations: definedOnly({
    ...{ "pulumi.com/patchForce": "true", "pulumi.com/patchFieldManager": FIELD_MANAGER },
    ...annotations,
  }),
});

type Annotations = Readonly<Record<string, pulumi.Input<string | undefined>>>;

/** Kubernetes knows no annotation without a value. */
const definedOnly = (annotations: Annotations): pulumi.Output<Record<string, string>> =>
  pulumi
    .all(annotations)
    .apply((all) => Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => !!entry[1])));
