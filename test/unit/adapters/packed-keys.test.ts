import { expect } from "chai";
import { packKeys } from "../../../migration/adapters/packed-keys";

describe("packKeys", () => {
  it("packs an array of strings as MessagePack has them", () => {
    expect(packKeys([Buffer.from("ab"), Buffer.alloc(0), Buffer.from([0, 255])]).toString("hex")).to.equal(
      ["dd00000003", "db00000002", "6162", "db00000000", "db00000002", "00ff"].join(""),
    );
  });

  it("packs no keys, and long ones", () => {
    expect(packKeys([]).toString("hex")).to.equal("dd00000000");
    const packed = packKeys([Buffer.alloc(70_000, 7)]);
    expect(packed.readUInt32BE(6)).to.equal(70_000);
    expect(packed.subarray(10).every((byte) => byte === 7)).to.equal(true);
  });
});
