import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** Which ConfigMap is locked, and what of it. */
export interface RingLockArgs {
  readonly namespace: string;
  /** The name of the ConfigMap. */
  readonly configMap: string;
  /** The keys that are the ring. */
  readonly keys: readonly string[];
  /** The one of them that holds the epoch. */
  readonly epochKey: string;
  /** The key that holds the checksum of the others, which may be added without another epoch. */
  readonly checksumKey: string;
}

/** CEL has 64-bit integers: https://kubernetes.io/docs/reference/using-api/cel/ */
const WHOLE_NUMBER = "^[0-9]{1,18}$";

/**
 * Has the API server refuse every write that changes the ring without a higher epoch, or deletes it, whoever the writer is:
 * an old manifest has an old epoch. It needs no list of friends, and leaves all other keys of the ConfigMap alone.
 *
 * Policies are cluster-wide, so this one is named by the namespace and the ConfigMap that it is for. See
 * https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
 */
export class RingLock extends pulumi.ComponentResource {
  constructor(name: string, args: RingLockArgs, opts?: pulumi.ComponentResourceOptions) {
    super("dedup-shards:redis:RingLock", name, {}, opts);
    // A namespace has no dot in its name, so no two ConfigMaps share one.
    const metadata = { name: `dedup-shards.ring.${args.namespace}.${args.configMap}` };
    const policy = new k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
      `${name}-policy`,
      { metadata, spec: { ...scopeOf(args), variables: variablesOf(args), validations: validationsOf(args) } },
      { parent: this },
    );
    new k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
      `${name}-binding`,
      { metadata, spec: { policyName: metadata.name, validationActions: ["Deny"] } },
      { parent: this, dependsOn: policy },
    );
    this.registerOutputs({});
  }
}

const scopeOf = ({ namespace, configMap }: RingLockArgs) => ({
  failurePolicy: "Fail",
  matchConstraints: {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    resourceRules: [
      {
        ...{ apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] },
        ...{ resourceNames: [configMap], operations: ["UPDATE", "DELETE"] },
      },
    ],
  },
});

/** A variable is worked out where it is used: on a delete there is no `object`. */
function variablesOf({ keys, epochKey, checksumKey }: RingLockArgs) {
  const sameIn = (list: string) => `${list}.all(k, variables.before[?k] == variables.after[?k])`;
  const epochIn = (data: string) =>
    `${data}[?'${epochKey}'].orValue('').matches('${WHOLE_NUMBER}') ? int(${data}['${epochKey}']) : -1`;
  const variables = {
    keys: JSON.stringify(keys),
    before: "oldObject.?data.orValue({})",
    after: "object.?data.orValue({})",
    sameRing: sameIn("variables.keys"),
    sameChecksum: `!('${checksumKey}' in variables.before) || ${sameIn(`['${checksumKey}']`)}`,
    whole: "variables.keys.all(k, k in variables.after)",
    rises: `(${epochIn("variables.after")}) > (${epochIn("variables.before")})`,
  };
  return Object.entries(variables).map(([name, expression]) => ({ name, expression }));
}

const validationsOf = ({ namespace, configMap, epochKey }: RingLockArgs) => [
  {
    expression:
      "request.operation == 'DELETE' || (variables.sameRing && variables.sameChecksum) || (variables.whole && variables.rises)",
    message:
      `the ring in ConfigMap ${namespace}/${configMap} is locked: its keys change only together with a higher ` +
      `${epochKey}, and are not deleted. dedup-shards moves the ring; take its keys out of this manifest.`,
    reason: "Forbidden",
  },
  {
    expression: "request.operation != 'DELETE' || has(namespaceObject.metadata.deletionTimestamp)",
    message:
      `ConfigMap ${namespace}/${configMap} has the ring that the backend starts from, so it is not deleted while its ` +
      "namespace stays. Set dedup-shards:ringLock.enabled to false first.",
    reason: "Forbidden",
  },
];
