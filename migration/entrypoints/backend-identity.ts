import { inTime } from "../adapters/in-time";
import type { BackendIdentity } from "../contract/shard-card";
import { messageOf } from "../engines/errors";
import type { Owner } from "../engines/run/owner";
import { log, type ConnectionInputs, type StepInputs } from "./inputs";

/** A step waits no longer than this for what only tells two namespaces of one name apart. */
const ANSWER_WITHIN_MS = 5_000;
/** Namespaces that a warning was given for in this process. */
const warned = new Set<string>();

/** @returns whom a resource's shards must belong to. */
export const ownerOf = async ({ connection, stack }: Pick<StepInputs, "connection" | "stack">): Promise<Owner> => ({
  backend: await backendIdentity(connection),
  ...(stack === undefined ? {} : { stack }),
});

/** @returns which backend a connection is about. Without the right to read its namespace the uid is absent, with a warning. */
async function backendIdentity(connection: ConnectionInputs): Promise<BackendIdentity> {
  const { namespace, configMap, kubeContext } = connection;
  try {
    // Loaded only where it is needed: the client is slow to start.
    const { Cluster } = await import("../adapters/cluster");
    const namespaceUid = await inTime(new Cluster(kubeContext || undefined).namespaceUid(namespace), ANSWER_WITHIN_MS);
    return { namespace, namespaceUid, configMap };
  } catch (error) {
    if (!warned.has(namespace)) log(unknownUid(namespace, messageOf(error)));
    warned.add(namespace);
    return { namespace, configMap };
  }
}

const unknownUid = (namespace: string, why: string): string =>
  `warning: the uid of namespace ${namespace} is not known, so its name alone says which backend shards belong to (${why}). ` +
  "Give this program the right to get the namespace.";
