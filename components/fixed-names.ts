import type { ResourceTransformation } from "@pulumi/pulumi";

/** The part of a Kubernetes object's inputs that matters here. */
interface ObjectProps {
  readonly metadata?: { readonly name?: unknown };
}

/**
 * Makes Pulumi delete an object of a fixed name before it makes another one of that name.
 *
 * Pulumi replaces by making the new object first. Under a fixed name the new object is the old one, which is then deleted:
 * `pulumi up --replace` of a shard's StatefulSet would take the shard away and believe that it is there. The Kubernetes
 * provider knows fixed names, but is not asked when `--replace`, `pulumi state taint` or another provider asks for the
 * replacement. With the order turned, the guard that depends on a StatefulSet is deleted first as well, and so it is asked.
 */
export const replaceFixedNames: ResourceTransformation = ({ type, props, opts }) => {
  const { metadata } = props as ObjectProps;
  if (!type.startsWith("kubernetes:") || metadata?.name === undefined) return undefined;
  return { props, opts: { ...opts, deleteBeforeReplace: true } };
};
