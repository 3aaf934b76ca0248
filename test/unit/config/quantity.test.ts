import { expect } from "chai";
import { quantityOf } from "../../../migration/config/quantity";

describe("quantityOf", () => {
  for (const [text, value] of [
    ["4Gi", 4_294_967_296],
    ["4294967296000m", 4_294_967_296],
    ["1.5Gi", 1_610_612_736],
    ["100M", 100_000_000],
    ["1e9", 1_000_000_000],
    ["64k", 64_000],
    ["67108864", 67_108_864],
    ["500m", 0.5],
    ["0", 0],
  ] as const) {
    it(`reads ${text}`, () => expect(quantityOf(text)).to.equal(value));
  }

  for (const text of ["", "4GB", "-1Gi", "4 Gi", "Gi", "1e", "1e400", "0x10", "NaN"]) {
    it(`does not take "${text}"`, () => expect(quantityOf(text)).to.equal(undefined));
  }
});
