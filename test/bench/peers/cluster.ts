/** A Redis Cluster of two servers, and its own way to move keys: `redis-cli --cluster reshard`. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { RedisServer } from "../../integration/redis-servers";

const SLOTS = 16_384;
/** More at once adds nothing: measured with 10, 100 and 1000. */
const PIPELINE = 100;
// A server whose last slot has gone would become a replica, and could not be given any.
const SETTINGS = { settings: ["--cluster-enabled", "yes", "--cluster-allow-replica-migration", "no"] };

export class Cluster {
  private constructor(
    private readonly full: RedisServer,
    private readonly empty: RedisServer,
  ) {}

  /** All slots, and the keys, on the first server. */
  static async start(fill: (server: RedisServer) => Promise<unknown>): Promise<Cluster> {
    const [full, empty] = await Promise.all([RedisServer.start(SETTINGS), RedisServer.start(SETTINGS)]);
    await full.client.cluster("ADDSLOTSRANGE", 0, SLOTS - 1);
    await full.client.cluster("MEET", empty.host, empty.port);
    for (const { client } of [full, empty]) {
      while (!/cluster_state:ok[^]*cluster_known_nodes:2/.test(String(await client.cluster("INFO"))))
        await client.ping();
    }
    await fill(full);
    return new Cluster(full, empty);
  }

  /** @returns how many keys went over. */
  async move(share: number): Promise<number> {
    const before = await this.empty.client.dbsize();
    await reshard(this.full, this.empty, Math.round(share * SLOTS));
    return (await this.empty.client.dbsize()) - before;
  }

  async moveBack(share: number): Promise<void> {
    if ((await this.empty.client.dbsize()) > 0) await reshard(this.empty, this.full, Math.round(share * SLOTS));
  }

  async stop(): Promise<void> {
    await Promise.all([this.full.stop(), this.empty.stop()]);
  }
}

async function reshard(from: RedisServer, to: RedisServer, slots: number): Promise<void> {
  const [source, target] = await Promise.all([from, to].map(({ client }) => client.cluster("MYID")));
  const options = {
    "cluster-from": String(source),
    "cluster-to": String(target),
    "cluster-slots": String(slots),
    "cluster-pipeline": String(PIPELINE),
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const address = `${from.host}:${from.port}`;
  await promisify(execFile)("redis-cli", ["--cluster", "reshard", address, ...args, "--cluster-yes"], {
    maxBuffer: 2 ** 28,
  });
}
