/** The vectors that backends are held against are what the model answers today. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { answerVectors, formatVectors, VECTORS_FILE, type AnswerVector } from "./answer-vectors";

describe("the answers of the model", () => {
  const vectors = answerVectors();

  it("are those in test/vectors: else run `npm run model -- --vectors`", () => {
    expect(formatVectors(vectors)).to.equal(readFileSync(VECTORS_FILE, "utf8"));
  });

  it("are of each kind of fault, and of each answer", () => {
    const counts = (["none", "swapped", "emptied", "late"] as const).map((fault) => {
      const answers = vectors.filter((vector) => vector.fault === fault).map(({ answer }) => answer);
      return [fault, ...["first", "duplicate", "retry"].map((kind) => answers.filter((one) => one === kind).length)];
    });
    expect(counts).to.deep.equal([
      ["none", 12, 22, 6],
      ["swapped", 0, 8, 64],
      ["emptied", 0, 2, 16],
      ["late", 4, 16, 20],
    ]);
  });

  it("are never first where the shard that decides is another one, or has lost its data", () => {
    const wrong = vectors.filter(({ shard, primary }) => shard === primary);
    expect(wrong.filter(({ answer }) => answer !== "retry")).to.deep.equal([]);
  });

  it("do not depend on which of the two rings is the target", () => {
    const texts = (some: readonly AnswerVector[]) => some.map((vector) => JSON.stringify(vector)).sort();
    expect(texts(answerVectors(["B", "DB"]))).to.deep.equal(texts(vectors));
  });
});
