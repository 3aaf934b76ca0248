import { expect } from "chai";
import { MUTATIONS, tryOut, TWO_CLIENTS } from "./mutations";

describe("the model", function () {
  this.timeout(300_000);

  for (const firstByName of ["current", "target"] as const) {
    it(`holds with every safeguard, the ${firstByName} owner first by name`, () => {
      const { exhaustive, violation, states } = tryOut(TWO_CLIENTS, firstByName);
      expect(violation?.trace.join("\n")).to.equal(undefined);
      expect(exhaustive).to.equal(true);
      expect(states).to.be.greaterThan(100_000);
    });
  }

  for (const { removed, safeguards, breaks, size = TWO_CLIENTS } of MUTATIONS) {
    it(`breaks without ${removed}`, () => {
      expect(breaks).to.include(tryOut(size, "current", safeguards).violation?.invariant);
    });
  }
});
