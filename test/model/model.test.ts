import { expect } from "chai";
import { checkModel, NAME_ORDERS } from "./check";
import { describeSize, SMALL } from "./sizes";

describe("the model with every safeguard", function () {
  this.timeout(900_000);

  for (const size of SMALL) {
    for (const firstByName of NAME_ORDERS) {
      it(`holds with ${describeSize(size)}, the ${firstByName} owner's name first`, () => {
        const { violation, exhaustive, states } = checkModel({ size, firstByName });
        expect(violation?.trace ?? [], violation?.invariant).to.deep.equal([]);
        expect(exhaustive).to.equal(true);
        // So many that the model has not stopped somewhere on its way.
        expect(states).to.be.greaterThan(25_000);
      });
    }
  }
});
