import { expect } from "chai";
import { formatBytes, formatCount, formatPercent } from "../../../migration/plan/format";

describe("numbers in the plan", () => {
  it("counts have thousands separated", () => {
    expect([0, 999, 1000, 1_234_567].map(formatCount)).to.deep.equal(["0", "999", "1,000", "1,234,567"]);
  });

  it("fractions are percent with two decimals, and something never reads as nothing", () => {
    expect([0, 0.000001, 0.00005, 0.08414, 0.25, 1].map(formatPercent)).to.deep.equal([
      "0.00 %",
      "< 0.01 %",
      "0.01 %",
      "8.41 %",
      "25.00 %",
      "100.00 %",
    ]);
  });

  it("bytes take the largest unit that leaves at least one", () => {
    const bytes = [0, 1023, 1024, 1024 ** 2 - 1, 1.5 * 1024 ** 3, 1024 ** 6];
    expect(bytes.map((n) => formatBytes(n))).to.deep.equal([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1024.0 KiB",
      "1.5 GiB",
      "1024.0 PiB",
    ]);
  });

  it("bytes are rounded the way the caller asks for", () => {
    const bytes = 1.25 * 1024 ** 2 + 1;
    expect(formatBytes(bytes, Math.ceil)).to.equal("1.3 MiB");
    expect(formatBytes(bytes, Math.floor)).to.equal("1.2 MiB");
  });
});
