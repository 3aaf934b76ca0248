/** Whether the Kubernetes object that a guard stands before is still there. */
import type { ConnectionInputs } from "./inputs";

/** What a guard knows of its shard's StatefulSet. */
export interface Guarded {
  readonly shard: string;
  readonly connection: Pick<ConnectionInputs, "namespace" | "kubeContext" | "shards">;
  /** The StatefulSet that the guard was made for. */
  readonly uid: string;
}

/** The StatefulSets that take the place of guarded ones in this run, by namespace and shard. */
const successors = new Map<string, string>();
const keyOf = ({ shard, connection }: Omit<Guarded, "uid">): string => `${connection.namespace}/${shard}`;

/** Notes that the guard is replaced because its StatefulSet is another one now: that one stays, whatever the guard says. */
export const noteSuccessor = (guard: Guarded): void => void successors.set(keyOf(guard), guard.uid);

/**
 * @returns whether the object is gone, so that nothing is lost when its guard goes: no StatefulSet has its name, or one
 *   that this run keeps has taken its place. A StatefulSet that somebody made by hand may be about to be deleted by its
 *   name: it is guarded as the one before.
 */
export async function isObjectGone(guard: Guarded): Promise<boolean> {
  const name = statefulSetOf(guard);
  if (name === undefined) return false;
  const { Cluster } = await import("../adapters/cluster");
  const { namespace, kubeContext } = guard.connection;
  const uid = await new Cluster(kubeContext || undefined).statefulSetUid(namespace, name);
  return uid === undefined || (uid !== guard.uid && uid === successors.get(keyOf(guard)));
}

/** The StatefulSet behind a shard's URL, `redis://<StatefulSet>-0.<service>.<namespace>.svc`; undefined for any other. */
function statefulSetOf({ shard, connection }: Omit<Guarded, "uid">): string | undefined {
  const url = connection.shards[shard];
  if (url === undefined) return undefined;
  const [pod, , namespace, svc] = new URL(url).hostname.split(".");
  return svc === "svc" && namespace === connection.namespace ? /^(.+)-0$/.exec(pod ?? "")?.[1] : undefined;
}
