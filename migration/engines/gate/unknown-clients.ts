/** Connections to shards that belong to no pod of the backend and to no engine. Pure. */
import type { ShardClient } from "../shard-store";

/** A port-forward, `kubectl exec` and the exporter beside Redis come from the shard's own pod. */
const LOCAL = ["127.0.0.1", "::1"];

/**
 * @param podAddresses - of the backend's pods.
 * @returns who is unknown, by address: how many connections it has, and the command that one of them sent last.
 */
export function unknownClients(clients: readonly ShardClient[], podAddresses: readonly string[]): readonly string[] {
  const known = new Set([...LOCAL, ...podAddresses]);
  const unknown = clients.filter(
    ({ address, isEngine }) => !isEngine && !known.has(address) && !address.startsWith("/"),
  );
  const addresses = [...new Set(unknown.map(({ address }) => address))].sort();
  return addresses.map((address) => {
    const theirs = unknown.filter((client) => client.address === address);
    const connections = theirs.length === 1 ? "1 connection" : `${theirs.length} connections`;
    return `${address} (${connections}, last command ${theirs[0]?.command})`;
  });
}
