import { Cluster } from "../adapters/cluster";

/** A preview must not hang on a cluster that does not answer. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * Asks the cluster which kinds of an API group it knows.
 *
 * @param kubeContext - the kubeconfig's context; empty for the current one.
 * @returns the kinds, or the Error that says why nobody knows.
 */
export async function clusterKinds(
  group: string,
  version: string,
  kubeContext: string,
): Promise<readonly string[] | Error> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    const error = new Error(`the Kubernetes API did not answer within ${ANSWER_WITHIN_MS / 1000} s`);
    timer = setTimeout(() => resolve(error), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([new Cluster(kubeContext || undefined).kinds(group, version), late]);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    clearTimeout(timer);
  }
}
