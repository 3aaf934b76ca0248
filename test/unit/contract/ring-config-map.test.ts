import { expect } from "chai";
import {
  differingKeys,
  isTornRing,
  numbered,
  OWNED_KEYS,
  ringChecksum,
} from "../../../migration/contract/ring-config-map";
import { checkedRing } from "../../lab/backend/ring-checksum";
import vectors from "../../vectors/ring-checksum-vectors.json";

const RING = numbered({ DEDUP_SHARDS: "redis://a,redis://b", DEDUP_DUAL_WRITE: "false", DEDUP_NEW_RING: "" }, 3);

describe("the ring in the ConfigMap", () => {
  for (const { name, ring, checksum } of vectors) {
    it(`has the checksum of the vectors: ${name}`, () => {
      expect(ringChecksum(ring)).to.equal(checksum);
      expect(ringChecksum({ ...ring, LOG_LEVEL: "debug", DEDUP_RING_CHECKSUM: "other" })).to.equal(checksum);
    });
  }

  it("carries a checksum that a backend agrees with", () => {
    expect(checkedRing(RING)).to.equal(RING["DEDUP_RING_CHECKSUM"]);
    expect(isTornRing(RING)).to.equal(false);
  });

  for (const key of OWNED_KEYS) {
    it(`is another one when ${key} is another, or gone`, () => {
      const without = Object.fromEntries(Object.entries(RING).filter(([name]) => name !== key));
      expect(differingKeys({ ...RING, [key]: "x" }, RING)).to.deep.equal([key]);
      expect(isTornRing({ ...RING, [key]: "x" })).to.equal(true);
      expect(() => checkedRing({ ...RING, [key]: "x" })).to.throw("is not that of the ring beside it");
      // Without a checksum there is nothing to hold the others against.
      const isChecksum = key === "DEDUP_RING_CHECKSUM";
      expect(differingKeys(without, RING)).to.deep.equal(isChecksum ? [] : [key]);
      expect(isTornRing(without)).to.equal(!isChecksum && RING[key] !== "");
    });
  }

  it("is another one where there is no ConfigMap, and the same whatever else is in it", () => {
    expect(differingKeys(undefined, RING)).to.include("DEDUP_SHARDS");
    expect(differingKeys({ ...RING, LOG_LEVEL: "debug" }, RING)).to.deep.equal([]);
  });
});
