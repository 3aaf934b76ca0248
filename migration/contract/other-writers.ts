/** Who else owns fields that belong to this program, as the API server's `managedFields` have it. Pure. */
import { EPOCH_ANNOTATION, FIELD_MANAGER, OWNED_KEYS } from "./ring-config-map";

/** An entry of an object's `metadata.managedFields`. */
export interface ManagedFields {
  readonly manager?: string;
  /** `Apply` (server-side) or `Update`. */
  readonly operation?: string;
  /** The fields that it wrote last, as a tree of `f:NAME`. */
  readonly fieldsV1?: object;
}

/** Another manager of some of this program's fields. */
export interface OtherWriter {
  readonly manager: string;
  /** Keys of the ConfigMap, or the annotation of the pod template. */
  readonly fields: readonly string[];
}

/** @returns the other managers of the ring's keys, of the ConfigMap's `managedFields`, by name. */
export const writersOfRing = (managed: readonly ManagedFields[] | undefined): readonly OtherWriter[] =>
  otherWriters(managed, ["data"], OWNED_KEYS);

/** @returns the other managers of the ring epoch's annotation, of the Deployment's `managedFields`, by name. */
export const writersOfAnnotation = (managed: readonly ManagedFields[] | undefined): readonly OtherWriter[] =>
  otherWriters(managed, ["spec", "template", "metadata", "annotations"], [EPOCH_ANNOTATION]);

function otherWriters(
  managed: readonly ManagedFields[] = [],
  path: readonly string[],
  names: readonly string[],
): readonly OtherWriter[] {
  const found = new Map<string, Set<string>>();
  for (const { manager = "an unnamed manager", fieldsV1 } of managed) {
    if (manager === FIELD_MANAGER) continue;
    const tree = path.reduce<unknown>((node, name) => childOf(node, name), fieldsV1);
    const fields = names.filter((name) => childOf(tree, name) !== undefined);
    if (fields.length > 0) found.set(manager, new Set([...(found.get(manager) ?? []), ...fields]));
  }
  return [...found].map(([manager, fields]) => ({ manager, fields: [...fields] }));
}

const childOf = (node: unknown, name: string): unknown =>
  typeof node === "object" && node !== null ? (node as Readonly<Record<string, unknown>>)[`f:${name}`] : undefined;
