/** The graph of the whole program: in every phase the same order, so that no step can run before what makes it safe. */
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PHASES, type Phase } from "../../migration/phases";
import { declaredBy, isSecretInput, named, type Declared } from "./components/recorded-program";

const load = createRequire(__filename);
const PROGRAM = join(__dirname, "../../index.ts");

/** What the program declares in a phase. */
function declaredIn(phase: Phase): Promise<Declared[]> {
  pulumi.runtime.setAllConfig({
    "dedup-shards:migrationPhase": phase,
    "dedup-shards:shards": JSON.stringify(["a", "b"]),
    "dedup-shards:targetShards": JSON.stringify(["a", "b", "c"]),
    "dedup-shards:notify": JSON.stringify({ webhookUrl: "https://hooks.example/geheim" }),
    "dedup-shards:networkPolicy": JSON.stringify({ enabled: true, backend: { app: "backend" } }),
    "dedup-shards:monitoring": JSON.stringify({ enabled: false }),
    "dedup-shards:backup": JSON.stringify({ enabled: true, command: "true" }),
  });
  delete load.cache[PROGRAM];
  return declaredBy(() => pulumi.runtime.runInPulumiStack(() => Promise.resolve(load(PROGRAM))));
}

/** Everything that must be there before a resource; what its parent waits for is, since a child is declared after it. */
function before(resources: readonly Declared[], name: string): Set<string> {
  const own = named(resources, name);
  const parent = resources.filter((each) => each.name === own.parent);
  const found = new Set([own, ...parent].flatMap(({ after }) => after));
  for (const each of found) before(resources, each).forEach((earlier) => found.add(earlier));
  return found;
}

const ORDER = [
  ...["ring-gate", "shards", "backend-ring", "backend-rollout", "migration-barrier"],
  ...["migration-pre-copy", "migration-catch-up", "migration-bake", "migration-verify"],
  ...["migration-drain", "report"],
];

describe("the program", function () {
  this.timeout(60_000); // Pulumi's serializer takes its time to load

  for (const phase of PHASES) {
    it(`puts gate, ring, rollout, barrier, copy, catch-up, bake, verify, drain and report into that order in ${phase}`, async () => {
      const resources = await declaredIn(phase);
      for (const [i, name] of ORDER.entries()) {
        expect([...before(resources, name)], `before ${name}`).to.include.members(ORDER.slice(0, i));
      }
    });
  }

  it("copies nothing before the plan and the backups are made", async () => {
    const resources = await declaredIn("copy");
    const backups = resources.filter(({ type }) => type.startsWith("command:")).map(({ name }) => name);
    expect(backups).to.have.length(2);
    for (const name of backups) expect([...before(resources, name)]).to.include("plan");
    expect([...before(resources, "migration-pre-copy")]).to.include.members(["plan", ...backups]);
  });

  it("reports on the phase, with figures that no preview prints and a webhook that is in no resource", async () => {
    const resources = await declaredIn("cutover");
    const report = named(resources, "report");
    expect(report.type).to.equal("pulumi-nodejs:dynamic/dedup:PhaseReport");
    expect(report.inputs).to.deep.include({ phase: "cutover", stack: "test", directory: "reports" });
    expect(report.inputs["ring"]).to.deep.include({ shards: ["a", "b"], targetShards: ["a", "b", "c"] });
    expect(isSecretInput(report, "figures")).to.equal(true);
    expect(resources.filter(({ wire }) => wire.includes("geheim"))).to.deep.equal([]);
  });

  it("guards the whole stack: that guard comes last, so that a destroy asks it before anything is deleted", async () => {
    const resources = await declaredIn("dualWrite");
    // Pulumi deletes in waves, the longest chains of dependencies first.
    const depths = new Map(resources.map(({ name }) => [name, before(resources, name).size]));
    const last = depths.get("stack-guard") ?? 0;
    const others = [...depths].filter(([name]) => name !== "stack-guard");
    expect(others.filter(([, depth]) => depth >= last)).to.deep.equal([]);
    const shards = ["a", "b", "c"].flatMap((name) => [`guard-${name}`, `redis-dedup-${name}-statefulset`]);
    expect([...before(resources, "stack-guard")]).to.include.members(["report", ...shards]);
    const { connection } = named(resources, "stack-guard").inputs as { connection: { shards: object } };
    expect(Object.keys(connection.shards)).to.deep.equal(["a", "b", "c"]);
  });

  it("never makes an object of a fixed name onto itself: it is deleted first, and so its guard is asked first", async () => {
    const resources = await declaredIn("copy");
    const fixed = resources.filter(({ type, inputs }) => {
      const { name } = (inputs["metadata"] ?? {}) as { name?: string };
      return type.startsWith("kubernetes:") && name !== undefined;
    });
    const [kept, deleted] = [true, false].map((isKept) =>
      fixed.filter(({ options }) => (options["retainOnDelete"] === true) === isKept),
    );
    expect(kept?.map(({ name }) => name)).to.deep.equal(["backend-ring", "backend-rollout"]);
    const kinds = new Set(deleted?.map(({ type }) => type.split(":").at(-1)));
    expect([...kinds]).to.include.members(["StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy"]);
    expect(deleted?.filter(({ options }) => options["deleteBeforeReplace"] !== true)).to.deep.equal([]);
  });

  it("guards each shard that it runs: the guard is deleted, and asked, before the shard", async () => {
    const resources = await declaredIn("copy");
    for (const shard of ["a", "b", "c"]) {
      const sets = named(resources, `guard-${shard}`).after.filter(
        (name) => named(resources, name).type === "kubernetes:apps/v1:StatefulSet",
      );
      expect(sets).to.have.length(1);
      expect(named(resources, sets[0] ?? "").inputs["metadata"])
        .to.have.property("name")
        .that.contains(shard);
    }
  });
});
