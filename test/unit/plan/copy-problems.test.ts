import { expect } from "chai";
import { stallProblems, typeProblems, typeWarnings, versionFindings } from "../../../migration/plan/copy-problems";
import { copyStallMs } from "../../../migration/plan/copy-stall";
import { MIB, mover, shardCensus } from "./fixtures";

const EDGE = { from: "shard-0", to: "shard-3" };
const example = { key: Buffer.from("pcs:a"), bytes: 10 };
const lists = { ...EDGE, type: "list", keys: 1_200, example };
const strings = [shardCensus("shard-0", { edges: [mover("shard-0", "shard-3", 10)] })];
const withLists = [shardCensus("shard-0", { edges: [mover("shard-0", "shard-3", 10)], types: [lists] })];

const all = () => true;
const notForth = (from: string) => from === "shard-3";
const notBack = (from: string) => from === "shard-0";

const FORTH =
  "shard-0 → shard-3: shard-3 cannot read what shard-0 serializes, because its server is older or of another kind";
const BACK =
  "shard-3 → shard-0: on a way back after the cutover, values that are not strings cannot be copied, because shard-0 " +
  "cannot read what shard-3 serializes. Next: nothing if all writes are strings; otherwise upgrade shard-0 first.";

describe("versions that go together", () => {
  it("of which each reads the other, are nothing to tell", () => {
    expect(versionFindings(withLists, all)).to.deep.equal({ problems: [], warnings: [] });
  });

  it("forbid movers that are not strings where the target does not read them", () => {
    expect(versionFindings(withLists, notForth)).to.deep.equal({
      problems: [
        `${FORTH}, and its movers are not all strings (1,200 of type list). Next: upgrade shard-3 to the version of ` +
          "shard-0 or newer, of the same kind, and plan again.",
      ],
      warnings: [],
    });
  });

  it("let strings go anywhere, with a warning", () => {
    const warning = `${FORTH}. Only strings can be copied, and all of its movers are strings now. Next: nothing.`;
    expect(versionFindings(strings, notForth)).to.deep.equal({ problems: [], warnings: [warning] });
  });

  it("warn of a way back that is for strings only", () => {
    expect(versionFindings(withLists, notBack)).to.deep.equal({ problems: [], warnings: [BACK] });
  });
});

describe("types of modules", () => {
  it("that the other shard refuses are problems, by key and reply", () => {
    const refused = { ...EDGE, type: "vectorset", key: "pcs:v", reply: "ERR Bad data format" };
    expect(typeProblems([refused])).to.deep.equal([
      "shard-3 does not take pcs:v of shard-0, a value of type vectorset: ERR Bad data format. Next: load the module that " +
        "it needs on shard-3, or move or delete these keys by hand, and plan again.",
    ]);
  });

  it("that nobody can compare member by member are warned of", () => {
    const json = { ...lists, type: "ReJSON-RL", keys: 1 };
    expect(typeWarnings([shardCensus("shard-0", { types: [lists, json] })])).to.deep.equal([
      "shard-0 → shard-3: 1 key is of type ReJSON-RL, which is compared as its module serializes it. If the module " +
        "serializes equal values in different ways, verify never comes out clean and the cutover stays closed. Next: " +
        "nothing, or move these keys by hand.",
    ]);
  });
});

describe("values that hold a shard up", () => {
  const hash = { shard: "shard-0", key: "pcs:h", bytes: 40 * MIB, type: "hash", members: 1_000_000 };

  it("take as long as their bytes or their members do, whatever is more", () => {
    expect(copyStallMs({ bytes: 50_000_000, members: 1 })).to.equal(302);
    expect(copyStallMs({ bytes: 1_000, members: 2_000_000 })).to.be.above(
      copyStallMs({ bytes: 50_000_000, members: 1 }),
    );
  });

  it("wait for an operator's word", () => {
    const stallMs = copyStallMs(hash);
    const census = [shardCensus("shard-0", { slowest: [hash] })];
    expect(stallProblems(census, stallMs)).to.deep.equal([]);
    expect(stallProblems(census, 250)).to.deep.equal([
      `shard-0: copying pcs:h (a hash, 1,000,000 members, 40.0 MiB) holds its shards up for about ${stallMs.toLocaleString("en-US")} ms, ` +
        "because a value travels whole; copy.maxKeyStallMs allows 250 ms. Next: set copy.maxKeyStallMs to " +
        `${stallMs} if other clients can wait that long, or split the value, and plan again.`,
    ]);
  });
});
