import { expect } from "chai";
import { takeCensus } from "../../migration/engines/census";
import { GateClosedError } from "../../migration/engines/errors";
import { readMigrationRecord } from "../../migration/engines/migration-record";
import { findSoleKey } from "../../migration/engines/sole-keys";
import type { SettingsInputs } from "../../migration/entrypoints/inputs";
import { check, update } from "../../migration/entrypoints/migration-plan";
import type { MigrationPlan } from "../../migration/plan/migration-plan";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";

const SETTINGS: SettingsInputs = {
  keysPerSecond: 1_000,
  catchUpKeysPerSecond: 5_000,
  batchSize: 500,
  maxLatencyMs: 100,
  verifyMode: "full",
  sampleSize: 100,
  expiryToleranceMs: 1_000,
  ttlWindowMs: 0,
  cleanupKeysPerSecond: 1_000,
  cleanupBatchSize: 100,
  claimWindowMs: 0,
  commandTimeoutMs: 0,
  rolloutTimeoutMs: 0,
  containerLimitBytes: 0,
};

describe("the plan, on real shards", function () {
  this.timeout(60_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  const inputs = () => ({
    migration: 1,
    work: "plan",
    open: true,
    ring: { shards: THREE, targetShards: FOUR, vnodes: 150, keyPrefix: "pcs:" },
    connection: {
      shards: Object.fromEntries([...lab.servers].map(([name, { url }]) => [name, url])),
      access: "direct" as const,
      namespace: "test",
      kubeContext: "",
      configMap: "backend-config",
      deployment: "backend",
    },
    settings: SETTINGS,
    summary: "",
    edges: {},
  });
  const plan = async () => (await update(inputs(), inputs(), {})).plan as MigrationPlan;
  const record = () => lab.session(({ stores }) => readMigrationRecord(stores));

  it("counts the movers, and records itself on every shard", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(2_000);
    const made = await plan();
    expect(made.total_keys_to_move).to.equal(lab.moverKeys().length);
    expect(made.other_keys, "the product's own records do not count").to.equal(0);
    for (const { from, to, keys_to_move } of made.migrations) {
      expect(to).to.equal("shard-3");
      expect(keys_to_move, from).to.equal(lab.moverKeys(from).length);
    }
    expect(await record()).to.deep.include({ sequence: 1, id: made.migration_id, movers: made.total_keys_to_move });
    expect(await lab.placement(lab.rings.current)).to.deep.equal(lab.allRight(lab.rings.current));
  });

  it("made twice over the same keys stays the same migration", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(200);
    const first = await plan();
    expect((await plan()).migration_id).to.equal(first.migration_id);
    expect(await record()).to.include({ sequence: 2, id: first.migration_id });
  });

  it("is made anew where a shard lost its record", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(200);
    await plan();
    await lab.server("shard-3").client.flushall();
    const made = await plan();
    expect(await record()).to.include({ id: made.migration_id });
  });

  it("the preview counts what it reaches, and takes no lock", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(2_000);
    const { summary, edges } = (await check({}, inputs(), {})).inputs as { summary: string; edges: object };
    expect(summary).to.be.a("string").and.not.empty;
    expect(Object.keys(edges)).to.have.length(3);
    for (const { client } of lab.servers.values()) expect(await client.keys("dedup-shards:*")).to.deep.equal([]);
  });

  it("refuses a target without headroom, before anything moves or is recorded", async () => {
    lab = await RingLab.start(THREE, FOUR, { shards: { "shard-3": { settings: ["--maxmemory", "2mb"] } } });
    await lab.fill(2_000);
    const error = await errorOf(plan());
    expect(error).to.be.instanceOf(GateClosedError);
    expect(error.message).to.match(
      /^the plan is refused, nothing has moved:\nshard-3: movers of \S+ \S+ \(\d+ keys\) do not fit: .*of its maxmemory of 2.0 MiB/,
    );
    for (const { client } of lab.servers.values()) expect(await client.keys("dedup-shards:*")).to.deep.equal([]);
  });

  it("refuses a target that evicts, before anything moves or is recorded", async () => {
    lab = await RingLab.start(THREE, FOUR, {
      shards: { "shard-3": { settings: ["--maxmemory-policy", "allkeys-lru"] } },
    });
    await lab.fill(50);
    const error = await errorOf(plan());
    expect(error).to.be.instanceOf(GateClosedError);
    expect(error.message).to.equal(
      'the plan is refused, nothing has moved:\nshard-3: its maxmemory-policy is "allkeys-lru"; only "noeviction" is allowed, ' +
        "since an evicting shard drops copies without an error. Next: CONFIG SET maxmemory-policy noeviction, also in its " +
        "configuration, and plan again.",
    );
    for (const { client } of lab.servers.values()) expect(await client.keys("dedup-shards:*")).to.deep.equal([]);
  });

  it("the census finds misplaced, foreign and big keys, and shows binary ones escaped", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(300);
    const big = Buffer.from("pcs:\x00big\xff", "latin1");
    await lab.put("shard-0", big, Buffer.alloc(1 << 20));
    for (let i = 0; i < 30; i++) await lab.put("shard-0", Buffer.from(`other:${i}`), Buffer.from("v"));
    const census = await lab.run((run) => takeCensus(run.shards("shard-0"), run.rings));
    const own = [...lab.stored.keys()].filter((key) => lab.ownerOf(Buffer.from(key), lab.rings.current) === "shard-0");
    expect(census.keys).to.equal(own.length + 1);
    expect(census.edges).to.have.length(1);
    expect(census.edges[0]).to.include({ from: "shard-0", to: "shard-3" });
    if (lab.ownerOf(big, lab.rings.current) === "shard-0") {
      expect(census.biggest[0]).to.include({ shard: "shard-0", key: "pcs:\\x00big\\xff" });
      expect(census.misplaced).to.equal(0);
    } else {
      expect(census.misplacedExamples).to.deep.equal(["pcs:\\x00big\\xff"]);
      expect(census.misplaced).to.equal(1);
    }
  });
});

describe("the search for a key that would be lost with its shard", function () {
  this.timeout(30_000);
  let lab: RingLab;
  beforeEach(async () => (lab = await RingLab.start(["a", "b", "c"], ["a", "b", "c"])));
  afterEach(() => lab.stop());

  const find = (deadline?: () => boolean) =>
    lab.run((run) => findSoleKey(run.shards("a"), [run.shards("b"), run.shards("c")], deadline));
  const everywhere = async (count: number) => {
    for (let i = 0; i < count; i++) {
      for (const shard of ["a", i % 2 ? "b" : "c"]) await lab.put(shard, Buffer.from(`pcs:${i}`), Buffer.from("v"));
    }
  };

  it("finds none on an empty shard, and none where others hold all", async () => {
    expect(await find()).to.equal(undefined);
    await everywhere(700);
    expect(await find()).to.equal(undefined);
  });

  it("finds the only one among many, whatever its prefix", async () => {
    await everywhere(700);
    await lab.put("a", Buffer.from("sessions:42"), Buffer.from("v"));
    expect(await find()).to.include({ shard: "a", key: "sessions:42" });
  });

  it("shows a binary key escaped", async () => {
    await lab.put("a", Buffer.from("pcs:\x00\xff", "latin1"), Buffer.from("v"));
    expect(await find()).to.include({ key: "pcs:\\x00\\xff" });
  });

  it("does not count the product's own records", async () => {
    await lab.server("a").client.set("dedup-shards:migration", "{}");
    expect(await find()).to.equal(undefined);
  });

  it("finds a key of another type", async () => {
    await lab.server("a").client.rpush("a list", "v");
    expect(await find()).to.include({ key: "a list" });
  });

  it("ends early when it is told to", async () => {
    await everywhere(700);
    let asked = 0;
    expect(await find(() => ++asked < 2)).to.equal(undefined);
    expect(asked).to.equal(2);
  });
});
