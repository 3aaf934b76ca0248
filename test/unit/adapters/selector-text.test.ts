import { expect } from "chai";
import { selectorText } from "../../../migration/adapters/selector-text";

describe("selectorText", () => {
  it("has every label and every expression", () => {
    const matchExpressions = [
      { key: "tier", operator: "In", values: ["api", "web"] },
      { key: "track", operator: "NotIn", values: ["canary"] },
      { key: "release", operator: "Exists" },
      { key: "debug", operator: "DoesNotExist" },
    ];
    expect(selectorText({ matchLabels: { app: "backend", part: "x" }, matchExpressions })).to.equal(
      "app=backend,part=x,tier in (api,web),track notin (canary),release,!debug",
    );
  });

  it("of expressions alone is not empty, which would mean every pod", () => {
    expect(selectorText({ matchExpressions: [{ key: "app", operator: "In", values: ["backend"] }] })).to.equal(
      "app in (backend)",
    );
  });

  it("does not pass over what it does not know", () => {
    expect(() => selectorText({ matchExpressions: [{ key: "age", operator: "Gt", values: ["3"] }] })).to.throw('"Gt"');
  });
});
