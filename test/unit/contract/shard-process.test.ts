import { expect } from "chai";
import {
  changeOf,
  isNotedProcess,
  type NotedProcess,
  type RunningProcess,
} from "../../../migration/contract/shard-process";

const NOTED: NotedProcess = { runId: "p1", replicationId: "h1", survivesRestart: true };
const NOW: RunningProcess = { runId: "p1", replicationId: "h1", isSoleWithAppendOnlyFile: true };
const HIDDEN: RunningProcess = { runId: "p1", isSoleWithAppendOnlyFile: true };

describe("the change of a shard's process", () => {
  for (const [what, noted, now, change] of [
    ["the same process", {}, {}, "none"],
    ["the same, whose first replica connected or whose last one is long gone", {}, { replicationId: "h2" }, "none"],
    [
      "the same, promoted after it followed another server",
      {},
      { replicationId: "h2", promotedFrom: "h9" },
      "failover",
    ],
    ["the same, promoted before it was noted", { promotedFrom: "h0" }, { promotedFrom: "h0" }, "none"],
    ["the same, which hid its history and was promoted", { replicationId: "" }, { promotedFrom: "h9" }, "failover"],
    ["a restart that loses nothing", {}, { runId: "p2", replicationId: "h2" }, "restart"],
    ["a restart of one that does not sync every write", { survivesRestart: false }, { runId: "p2" }, "failover"],
    ["a replica in its place", {}, { runId: "p2", replicationId: "h2", promotedFrom: "h1" }, "failover"],
    [
      "a restart without an append-only file, or with a replica",
      {},
      { runId: "p2", isSoleWithAppendOnlyFile: false },
      "failover",
    ],
  ] as const) {
    it(`${what}: ${change}`, () => {
      expect(changeOf({ ...NOTED, ...noted }, { ...NOW, ...now })).to.equal(change);
    });
  }

  it("another process of a server that hides its replication: failover", () => {
    expect(changeOf(NOTED, { ...HIDDEN, runId: "p2" })).to.equal("failover");
  });

  it("the same process of a server that hides its replication: none", () => {
    expect(changeOf({ runId: "p1" }, HIDDEN)).to.equal("none");
  });
});

describe("a process in the migration record", () => {
  it("has at least its id", () => {
    expect(isNotedProcess({ runId: "p" })).to.equal(true);
    expect(isNotedProcess(NOTED)).to.equal(true);
  });

  for (const bad of [
    null,
    "p",
    {},
    { runId: 1 },
    { runId: "p", replicationId: 1 },
    { runId: "p", survivesRestart: "yes" },
  ]) {
    it(`is not ${JSON.stringify(bad)}`, () => expect(isNotedProcess(bad)).to.equal(false));
  }
});
