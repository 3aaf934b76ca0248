/** What the command of a backup is told of the way to its shard, so that any redis-cli from 7.0 on can use it. */
import { once } from "node:events";
import { connect, createServer, isIPv6, type AddressInfo, type Socket } from "node:net";
import { openEndpoint, openShards, type OpenEndpoint, type ShardAccess, type ShardAddress } from "../open-shards";

const LOOPBACK = "127.0.0.1";

/** Where a shard is, and how it is reached. */
type Way = Pick<ShardAccess, "access" | "namespace" | "kubeContext">;

/**
 * Opens the way to a shard. For an IPv6 address it leads through a port of this machine, because redis-cli before 7.2
 * cannot read one in a URL (https://github.com/redis/redis/issues/11834).
 */
export async function openBackupWay(address: ShardAddress, how: Way): Promise<OpenEndpoint> {
  const way = await openEndpoint(address, how);
  return isIPv6(way.host) ? relay(way) : way;
}

/**
 * @returns the password, unless the shard answers that it asks for none: redis-cli gives up where it is told one then.
 *   Where the shard cannot be asked, as by TLS with an authority that is not known here, the password is returned.
 */
export async function passwordFor(address: ShardAddress, how: Way, password: string): Promise<string | undefined> {
  const login = { password };
  const open = await openShards([address], { ...how, keyPrefix: "", patient: false, login });
  try {
    return (await open.shards[0]?.ignoresPassword()) === true ? undefined : password;
  } catch {
    return password;
  } finally {
    open.close();
  }
}

async function relay(way: OpenEndpoint): Promise<OpenEndpoint> {
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect({ host: way.host, port: way.port });
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy()).on("close", () => sockets.delete(one));
    }
    from.pipe(to).pipe(from);
  });
  await once(server.listen(0, LOOPBACK), "listening");
  const { port } = server.address() as AddressInfo;
  const { protocol, pathname } = new URL(way.url);
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    way.close();
  };
  return { host: LOOPBACK, port, url: `${protocol}//${LOOPBACK}:${port}${pathname}`, close };
}
