/**
 * A pod is stopped between its look at the claim window and its second write. A verify that waited for the window has
 * taken the first half for a left-over meanwhile, so the second half must not be taken.
 */
import { expect } from "chai";
import { Claims } from "../../lab/backend/claims";
import { RetryableError } from "../../lab/backend/retryable";
import { RedisShard, type Shard } from "../../lab/backend/shards";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { RingLab } from "../ring-lab";

// In the order of their names "shard-10", which joins, comes first: a claim's second write is to a current owner.
const CURRENT = ["shard-7", "shard-8", "shard-9"];
const TARGET = [...CURRENT, "shard-10"];
const LIFE_MS = 100_000;
const IDS = 10;

describe("a pod that is stopped before its second write, for longer than the claim window", function () {
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  let shards: ReadonlyMap<string, RedisShard>;

  beforeEach(async () => {
    [lab, cluster] = await Promise.all([RingLab.start(CURRENT, TARGET), PaperCluster.start()]);
    stack = new PaperStack(lab, cluster);
    stack.settings = { ...stack.settings, claimWindowMs: 300, commandTimeoutMs: 200 };
    shards = new Map([...lab.servers].map(([name, { url }]) => [name, new RedisShard(url, 1_000)]));
  });
  afterEach(async () => {
    for (const shard of shards.values()) shard.close();
    cluster.stop();
    await lab.stop();
  });

  const shardOf = (name: string): Shard => shards.get(name) as Shard;

  /** Pods of one config. */
  function pod(decides: "current" | "target", shard = shardOf) {
    const { current, target } = lab.rings;
    const claims = new Claims({
      primary: decides === "current" ? current : target,
      secondary: decides === "current" ? target : current,
      ...{ shard, keyPrefix: "pcs:", claimWindowMs: 300, now: Date.now },
    });
    return async (id: string, value: string): Promise<string> => {
      try {
        return (await claims.claim(id, { value, expiresAtMs: Date.now() + LIFE_MS })).answer;
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error;
        return "retry";
      }
    };
  }

  /** The way to the current owners, on which nothing is sent before it is opened. */
  function heldUp(): { readonly shard: typeof shardOf; readonly halves: () => number; readonly open: () => void } {
    let halves = 0;
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const shard = (name: string): Shard => {
      if (name === "shard-10") return shardOf(name);
      return Object.assign(Object.create(shardOf(name)) as Shard, {
        setIfAbsent: async (...args: Parameters<Shard["setIfAbsent"]>) => {
          halves++;
          await opened;
          return shardOf(name).setIfAbsent(...args);
        },
      });
    };
    return { shard, halves: () => halves, open };
  }

  it("is not first for an id that another client is given behind the verify", async () => {
    await lab.fill(50);
    for (const phase of ["stable", "plan", "copy"] as const) await stack.up(phase);
    await stack.passGate("dualWrite");
    await stack.rollOut();
    const { current, target } = lab.rings;
    const ids = Array.from({ length: 1_000 }, (_, i) => `w-${i}`)
      .filter((id) => target.ownerOf(id) === "shard-10" && current.ownerOf(id) !== "shard-10")
      .slice(0, IDS);
    const way = heldUp();
    const stopped = pod("current", way.shard);
    const one = Promise.all(ids.map((id) => stopped(id, `one ${id}`)));
    while (way.halves() < IDS) await lab.server("shard-10").client.ping();

    // Both wait for the window, and take the halves away.
    await stack.work("catchUp");
    await stack.work("verify");
    await stack.passGate("cutover");
    way.open();
    const told = await one;
    cluster.rollOut(stack.state?.data ?? {}, 3);
    await stack.work("catchUp");
    await stack.work("verify");
    const others = pod("target");
    const two = await Promise.all(ids.map((id) => others(id, `two ${id}`)));

    expect(told).to.deep.equal(ids.map(() => "retry"));
    expect(two).to.deep.equal(ids.map(() => "first"));
  });
});
