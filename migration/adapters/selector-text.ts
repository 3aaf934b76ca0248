import type { V1LabelSelector, V1LabelSelectorRequirement } from "@kubernetes/client-node";

/**
 * A selector as a list request takes it. Left out requirements would let other pods of the namespace in.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 *
 * @throws Error for an operator that is not known here.
 */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: V1LabelSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...equal, ...matchExpressions.map(requirementText)].join(",");
}

function requirementText({ key, operator, values = [] }: V1LabelSelectorRequirement): string {
  const list = `(${values.join(",")})`;
  if (operator === "In") return `${key} in ${list}`;
  if (operator === "NotIn") return `${key} notin ${list}`;
  if (operator === "Exists") return key;
  if (operator === "DoesNotExist") return `!${key}`;
  throw new Error(`its selector has the operator "${operator}", which is not known here`);
}
