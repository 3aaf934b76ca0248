import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NO_PRE_COPY, NO_VERIFY } from "../../faults/bugs";
import { applyTo, kindOf } from "../../mutation/mutation";
import { MUTATIONS as MODEL_MUTATIONS } from "../../model/mutations";
import { MUTATIONS } from "../../mutation/mutations";

const ROOT = join(__dirname, "../../..");

describe("the mutations", () => {
  it("have names of their own", () => {
    const names = MUTATIONS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
  });

  for (const mutation of [NO_VERIFY, NO_PRE_COPY]) {
    it(`${mutation.name}, of the fault campaign: its text occurs once in ${mutation.file}`, () => {
      const text = readFileSync(join(ROOT, mutation.file), "utf8");
      expect(applyTo(text, mutation)).to.not.equal(text);
    });
  }

  for (const mutation of MUTATIONS) {
    it(`${mutation.name}: its text occurs once in ${mutation.file}, and its tests are there`, () => {
      const text = readFileSync(join(ROOT, mutation.file), "utf8");
      expect(applyTo(text, mutation)).to.not.equal(text);
      expect(mutation.tests.filter((test) => !existsSync(join(ROOT, test)))).to.deep.equal([]);
      expect(kindOf(mutation)).to.be.oneOf(["unit", "integration", "e2e"]);
    });
  }

  it("are in docs/evidence/safeguards.md, each with the test that notices", () => {
    const page = readFileSync(join(ROOT, "docs/evidence/safeguards.md"), "utf8");
    const listed = [...page.matchAll(/\[([\w-]+)\] +\|/g)].map(([, name]) => name);
    expect(listed).to.have.members(MUTATIONS.map(({ name }) => name));
  });

  it("stand beside each safeguard of the model that docs/evidence/safeguards.md has", () => {
    const page = readFileSync(join(ROOT, "docs/evidence/safeguards.md"), "utf8");
    const [, table = ""] = /\n\| in the model.*\n\|.*\n((?:\|.*\n)+)/.exec(page) ?? [];
    const column = (which: number) =>
      table
        .split("\n")
        .flatMap((row) => [...(row.split("|")[which] ?? "").matchAll(/`([\w-]+)`/g)].map(([, name]) => name));
    expect(column(1)).to.have.members(MODEL_MUTATIONS.map(({ name }) => name));
    expect(MUTATIONS.map(({ name }) => name)).to.include.members(column(2));
  });

  it("are refused where their text does not occur, or more than once", () => {
    const mutation = { name: "m", removed: "", file: "f", find: "a.b", replace: "", tests: [] };
    expect(applyTo("1 a.b 2", { ...mutation, replace: "$&" })).to.equal("1 $& 2");
    for (const [text, times] of [
      ["axb", 0],
      ["a.b a.b", 2],
    ] as const) {
      expect(() => applyTo(text, mutation)).to.throw(
        `mutation m: its text is to occur once in f, and does so ${times} times`,
      );
    }
  });
});
