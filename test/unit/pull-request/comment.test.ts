import { expect } from "chai";
import { failedComment, previewComment } from "../../../migration/pull-request/comment";
import { readFacts } from "../../../migration/pull-request/preview-facts";

const RING = { shards: ["shard-0", "shard-1"], targetShards: ["shard-0", "shard-1", "shard-2"], vnodes: 150 };
const URN = "urn:pulumi:s::p::pulumi-nodejs:dynamic/dedup";
const NOW = new Date("2026-01-20T00:00:00Z");
const PLAN = {
  migration_id: "20260105-103000",
  migrations: [
    { from: "shard-0", to: "shard-2", share: 0.2, keys_to_move: 1234, bytes: 2048, estimated_duration: "2s" },
    { from: "shard-1", to: "shard-2", share: 0.1, keys_to_move: 1000, bytes: 1024, estimated_duration: "1s" },
  ],
  ...{ total_keys_to_move: 2234, total_bytes_to_move: 3072, percentage_to_move: 30, estimated_duration: "3s" },
};
const CLEAN = { mode: "full", at: "2026-01-05T11:00:00Z", checked: 2234, missing: 0, different: 0, extra: 0 };

interface Given {
  readonly to?: string;
  readonly outputs?: object;
  readonly more?: readonly object[];
  readonly diagnostics?: readonly object[];
  readonly diff?: string;
  readonly service?: object;
  /** Of the gate, where it is not that of the outputs. */
  readonly state?: string;
  readonly isCounted?: boolean;
}

function comment({
  to,
  outputs = {},
  more = [],
  diagnostics = [],
  diff = "",
  service,
  state,
  isCounted = true,
}: Given): string {
  const settings = { verifyMode: "full", catchUpKeysPerSecond: 1_000, cleanupKeysPerSecond: 500, service };
  const gate = { phase: to, ring: RING, settings, data: {} };
  const before = state === undefined ? {} : { oldState: { inputs: { ...gate, phase: state } } };
  const [counts, about] = isCounted ? [", about 2,300 keys,", ", about 1,260 keys"] : ["", ""];
  const summary = `33.00 % of the keyspace${counts} moves over 2 edges`;
  const edges = { "shard-0 → shard-2": `18.19 % of the keyspace${about}` };
  const steps = [
    { op: "update", urn: `${URN}:RingGate::ring-gate`, newState: { inputs: gate }, ...before },
    { op: "update", urn: `${URN}:MigrationPlan::plan`, newState: { inputs: { summary, edges } } },
    { op: "same", urn: "urn:pulumi:s::p::kubernetes:core/v1:Service::x", newState: {} },
  ];
  const facts = readFacts(
    JSON.stringify({ steps: [...(to ? steps : []), ...more], diagnostics }),
    JSON.stringify(outputs),
  );
  return previewComment({ stack: "prod", facts, diff, now: NOW });
}

const section = (text: string, title: string): string => text.split(`### ${title}\n\n`)[1]?.split("\n\n###")[0] ?? "";

describe("the comment on a pull request", () => {
  it("begins with the line by which it is found again, and names stack and move", () => {
    expect(
      comment({ to: "plan", outputs: { phase: "stable" } })
        .split("\n")
        .slice(0, 4),
    ).to.deep.equal([
      "<!-- dedup-shards preview of prod -->",
      "## `prod`: stable → plan",
      "",
      "The target's shards are made, keys are counted, and the plan is recorded. Nothing moves.",
    ]);
  });

  it("draws what moves, from the rings alone while nothing is planned", () => {
    const moves = section(comment({ to: "plan", outputs: { phase: "stable" } }), "What moves").split("\n");
    expect(moves).to.include("33.00 % of the keyspace, about 2,300 keys, moves over 2 edges");
    expect(moves).to.include("| shard-0 | shard-2 | 18.19 % | 1,260 |  |  |");
    expect(moves.slice(moves.indexOf("```mermaid"))).to.deep.equal([
      ...["```mermaid", "sankey-beta", "", "shard-0 now,shard-2 then,18.19", "shard-1 now,shard-2 then,17.81", "```"],
    ]);
  });

  it("takes keys, bytes and durations from the plan that was made", () => {
    const text = comment({ to: "copy", outputs: { phase: "plan", migrationPlan: PLAN } });
    expect(section(text, "What moves")).to.contain("| shard-0 | shard-2 | 18.19 % | 1,234 | 2.0 KiB | 2s |");
    expect(section(text, "What it takes")).to.contain("About 3s at the throttle, for 2,234 keys (3.0 KiB).");
  });

  it("does not take them from the plan of an earlier migration", () => {
    const text = comment({ to: "plan", outputs: { phase: "stable", migrationPlan: PLAN } });
    expect(text).to.not.contain("1,234");
  });

  it("says what the gate asks, and whether there is a way back", () => {
    const text = comment({ to: "cutover", outputs: { phase: "dualWrite" } });
    expect(section(text, "What the gate asks before anything changes").split("\n")).to.deep.equal([
      "- no backend pod is further than one step of config from where this leads",
      "- this migration is recorded on every shard as it was planned",
      "- every shard answers, as a primary",
      "- both rings have been brought into step, and dual-write has not been off since",
      "- a fresh verify comes out clean",
      "- the service keeps its limits, by its metrics: not asked, metrics.url is not set",
    ]);
    expect(section(text, "Afterwards")).to.equal("Rollback: possible: set migrationPhase to dualWrite.");
  });

  it("counts what happens to resources", () => {
    expect(section(comment({ to: "copy", outputs: { phase: "plan" } }), "What it takes")).to.equal(
      "- Resources: 2 update.",
    );
  });

  const WATCHED = { bakeMs: 300_000, stabilityMs: 1_800_000 };
  const bakes: readonly (readonly [string, Given, string | undefined])[] = [
    ["without metrics", { to: "cutover" }, "After the move nobody watches the service: metrics.url is not set."],
    [
      "with metrics",
      { to: "cutover", service: WATCHED },
      "After the move the service is watched for 5m. Over its limits, `pulumi up` fails and says how to take it back; " +
        "traffic stays on the target ring until then.",
    ],
    [
      "with autoRollback",
      { to: "cutover", service: { ...WATCHED, autoRollback: true } },
      "After the move the service is watched for 5m. Over its limits, the same `pulumi up` moves the ring back, and then " +
        "fails (metrics.autoRollback).",
    ],
    ["but not when reads do not move", { to: "copy", service: WATCHED }, undefined],
  ];
  for (const [name, given, line] of bakes) {
    it(`says what a cutover is watched by, ${name}`, () => {
      const from = given.to === "cutover" ? "dualWrite" : "plan";
      const lines = section(comment({ ...given, outputs: { phase: from } }), "What it takes").split("\n");
      expect(lines).to.deep.equal([...(line ? [`- ${line}`] : []), "- Resources: 2 update."]);
    });
  }

  it("says of a check on the service only without metrics that it is not asked", () => {
    const text = comment({ to: "cutover", outputs: { phase: "dualWrite" }, service: WATCHED });
    expect(section(text, "What the gate asks before anything changes").split("\n")).to.include(
      "- the service keeps its limits, by its metrics",
    );
  });

  it("says why there is no preview", () => {
    expect(failedComment("prod", "no stack named\n'prod' found")).to.equal(
      "<!-- dedup-shards preview of prod -->\n## `prod`: could not be previewed\n\n> [!CAUTION]\n> no stack named\n> 'prod' found\n",
    );
  });

  it("says how long what goes over all movers takes", () => {
    const takes = (to: string, phase: string) =>
      section(comment({ to, outputs: { phase, migrationPlan: PLAN } }), "What it takes").split("\n");
    const passes = (count: number, time: string) =>
      `- Catch-up and verify, the gate's included, go over 2,234 movers ${count} times: about ${time} at the throttle.`;
    expect(takes("dualWrite", "copy")).to.include(passes(4, "9s"));
    expect(takes("cutover", "dualWrite")).to.include(passes(6, "14s"));
    expect(takes("cleanup", "cutover")).to.include.members([
      passes(2, "5s"),
      "- The cleanup takes 2,234 old copies away: about 5s at the throttle.",
    ]);
  });

  it("goes by what the last up led to, also when it failed behind its gate", () => {
    const back = comment({ to: "dualWrite", state: "cutover", outputs: { phase: "dualWrite" } });
    expect(back).to.contain("## `prod`: cutover → dualWrite");
    expect(section(back, "What the gate asks before anything changes")).to.contain("every shard answers");
  });

  const checklists: readonly (readonly [string, Given, readonly string[]])[] = [
    [
      "a plan whose keys were counted",
      { to: "plan", outputs: { phase: "stable" } },
      ["- [x] Every shard that keys move from was reached from here, and its keys counted"],
    ],
    [
      "a plan of shards that could not be asked",
      { to: "plan", isCounted: false, outputs: { phase: "stable" } },
      ["- [ ] Every shard that keys move from was reached from here, and its keys counted"],
    ],
    [
      "a copy that takes its backups first",
      {
        to: "copy",
        outputs: { phase: "plan", migrationPlan: PLAN, backup: "/backups" },
        more: [{ op: "create", urn: "urn:pulumi:s::p::dedup$command:local:Command::backup-shard-0" }],
      },
      [
        "- [x] Plan 20260105-103000 is recorded; it found that the movers fit, with more than half of each new shard free",
        "- [ ] Backup of every current shard: this `up` takes 1 of 2, before the first key is copied",
      ],
    ],
    [
      "a copy without backups",
      { to: "copy", outputs: { phase: "plan", backup: "off (backup.enabled is false)" } },
      [
        "- [ ] A plan is recorded, and the movers fit",
        "- [ ] Backup of every current shard: off (backup.enabled is false)",
      ],
    ],
    [
      "dual-write after the copy",
      { to: "dualWrite", outputs: { phase: "copy", migrationPlan: PLAN, copyCounters: { preCopy: { checked: 1 } } } },
      [
        "- [x] Plan 20260105-103000 is recorded; it found that the movers fit, with more than half of each new shard free",
        "- [x] The movers have been copied",
      ],
    ],
    [
      "a cutover after a verify that was not clean",
      { to: "cutover", outputs: { phase: "dualWrite", migrationPlan: PLAN, verification: { ...CLEAN, missing: 2 } } },
      [
        "- [x] Plan 20260105-103000 is recorded; it found that the movers fit, with more than half of each new shard free",
        "- [ ] The last verify came out clean: 2 missing, 0 different, 0 extra of 2,234 (full, 2026-01-05T11:00:00Z)",
      ],
    ],
    [
      "a cleanup before its time",
      {
        to: "cleanup",
        outputs: { phase: "cutover", verification: CLEAN, cleanupOpensAt: "2026-01-20T00:00:01.000Z" },
      },
      [
        "- [x] The last verify came out clean: 0 missing, 0 different, 0 extra of 2,234 (full, 2026-01-05T11:00:00Z)",
        "- [ ] The TTL window after the cutover is over (it ends 2026-01-20T00:00:01.000Z)",
      ],
    ],
    [
      "a cleanup in time",
      { to: "cleanup", outputs: { phase: "cutover", cleanupOpensAt: "2026-01-20T00:00:00.000Z" } },
      [
        "- [ ] The last verify came out clean",
        "- [x] The TTL window after the cutover is over (it ends 2026-01-20T00:00:00.000Z)",
      ],
    ],
    [
      "the end of a migration",
      { to: "stable", outputs: { phase: "cleanup", copyCounters: { cleanup: { checked: 1 } } } },
      ["- [x] The old copies have been deleted"],
    ],
    ["a way back", { to: "dualWrite", outputs: { phase: "cutover" } }, []],
    ["no change", { to: "copy", outputs: { phase: "copy" } }, []],
  ];
  for (const [what, given, items] of checklists) {
    it(`ticks for ${what} what is known to hold`, () => {
      const lines = section(comment(given), "Checklist").split("\n");
      expect(lines.filter((line) => line.startsWith("- ["))).to.deep.equal(items);
    });
  }

  it("says why a preview was refused, each line of it quoted", () => {
    const message =
      '\u001b[1mmigrationPhase: "stable" → "cutover" is not a legal move.\nFrom "stable": "plan".\u001b[0m';
    const text = comment({ outputs: { phase: "stable" }, diagnostics: [{ severity: "error", message }] });
    expect(text.split("\n").slice(1, 7)).to.deep.equal([
      ...["## `prod`: refused", "", "> [!CAUTION]", '> migrationPhase: "stable" → "cutover" is not a legal move.'],
      ...['> From "stable": "plan".', ""],
    ]);
  });

  it("folds the preview in, whatever backticks are in it", () => {
    expect(comment({ to: "plan", diff: "a\n````\nb" })).to.match(/`````diff\na\n````\nb\n`````\n/);
  });

  it("fits into a comment: the preview is cut off, not what was found", () => {
    const text = comment({ to: "plan", outputs: { phase: "stable" }, diff: "x".repeat(100_000) });
    expect(text).to.have.length(65_536);
    expect(text).to.match(/… cut off here: run pulumi preview --diff to see it all\n```\n\n<\/details>\n$/);
    expect(text).to.contain("### What moves");
  });

  it("is refused for something that is no preview", () => {
    expect(() => readFacts("{}", '{"phase": "none"}')).to.throw(/phase/);
    expect(() => readFacts("error: no stack", "{}")).to.throw(SyntaxError);
  });
});
