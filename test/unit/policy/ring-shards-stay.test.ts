import { expect } from "chai";
import { RING_GATE } from "../../../policy/ring-gate";
import { ringShardsStay } from "../../../policy/ring-shards-stay";
import { STATEFUL_SET } from "../../../policy/shards";
import { judged } from "./judged";

/** Shards a and b go over to b and c; c is not run by the program. */
const gate = (phase: string) => ({
  type: RING_GATE,
  props: {
    phase,
    ring: { shards: ["a", "b"], targetShards: ["b", "c"] },
    connection: { shards: { a: "redis://a", b: "redis://b", c: "redis://c" }, managed: ["a", "b"] },
  },
});
const statefulSet = (shard: string) => ({ type: STATEFUL_SET, props: { metadata: { name: `redis-dedup-${shard}` } } });
const missing = (shard: string, phase: string) =>
  `${shard} is in a ring in phase "${phase}", but this stack would have neither StatefulSet redis-dedup-${shard} nor an ` +
  "address for it in shardUrls. Leave the shard where it is until no ring names it.";

describe("policy ring-shards-stay", () => {
  it("passes when every shard of both rings is there, or elsewhere", async () => {
    expect(await judged(ringShardsStay, [gate("cleanup"), statefulSet("a"), statefulSet("b")])).to.deep.equal([]);
  });

  it("fails for a shard that retires and is not drained", async () => {
    expect(await judged(ringShardsStay, [gate("cleanup"), statefulSet("b")])).to.deep.equal([missing("a", "cleanup")]);
  });

  it("fails for a shard of the target ring once a migration is open, not before", async () => {
    const { type, props } = gate("plan");
    const connection = { shards: { a: "redis://a", b: "redis://b" }, managed: ["a", "b"] };
    const both = [statefulSet("a"), statefulSet("b")];
    const without = (phase: string) => ({ type, props: { ...props, phase, connection } });
    expect(await judged(ringShardsStay, [without("plan"), ...both])).to.deep.equal([missing("c", "plan")]);
    expect(await judged(ringShardsStay, [without("stable"), ...both])).to.deep.equal([]);
  });

  it("says nothing of a stack without a ring", async () => {
    expect(await judged(ringShardsStay, [])).to.deep.equal([]);
  });
});
