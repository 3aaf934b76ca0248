import type { ResourceTransformation } from "@pulumi/pulumi";

const FIELD_MANAGER = "pulumi.com/patchFieldManager";

/** The part of a Kubernetes object's inputs that matters here. */
interface ObjectProps {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, unknown>> };
}

/**
 * Gives every Kubernetes object of a component one field manager, which the API server knows its fields by. The
 * provider's own choice is a new name for each object that it makes: after a run that was killed while it made one, the
 * next run would make it again, under another name, and be refused because of the fields that "somebody else" holds.
 * (What the backend owns is patched under a name of its own: see `BackendRing`.)
 *
 * @param manager - must be the stack's own, so that an object of the same name that another stack made is still refused.
 */
export const oneFieldManager =
  (manager: string): ResourceTransformation =>
  ({ type, props, opts }) => {
    if (!type.startsWith("kubernetes:")) return undefined;
    const { metadata, ...others } = props as ObjectProps;
    const annotations = { [FIELD_MANAGER]: manager, ...metadata?.annotations };
    return { props: { ...others, metadata: { ...metadata, annotations } }, opts };
  };
