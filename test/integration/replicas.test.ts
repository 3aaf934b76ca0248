import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisShard } from "../../migration/adapters/redis-shard";
import { RedisServer } from "./redis-servers";

describe("replicas of a shard", function () {
  this.timeout(30_000);
  let servers: RedisServer[];
  let shard: RedisShard;
  beforeEach(async () => {
    const primary = await RedisServer.start();
    servers = [primary];
    const { host, port, url } = primary;
    shard = new RedisShard({ name: "a", url, host, port, db: 0 }, "pcs:");
  });
  afterEach(async () => {
    shard.close();
    for (const server of servers) await server.stop();
  });

  it("are none where there are none", async () => {
    expect(await shard.replicas()).to.deep.equal([]);
  });

  it("are told of, with how far they are behind", async () => {
    const replica = await RedisServer.start();
    servers.push(replica);
    await replica.client.replicaof(servers[0]?.host ?? "", servers[0]?.port ?? 0);
    const isUp = async () => /master_link_status:up/.test(await replica.client.info("replication"));
    while (!(await isUp())) await sleep(50);
    let found = await shard.replicas();
    while (found[0]?.state !== "online") {
      await sleep(50);
      found = await shard.replicas();
    }
    expect(found).to.have.lengthOf(1);
    expect(found[0]?.lagSeconds).to.be.within(0, 5);
  });
});
