/** The contract's script is what the reference backends run, word for word. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LATER_WRITE } from "../../lab/backend/scripts";

const ROOT = join(__dirname, "../../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

describe("the script of a claim's later writes", () => {
  const [, script = ""] = /```lua\n([^`]*)\n```/.exec(read("docs/reference/backend-contract.md")) ?? [];

  it("is in the contract", () => expect(script).to.include("SET"));

  it("is the reference backend's", () => expect(LATER_WRITE.trim()).to.equal(script));

  it("is the second router's", () => expect(read("test/second-router/claims.go")).to.include(`\n${script}\``));
});
