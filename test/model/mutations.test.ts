import { expect } from "chai";
import { checkModel, NAME_ORDERS } from "./check";
import { INVARIANTS, LIVENESS } from "./invariants";
import { checkMutation, MUTATIONS, REDUNDANT } from "./mutations";

describe("the model without one safeguard", function () {
  this.timeout(900_000);

  it("can break every invariant", () => {
    const broken = MUTATIONS.flatMap(({ breaks }) => Object.values(breaks));
    expect(broken).to.include.members([...INVARIANTS, ...LIVENESS].map(({ name }) => name));
  });

  for (const mutation of MUTATIONS) {
    const { name, removed, size, breaks } = mutation;
    const orders = NAME_ORDERS.filter((order) => breaks[order] !== undefined);
    // With more clients one order takes long enough; `npm run model` takes both.
    for (const firstByName of size.clients > 1 ? orders.slice(-1) : orders) {
      it(`${removed} [${name}], the ${firstByName} owner's name first: breaks "${breaks[firstByName]}"`, () => {
        const { violation } = checkMutation(mutation, firstByName);
        expect(violation?.invariant).to.equal(breaks[firstByName]);
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
