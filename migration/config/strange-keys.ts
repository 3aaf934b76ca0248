import { keyOf, type ConfigProblem } from "./config-error";

/** @returns a problem for every key that nobody reads: a slip of the pen, whose default would apply unseen. */
export function unknownKeys(found: readonly string[], known: readonly string[]): ConfigProblem[] {
  const strange = found.filter((key) => !known.includes(key));
  // The value is not shown: it may be a password under a wrong name.
  return strange.map((key) => ({ key: keyOf(key), value: "an unknown key", allowed: suggestion(key, known) }));
}

function suggestion(key: string, known: readonly string[]): string {
  const [whole = ""] = key.split(/[.[]/);
  if (known.includes(whole)) return `fields of dedup-shards:${whole}, set by pulumi config set --path`;
  const [closest] = [...known].sort((a, b) => distance(key, a) - distance(key, b));
  return `the closest is dedup-shards:${closest}; all are ${known.join(", ")}`;
}

/** Letters to insert, delete or replace until one text is the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const above = row;
    row = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (above[j] ?? 0) + (letter.toLowerCase() === other.toLowerCase() ? 0 : 1);
      row.push(Math.min(replaced, (above[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}

const FOLLOWED = "KUBECONFIG in the environment and kubernetes:context instead, which the migration follows as well";

/**
 * Settings of the Kubernetes provider that lead it to another cluster than the engines, which know the kubeconfig
 * (KUBECONFIG, or the default one) and `kubernetes:context`; or whose change makes Pulumi replace the provider, and with
 * it every object: https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/
 */
const REFUSED: Readonly<Record<string, string>> = {
  "kubernetes:kubeconfig": FOLLOWED,
  "kubernetes:cluster": FOLLOWED,
  "kubernetes:clusterIdentifier": "not set, because a change of it replaces every object of the stack",
  "kubernetes:renderYamlToDirectory": "not set, because the shards would be files, and those in the cluster deleted",
};

/** @returns a problem for each setting of the Kubernetes provider that this program cannot be run with. */
export const otherClusters = (all: Readonly<Record<string, string>>): ConfigProblem[] =>
  Object.entries(REFUSED)
    .filter(([key]) => all[key])
    .map(([key, allowed]) => ({ key, value: "set", allowed }));
