import { expect } from "chai";
import {
  configIn,
  hasWork,
  HOLDS_IN,
  isOpen,
  moveOf,
  nearestPhase,
  neededShards,
  openState,
  PHASES,
  podConfigOf,
  refuseMove,
  ringsInForce,
  rolesOf,
  rollbackOf,
  shardsThatExist,
  takesBackup,
  type Phase,
  type PodConfig,
  type RingState,
  type Step,
} from "../../migration/phases";

/** From each phase: the legal next ones, in the order in which messages name them (design §4). */
const NEXT: Readonly<Record<Phase, readonly Phase[]>> = {
  stable: ["plan"],
  plan: ["copy", "stable"],
  copy: ["dualWrite", "plan", "stable"],
  dualWrite: ["cutover", "copy", "plan", "stable"],
  cutover: ["cleanup", "dualWrite"],
  cleanup: ["stable", "cutover"],
};

const CONFIGS: readonly PodConfig[] = ["A", "DA", "DB", "B"];

const THREE = ["a", "b", "c"];
const FOUR = ["a", "b", "c", "d"];
const state = (phase: Phase, change: Partial<RingState> = {}): RingState => ({
  phase,
  shards: THREE,
  targetShards: FOUR,
  vnodes: 150,
  keyPrefix: "pcs:",
  ...change,
});
/** The state that an operator asks for: finishing a migration takes the target list along. */
const asked = (from: Phase, to: Phase): RingState =>
  from === "cleanup" && to === "stable" ? state(to, { shards: FOUR }) : state(to);
const PAIRS = PHASES.flatMap((from) => PHASES.map((to) => ({ from, to })));

/** Moves that are legal only while the move the other way may not have got to its end. */
const TAKEN_BACK = [
  { from: "stable", to: "copy" },
  { from: "stable", to: "dualWrite" },
  { from: "stable", to: "cleanup" },
  { from: "plan", to: "dualWrite" },
] as const;
const MOVES = [...PAIRS.filter(({ from, to }) => NEXT[from].includes(to)), ...TAKEN_BACK];
/** The state before a move that is taken back: the end of a migration has the target list for its shards. */
const left = (from: Phase, to: Phase): RingState =>
  from === "stable" && to === "cleanup" ? state(from, { shards: FOUR }) : state(from);
const configOfState = (from: Phase, to: Phase): PodConfig =>
  configIn(openState(left(from, to), asked(from, to)), left(from, to));

describe("moves between phases", () => {
  it("are 36", () => expect(PAIRS).to.have.length(36));

  for (const { from, to } of PAIRS) {
    if (from === to || NEXT[from].includes(to)) {
      it(`${from} → ${to} is legal`, () => expect(refuseMove(state(from), asked(from, to))).to.equal(undefined));

      it(`${from} → ${to} changes the pods' config by one step at most`, () => {
        // The end of a migration renames the target ring to the current one: the pods notice nothing.
        if (from === "cleanup" && to === "stable") return;
        const steps = CONFIGS.indexOf(podConfigOf(from)) - CONFIGS.indexOf(podConfigOf(to));
        expect(Math.abs(steps)).to.be.at.most(1);
      });
    } else {
      it(`${from} → ${to} is refused by name, with the legal ones`, () => {
        const legal = NEXT[from].map((phase) => `"${phase}"`).join(", ");
        expect(refuseMove(state(from), asked(from, to))).to.equal(
          `migrationPhase: "${from}" → "${to}" is not a legal move. From "${from}" the legal next phases are: ${legal}.`,
        );
      });
    }
  }

  for (const { from, to } of TAKEN_BACK) {
    it(`${from} → ${to} takes a move back, with the same rings only`, () => {
      const [now, before] = [left(from, to), state(to)];
      expect(refuseMove(now, before, before)).to.equal(undefined);
      expect(refuseMove(now, before, state("cutover"))).to.contain("is not a legal move");
      expect(refuseMove(now, { ...before, vnodes: 100 }, before)).to.contain("is not a legal move");
      expect(refuseMove(now, before)).to.contain("is not a legal move");
    });
  }

  it("may be taken back wherever there is no other way back", () => {
    for (const { from, to } of PAIRS.filter((pair) => NEXT[pair.from].includes(pair.to))) {
      if (from === "stable") continue;
      const now = asked(from, to);
      expect(refuseMove(now, state(from), state(from)), `${from} → ${to}, taken back`).to.equal(undefined);
    }
  });

  it("has messages that read well", () => {
    expect(refuseMove(state("stable"), state("cutover"))).to.equal(
      'migrationPhase: "stable" → "cutover" is not a legal move. From "stable" the legal next phases are: "plan".',
    );
    expect(refuseMove(state("cutover"), state("stable"))).to.equal(
      'migrationPhase: "cutover" → "stable" is not a legal move. ' +
        'From "cutover" the legal next phases are: "cleanup", "dualWrite".',
    );
  });

  for (const to of PHASES) {
    const legal = to === "stable" || to === "plan";
    it(`a new stack ${legal ? "may" : "may not"} start in ${to}`, () => {
      expect(refuseMove(undefined, state(to))).to.equal(
        legal
          ? undefined
          : `migrationPhase: this stack has no ring yet, so it cannot start in "${to}". ` +
              'Start with "stable" (or "plan") and advance one phase at a time.',
      );
    });
  }
});

describe("the rings during moves", () => {
  it("may not be changed without a migration", () => {
    expect(refuseMove(state("stable"), state("stable", { shards: ["a", "b"] }))).to.equal(
      "shards: changing the ring in force from [a, b, c] to [a, b] without a migration would lose every key that changes " +
        'its owner. Put the new list into targetShards, leave shards as it was, and set migrationPhase to "plan".',
    );
  });

  it("may not be reordered either: at a collision the later shard owns the point", () => {
    expect(refuseMove(state("plan"), state("copy", { shards: ["b", "a", "c"] }))).to.contain(
      "shards: changing the ring in force from [a, b, c] to [b, a, c] without a migration",
    );
  });

  it("must be the target ring when a migration ends", () => {
    expect(refuseMove(state("cleanup"), state("stable"))).to.equal(
      "shards: the backend runs the target ring [a, b, c, d] since the cleanup, but shards is [a, b, c]. To finish the " +
        'migration set shards to the value of targetShards together with migrationPhase "stable"; to go back set ' +
        'migrationPhase to "cutover".',
    );
  });

  for (const phase of PHASES.filter((each) => each !== "stable")) {
    for (const [key, change, before, after] of [
      ["targetShards", { targetShards: ["a", "e"] }, "a, b, c, d", "a, e"],
      ["vnodes", { vnodes: 100 }, "150", "100"],
      ["keyPrefix", { keyPrefix: "x:" }, "pcs:", "x:"],
    ] as const) {
      it(`${key} may not be edited in ${phase}`, () => {
        expect(refuseMove(state(phase), state(phase, change))).to.equal(
          `${key}: changed from "${before}" to "${after}" in the middle of a migration (phase "${phase}"). ` +
            'Take it back, or go back to migrationPhase "stable" first and plan anew.',
        );
      });
    }
  }

  it("vnodes and keyPrefix stay as they are on the way out: the copies are found by them", () => {
    expect(refuseMove(state("copy"), state("stable", { vnodes: 100 }))).to.contain(
      'vnodes: changed from "150" to "100"',
    );
    const finished = state("stable", { shards: FOUR, keyPrefix: "x:" });
    expect(refuseMove(state("cleanup"), finished)).to.contain('keyPrefix: changed from "pcs:" to "x:"');
  });

  it("the target may be chosen anew outside a migration, and forgotten on the way out", () => {
    expect(refuseMove(state("stable"), state("plan", { targetShards: ["a", "e"] }))).to.equal(undefined);
    expect(refuseMove(state("dualWrite"), state("stable", { targetShards: THREE }))).to.equal(undefined);
  });

  for (const [phase, primary, secondary, exist] of [
    ["stable", THREE, undefined, THREE],
    ["plan", THREE, undefined, FOUR],
    ["copy", THREE, undefined, FOUR],
    ["dualWrite", THREE, FOUR, FOUR],
    ["cutover", FOUR, THREE, FOUR],
    ["cleanup", FOUR, undefined, FOUR],
  ] as const) {
    it(`${phase}: primary, secondary, and the shards that exist`, () => {
      expect(ringsInForce(state(phase))).to.deep.equal({ primary, secondary });
      expect(shardsThatExist(state(phase))).to.deep.equal(exist);
      const roles = rolesOf(phase);
      expect(roles.primary).to.equal(primary === THREE ? "current" : "target");
      expect(roles.secondary).to.equal(secondary && (secondary === THREE ? "current" : "target"));
      expect(isOpen(phase)).to.equal(phase !== "stable");
    });
  }

  it("shards of both rings exist once each, current ones first", () => {
    expect(shardsThatExist(state("copy", { targetShards: ["x", "c", "a"] }))).to.deep.equal(["a", "b", "c", "x"]);
  });
});

describe("the phase table", () => {
  const WORK: Readonly<Record<Phase, readonly Step[]>> = {
    stable: ["drain"],
    plan: ["plan"],
    copy: ["preCopy"],
    dualWrite: ["catchUp", "verify"],
    cutover: ["catchUp", "verify", "bake"],
    cleanup: ["drain"],
  };
  const STEPS: readonly Step[] = ["plan", "preCopy", "catchUp", "verify", "bake", "drain"];

  for (const phase of PHASES) {
    it(`${phase}: its steps, its backup, its way back`, () => {
      expect(STEPS.filter((step) => hasWork(phase, step))).to.deep.equal(WORK[phase]);
      expect(takesBackup(phase)).to.equal(phase !== "stable" && phase !== "plan");
      expect(rollbackOf(phase)).to.match(phase === "stable" ? /^nothing to roll back/ : /^possible/);
    });
  }

  it("asks for the plan, a clean verify and the window before the points of no easy return", () => {
    expect(moveOf("plan", "copy").checks).to.include.members(["planned", "fits"]);
    expect(moveOf("copy", "dualWrite").checks).to.include("preCopied");
    expect(moveOf("dualWrite", "cutover").checks).to.include.members(["healthy", "inStep", "verified"]);
    expect(moveOf("cutover", "cleanup").checks).to.include.members(["windowOpen", "verifiedIfInStep"]);
    expect(moveOf("cutover", "dualWrite").checks).to.include.members(["inStep", "verifiedIfInStep"]);
    expect(moveOf("cleanup", "stable").checks).to.include.members(["settled", "drained"]);
  });

  it("asks how the service is on the way there, and never on the way back", () => {
    expect(moveOf("dualWrite", "cutover").checks.at(-1)).to.equal("serviceHealthy");
    expect(moveOf("cutover", "cleanup").checks).to.include("serviceStable");
    const asking = MOVES.filter(({ from, to }) => moveOf(from, to).checks.some((check) => check.startsWith("service")));
    expect(asking).to.deep.equal([
      { from: "dualWrite", to: "cutover" },
      { from: "cutover", to: "cleanup" },
    ]);
  });

  it("asks where the pods are before every change of their config", () => {
    for (const { from, to } of MOVES) {
      const changes = configIn(openState(state(from), asked(from, to)), asked(from, to)) !== configOfState(from, to);
      expect(moveOf(from, to).checks.includes("oneStep"), `${from} → ${to}`).to.equal(changes);
    }
  });

  it("holds nothing true of rings in step across a config that writes one ring only", () => {
    expect(HOLDS_IN.inStep).to.deep.equal(PHASES.map(podConfigOf).filter((pods) => pods.startsWith("D")));
  });

  it("asks nothing of staying, or of giving up before dual-write", () => {
    for (const phase of PHASES) expect(moveOf(phase, phase)).to.deep.equal({ checks: [] });
    expect(moveOf("copy", "plan")).to.deep.equal({ checks: [] });
    expect(moveOf("copy", "stable")).to.deep.equal({ checks: [] });
  });
});

describe("nearestPhase", () => {
  const fitting =
    (...phases: readonly Phase[]) =>
    (phase: Phase) =>
      phases.includes(phase);

  for (const [expected, fits, found] of [
    ["copy", ["stable", "plan", "copy"], "copy"],
    ["dualWrite", ["stable", "plan", "copy"], "copy"],
    ["cutover", ["stable", "plan", "copy"], "copy"],
    ["cutover", ["dualWrite"], "dualWrite"],
    ["stable", ["cutover"], "cutover"],
    ["cleanup", ["stable"], "stable"],
    ["plan", ["stable", "copy"], "stable"],
    ["dualWrite", [], "dualWrite"],
  ] as const) {
    it(`of ${fits.join(", ") || "none"} to ${expected} is ${found}`, () => {
      expect(nearestPhase(expected, fitting(...fits))).to.equal(found);
    });
  }
});

describe("the shards that a state needs", () => {
  const rings = { shards: ["a", "b"], targetShards: ["a", "c"] };

  for (const phase of PHASES) {
    const needed = { stable: ["a", "b"], cleanup: ["a", "c"] }[phase as string] ?? ["a", "b", "c"];
    it(`in ${phase} are ${needed.join(", ")}`, () => {
      expect(neededShards({ phase, ...rings })).to.deep.equal(needed);
    });
  }
});
