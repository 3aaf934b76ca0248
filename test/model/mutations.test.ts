import { expect } from "chai";
import { checkModel, NAME_ORDERS } from "./check";
import { MUTATIONS, REDUNDANT } from "./mutations";

describe("the model without one safeguard", function () {
  this.timeout(900_000);

  for (const { name, removed, without, size, breaks } of MUTATIONS) {
    for (const firstByName of NAME_ORDERS) {
      const invariant = breaks[firstByName];
      if (invariant === undefined) continue;
      it(`${removed} [${name}], the ${firstByName} owner's name first: breaks "${invariant}"`, () => {
        const { violation } = checkModel({ size, firstByName, without });
        expect(violation?.invariant).to.equal(invariant);
      });
    }
  }

  for (const { name, removed, without, size } of REDUNDANT) {
    it(`${removed} [${name}]: breaks nothing, other safeguards make up for it`, () => {
      const { violation, exhaustive } = checkModel({ size, firstByName: "target", without });
      expect(violation?.invariant).to.equal(undefined);
      expect(exhaustive).to.equal(true);
    });
  }
});
