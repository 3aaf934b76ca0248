/** What an operator reads of others that own fields of the ring: who, what will happen, and what to change there. Pure. */
import type { OtherWriter } from "./other-writers";

/** Another owner of the ring's fields, in words. */
export interface WriterRemark {
  readonly text: string;
  /** What to change on its side. */
  readonly next: string;
}

/** The managers under which tools write, and what helps there: docs/guides/gitops-and-helm.md says how. */
const TOOLS: readonly (readonly [manager: RegExp, next: string])[] = [
  [/argocd/i, "take them out of the application's manifest, or ignore them there (ignoreDifferences)"],
  [/helm-controller/i, "take them out of the chart of its HelmRelease, or ignore them there (driftDetection.ignore)"],
  [/kustomize-controller|flux/i, "take them out of the manifests that Flux applies"],
  [/helm/i, "take them out of the chart, in the order of the guide: an upgrade deletes keys that leave a chart"],
  [/kubectl/i, "take them out of the manifest that is applied with kubectl"],
];
const ANY_OTHER = "find out what writes under that name, and take them out of it";

/**
 * @param where - the object, such as `ConfigMap NAMESPACE/NAME`.
 * @returns one remark for each other owner.
 */
export const remarksOn = (where: string, writers: readonly OtherWriter[]): readonly WriterRemark[] =>
  writers.map(({ manager, fields }) => ({
    text: `${manager} owns ${fields.join(", ")} of ${where} as well, and writes what its manifest has when it is applied again`,
    next: TOOLS.find(([pattern]) => pattern.test(manager))?.[1] ?? ANY_OTHER,
  }));
