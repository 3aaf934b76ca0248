import { expect } from "chai";
import { readSettings } from "../../lab/backend/settings";

const RING = {
  DEDUP_SHARDS: "redis://redis-dedup-a-0.redis-dedup.n.svc:6379",
  DEDUP_DUAL_WRITE: "false",
  DEDUP_NEW_RING: "",
  DEDUP_RING_EPOCH: "3",
};

describe("the reference backend's settings", () => {
  it("are the ring that the ConfigMap has", () => {
    const { primary, secondary, epoch } = readSettings(RING);
    expect({ primary: primary.shards, secondary, epoch }).to.deep.equal({
      primary: ["a"],
      secondary: undefined,
      epoch: 3,
    });
    const both = readSettings({ ...RING, DEDUP_DUAL_WRITE: "true", DEDUP_NEW_RING: "a,b" });
    expect(both.secondary?.shards).to.deep.equal(["a", "b"]);
  });

  it("ask shards for their card only where that is turned on", () => {
    expect(readSettings(RING).asksCard).to.equal(false);
    const asking = { ...RING, DEDUP_ASK_CARD: "true", POD_NAMESPACE: "n" };
    expect(readSettings(asking)).to.include({ asksCard: true, namespace: "n" });
    expect(readSettings({ ...asking, POD_NAMESPACE: "" }).namespace).to.equal(undefined);
  });

  for (const [change, error] of [
    [{ DEDUP_SHARDS: "" }, "DEDUP_SHARDS is empty"],
    [{ DEDUP_DUAL_WRITE: undefined }, "DEDUP_DUAL_WRITE is empty"],
    [{ DEDUP_DUAL_WRITE: "True" }, "DEDUP_DUAL_WRITE: True is neither true nor false"],
    [{ DEDUP_DUAL_WRITE: "true" }, "DEDUP_NEW_RING is empty"],
    [{ DEDUP_ASK_CARD: "yes" }, "DEDUP_ASK_CARD: yes is neither true nor false"],
    [{ DEDUP_RING_CHECKSUM: "" }, "DEDUP_RING_CHECKSUM:  is not that of the ring beside it"],
    [{ DEDUP_RING_EPOCH: "" }, "DEDUP_RING_EPOCH is empty"],
    [{ DEDUP_RING_EPOCH: "3.5" }, "DEDUP_RING_EPOCH: 3.5 is not a whole number"],
  ] as const) {
    it(`do without nothing: ${error}`, () => {
      expect(() => readSettings({ ...RING, ...change })).to.throw(error);
    });
  }
});
