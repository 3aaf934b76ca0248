/** Real shards with their cards, which each pod of a backend reaches by ways of its own. */
import { renameSync } from "node:fs";
import path from "node:path";
import { TcpProxy } from "../../faults/tcp-proxy";
import { RedisServer } from "../redis-servers";
import { CARD_KEY, cardOf } from "./two-shards";

/** The ways of one pod, by shard name. */
export type Ways = ReadonlyMap<string, TcpProxy>;

/** @returns the URLs that a pod has of the shards. */
export const urlsOf = (ways: Ways): Readonly<Record<string, string>> =>
  Object.fromEntries([...ways].map(([name, { url }]) => [name, url]));

const APPEND_ONLY = "appendonlydir";

export class ShardsBehindProxies {
  private readonly ways: Ways[] = [];

  private constructor(private readonly servers: ReadonlyMap<string, RedisServer>) {}

  /** Starts a server for each name. Each write reaches its disk before it is answered. */
  static async start(names: readonly string[]): Promise<ShardsBehindProxies> {
    const started = names.map(async (name) => {
      const server = await RedisServer.start({ persistent: true });
      await server.client.set(CARD_KEY, cardOf(name));
      return [name, server] as const;
    });
    return new ShardsBehindProxies(new Map(await Promise.all(started)));
  }

  server(name: string): RedisServer {
    return this.servers.get(name) as RedisServer;
  }

  /** Makes the ways of one more pod. */
  async waysOfPod(): Promise<Ways> {
    const all = [...this.servers].map(async ([name, { port }]) => [name, await TcpProxy.start(port)] as const);
    const ways: Ways = new Map(await Promise.all(all));
    this.ways.push(ways);
    return ways;
  }

  /** For some pods each of two names leads to the other one's shard, until what is returned is called. */
  swap(one: string, other: string, pods: readonly Ways[]): () => void {
    const lead = (name: string, to: string) => pods.forEach((ways) => ways.get(name)?.leadTo(this.server(to).port));
    lead(one, other);
    lead(other, one);
    return () => [one, other].forEach((name) => lead(name, name));
  }

  /** Takes a shard's data away while connections stay, in one command. What is returned brings it back in one. */
  async empty(name: string): Promise<() => Promise<void>> {
    const { client } = this.server(name);
    await client.swapdb(0, 1);
    return async () => void (await client.swapdb(0, 1));
  }

  /** Restarts a shard without its data. What is returned restarts it with the data, and without what came since. */
  async restartEmpty(name: string): Promise<() => Promise<void>> {
    const server = this.server(name);
    const [, dir = ""] = (await server.client.config("GET", "dir")) as [string, string];
    const [data, aside] = [path.join(dir, APPEND_ONLY), path.join(dir, "aside")];
    await server.restart({ meanwhile: () => Promise.resolve(renameSync(data, aside)) });
    const bringBack = () => {
      renameSync(data, path.join(dir, "since"));
      renameSync(aside, data);
      return Promise.resolve();
    };
    return () => server.restart({ meanwhile: bringBack });
  }

  async stop(): Promise<void> {
    const proxies = this.ways.flatMap((ways) => [...ways.values()]);
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await Promise.all([...this.servers.values()].map((server) => server.stop()));
  }
}
