import { expect } from "chai";
import { takeCensus } from "../../migration/engines/census";
import { GateClosedError } from "../../migration/engines/errors";
import { readMigrationRecord } from "../../migration/engines/migration-record";
import { preCopy } from "../../migration/engines/pre-copy";
import { findSoleKey } from "../../migration/engines/sole-keys";
import type { RingInputs, SettingsInputs } from "../../migration/entrypoints/inputs";
import { check, update } from "../../migration/entrypoints/migration-plan";
import type { MigrationPlan } from "../../migration/plan/migration-plan";
import { errorOf, FOUR, PACE, RingLab, THREE, TOLERANCE_MS } from "./ring-lab";

const SETTINGS: SettingsInputs = {
  keysPerSecond: 1_000,
  catchUpKeysPerSecond: 5_000,
  batchSize: 500,
  bigValueBytes: 262_144,
  maxSourceLatencyMs: 100,
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

/** Keys of a shard but for the product's own. */
const COUNT = "return #redis.call('KEYS', 'pcs:*')";

describe("the plan, on real shards", function () {
  this.timeout(60_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  const inputs = (change: Partial<RingInputs> = {}) => ({
    migration: 1,
    epoch: 1,
    work: "plan",
    open: true,
    ring: {
      ...{ shards: lab.rings.current.shards, targetShards: lab.rings.target.shards, vnodes: 150, keyPrefix: "pcs:" },
      ...change,
    },
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
  const plan = async (change: Partial<RingInputs> = {}) =>
    (await update(inputs(change), inputs(change), {})).plan as MigrationPlan;
  /** The pre-copy of what is planned. */
  const copyAll = () =>
    lab.session(async ({ run, stores }) => {
      const planned = await readMigrationRecord(stores);
      if (planned) await preCopy(run, planned, PACE, TOLERANCE_MS);
    });
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
    const { keys_per_shard: counted } = made as unknown as { keys_per_shard: Record<string, number> };
    const held = THREE.map(async (name) => [name, Number(await lab.server(name).client.eval(COUNT, 0))] as const);
    expect(counted).to.deep.equal(Object.fromEntries(await Promise.all(held)));
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

  it("made again after the copies, over ten times the keys, stays the same migration, and counts no copy", async () => {
    lab = await RingLab.start(FOUR, THREE);
    await lab.fill(200);
    const first = await plan();
    await copyAll();
    await lab.fill(1_800, 200);
    const again = await plan();
    expect(again).to.include({ migration_id: first.migration_id, digest: first.digest, misplaced_keys: 0 });
    expect(again.old_topology.total_keys).to.equal(2_000);
    expect(again.total_keys_to_move).to.equal(lab.moverKeys().length);
  });

  it("made again asks everything of the shards again: an eviction policy, and room for what is not there yet", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(1_000);
    for (const key of lab.moverKeys()) {
      await lab.put(lab.ownerOf(key, lab.rings.current), key, Buffer.alloc(100_000), lab.truth(key).expiresAtMs);
    }
    const { client } = lab.server("shard-3");
    const used = Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]);
    const movers = (await plan()).total_bytes_to_move;
    // Room for half of them, and then for all with some spare, however often they are counted.
    await client.config("SET", "maxmemory", String(2 * (used + movers / 2)));
    expect((await errorOf(plan())).message).to.contain("do not fit");
    await client.config("SET", "maxmemory", String(2 * (used + movers * 1.5)));
    await copyAll();
    await plan();
    await client.config("SET", "maxmemory-policy", "allkeys-lru");
    expect((await errorOf(plan())).message).to.contain('its maxmemory-policy is "allkeys-lru"');
  });

  it("refuses rings that are not the backend's: other vnodes, another prefix", async () => {
    lab = await RingLab.start(FOUR, THREE);
    await lab.fill(1_000);
    const causes =
      "Likely causes: another vnodes or keyPrefix than the backend uses, other shard names, or another order. Next: make " +
      "vnodes, keyPrefix and shards what the backend uses, and plan again.";
    const lies =
      "lie on shards that do not own them in the ring of this config: the backend uses another ring, and would not find " +
      `keys that were moved by this one. ${causes} If the backend is right and they are left-overs, delete those first.`;
    for (const [change, reason] of [
      [{ vnodes: 100 }, /^(\d+) of the 1,000 keys with the prefix "pcs:" \([\d.]+ %\) /],
      [{ keyPrefix: "pcs" }, /^(\d+) of the 1,000 keys with the prefix "pcs" \([\d.]+ %\) /],
    ] as const) {
      const [head, problem = ""] = (await errorOf(plan(change))).message.split("\n");
      expect(head).to.equal("the plan is refused, nothing has moved:");
      expect(problem).to.match(reason);
      expect(problem.slice(problem.indexOf("lie on"))).to.equal(lies);
    }
    expect((await errorOf(plan({ keyPrefix: "dedup:" }))).message).to.equal(
      `the plan is refused, nothing has moved:\nnone of the 1,000 keys on the current shards begins with "dedup:". ${causes}`,
    );
    for (const { client } of lab.servers.values()) expect(await client.keys("dedup-shards:*")).to.deep.equal([]);
  });

  it("only warns of a few strays", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(2_000);
    for (let i = 0, strays = 0; strays < 15; i++) {
      const key = Buffer.from(`pcs:stray ${i}`);
      if (lab.ownerOf(key, lab.rings.current) === "shard-0") continue;
      await lab.put("shard-0", key, Buffer.from("v"));
      strays++;
    }
    const { misplaced_keys, warnings } = await plan();
    expect(misplaced_keys).to.equal(15);
    expect(warnings[0]).to.match(/^shard-0 holds 15 misplaced keys/);
  });

  it("refuses to begin while another migration is not cleared away", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(200);
    const { migration_id: id } = await plan();
    expect((await errorOf(plan({ targetShards: ["shard-1", "shard-2", "shard-3"] }))).message).to.equal(
      `the plan is refused, nothing has moved: the shards are still in migration ${id} (shard-0, shard-1, shard-2 → ` +
        'shard-0, shard-1, shard-2, shard-3 with 150 vnodes and keyPrefix "pcs:"). Set migrationPhase to "stable" and run ' +
        "`pulumi up`, which clears it away, then plan again.",
    );
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

  it("refuses a value whose copy would hold its shard up, until the config allows that", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(50);
    const [key = Buffer.alloc(0)] = lab.moverKeys();
    const shard = lab.ownerOf(key, lab.rings.current);
    const { client } = lab.server(shard);
    await client.del(key);
    await client.sadd(key, ...Array.from({ length: 10_000 }, (_, i) => `member ${i}`));
    const planWith = (maxKeyStallMs: number) => {
      const asked = { ...inputs(), settings: { ...SETTINGS, maxKeyStallMs } };
      return update(asked, asked, {});
    };
    const { message } = await errorOf(planWith(19));
    expect(message).to.match(
      /^the plan is refused, nothing has moved:\nshard-\d: copying pcs:\w+ \(a set, 10,000 members, /,
    );
    expect(message).to.contain("Next: set copy.maxKeyStallMs to 20 if other clients can wait that long");
    expect(await client.keys("dedup-shards:*")).to.deep.equal([]);
    await planWith(20);
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
