import type { ClusterBackend } from "../../adapters/backend-view";
import { GateClosedError, messageOf } from "../../engines/errors";
import { unknownClients } from "../../engines/gate/unknown-clients";
import type { ShardStore } from "../../engines/shard-store";
import { log } from "../inputs";

/**
 * Names who is connected to the shards and is neither a pod of the backend nor an engine: it may be a writer whose ring no
 * gate has looked at. A warning, for exporters and people connect as well; but where the backend has no pods, and the
 * operator says that nothing serves, such a client shows the opposite.
 *
 * @throws GateClosedError for unknown clients of a backend that is said to serve nothing.
 */
export async function lookAtClients(
  stores: readonly ShardStore[],
  backend: ClusterBackend,
  servesNothing = false,
): Promise<void> {
  // Where the pods cannot be listed the gate's own look at them says so.
  const pods = await backend.podAddresses().catch(() => undefined);
  if (pods === undefined) return;
  const found = await Promise.all(stores.map((store) => unknownTo(store, pods)));
  const unknown = found.filter((text) => text !== undefined);
  if (unknown.length === 0) return;
  const text = `clients that are no pod of the backend's Deployment are connected to ${unknown.join("; ")}`;
  if (servesNothing && pods.length === 0) {
    throw new GateClosedError(
      `backend.servesNothing says that nothing serves, but ${text}. End them, or name the Deployment that they belong to ` +
        "in backend.deployment, then run `pulumi up` again.",
    );
  }
  log(`warning: ${text}. Make sure that none of them writes claims: no gate knows which ring it has.`);
}

async function unknownTo(store: ShardStore, pods: readonly string[]): Promise<string | undefined> {
  try {
    const unknown = unknownClients(await store.clients(), pods);
    return unknown.length === 0 ? undefined : `${store.name}: ${unknown.join(", ")}`;
  } catch (error) {
    log(`who is connected to ${store.name} is not known: ${messageOf(error)}`);
    return undefined;
  }
}
