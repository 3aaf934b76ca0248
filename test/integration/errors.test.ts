import { expect } from "chai";
import type { ShardAccess } from "../../migration/adapters/open-shards";
import { withSession } from "../../migration/adapters/session";
import { ShardRefusedError, ShardUnreachableError } from "../../migration/engines/errors";
import { preCopy } from "../../migration/engines/pre-copy";
import { drain } from "../../migration/engines/drain";
import { freePort, RedisServer } from "./redis-servers";
import { atCall, errorOf, PACE, RingLab, tapped, THREE, FOUR, TOLERANCE_MS } from "./ring-lab";

const MIB = 1 << 20;

describe("a shard that cannot be worked with", function () {
  this.timeout(120_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  /** A session with other access, or other addresses, than the lab's. */
  const opened = (access: Partial<ShardAccess>, url?: (name: string) => string | undefined) => {
    const plan = lab.plan();
    return errorOf(
      withSession(
        {
          ...plan,
          access: { ...plan.access, ...access },
          addresses: plan.addresses.map((address) => ({ ...address, url: url?.(address.name) ?? address.url })),
        },
        () => Promise.resolve(),
      ),
    );
  };

  for (const patient of [true, false]) {
    const how = patient ? "a migration" : "a preview";

    it(`wrong password, in ${how}: refused at once, with the way to set it`, async () => {
      lab = await RingLab.start(["a"], ["a"], { password: "right" });
      const error = await opened({ login: { password: "wrong" }, patient });
      expect(error).to.be.instanceOf(ShardRefusedError);
      expect(error.message).to.equal(
        `a at ${lab.server("a").url} refused: WRONGPASS invalid username-password pair or user is disabled. ` +
          "Set the right password: pulumi config set --secret redisPassword … (redisUserPassword where redis.username is set).",
      );
    });

    it(`no password where one is needed, in ${how}: refused at once, with the way to set it`, async () => {
      lab = await RingLab.start(["a"], ["a"], { password: "right" });
      const plan = lab.plan();
      const access: ShardAccess = { access: "direct", namespace: "test", keyPrefix: "pcs:", patient, login: {} };
      const error = await errorOf(withSession({ ...plan, access }, () => Promise.resolve()));
      expect(error).to.be.instanceOf(ShardRefusedError);
      expect(error.message).to.equal(
        `a at ${lab.server("a").url} refused: NOAUTH Authentication required. ` +
          "Set the right password: pulumi config set --secret redisPassword … (redisUserPassword where redis.username is set).",
      );
    });

    it(`nobody listens, in ${how}: unreachable, by name and URL`, async () => {
      lab = await RingLab.start(["a", "b"], ["a", "b"]);
      const port = await freePort();
      const url = `redis://127.0.0.1:${port}`;
      const error = await opened({ patient }, (name) => (name === "b" ? url : undefined));
      expect(error).to.be.instanceOf(ShardUnreachableError);
      expect(error.message).to.equal(
        `b at ${url} cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}. Check that its pod runs and that this ` +
          "machine may connect, then run `pulumi up` again: it goes on where it stopped.",
      );
      // What was taken is given back.
      expect(await lab.server("a").client.keys("*")).to.deep.equal([]);
    });
  }

  it("a password where none is needed is no failure", async () => {
    lab = await RingLab.start(["a"], ["a"]);
    const plan = lab.plan();
    await withSession({ ...plan, access: { ...plan.access, login: { password: "needless" } } }, () =>
      Promise.resolve(),
    );
  });

  it("a name that leads to several addresses: says why each failed", async () => {
    lab = await RingLab.start(["a"], ["a"]);
    const port = await freePort();
    const error = await opened({ patient: false }, () => `redis://localhost:${port}`);
    expect(error).to.be.instanceOf(ShardUnreachableError);
    expect(error.message).to.match(
      new RegExp(`^a at redis://localhost:${port} cannot be reached: connect ECONNREFUSED \\S+:${port}\\b`),
    );
  });

  it("a name that does not exist", async () => {
    lab = await RingLab.start(["a"], ["a"]);
    const error = await opened({ patient: false }, () => "redis://no-such-shard.invalid:6379");
    expect(error).to.be.instanceOf(ShardUnreachableError);
    expect(error.message).to.match(/^a at redis:\/\/no-such-shard\.invalid:6379 cannot be reached: getaddrinfo E\w+ /);
  });

  it("a replica: refused, with the way out", async () => {
    lab = await RingLab.start(["a", "b"], ["a", "b"]);
    await lab.server("b").client.call("REPLICAOF", "127.0.0.1", lab.server("a").port);
    const error = await opened({});
    expect(error).to.be.instanceOf(ShardRefusedError);
    expect(error.message).to.match(
      new RegExp(
        `^b at ${lab.server("b").url} refused: READONLY You can't write against a read only replica\\..* ` +
          "It is a replica: point the shard's URL at its primary\\.$",
      ),
    );
  });

  it("a target at maxmemory: a clear error, nothing lost, and the next run goes on", async () => {
    lab = await RingLab.start(THREE, FOUR, { shards: { "shard-3": { settings: ["--maxmemory", "8mb"] } } });
    await lab.fill(600);
    for (const [i, key] of lab.moverKeys().entries()) {
      const value = Buffer.alloc(MIB / 4, `${i}`);
      value.set(Buffer.from(Array.from({ length: MIB / 4 }, (_, at) => (at * 31 + i * at) % 251)));
      await lab.put(lab.ownerOf(key, lab.rings.current), key, value, lab.truth(key).expiresAtMs);
      lab.remember(key, value, lab.truth(key).expiresAtMs);
    }
    await lab.begin();
    const copyAll = () => lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    const error = await errorOf(copyAll());
    expect(error).to.be.instanceOf(ShardRefusedError);
    expect(error.message).to.match(
      new RegExp(
        `^shard-3 at ${lab.server("shard-3").url} refused: OOM command not allowed when used memory > 'maxmemory'\\..* ` +
          "The shard is at maxmemory: nothing was lost\\. Give it more memory, then run `pulumi up` again\\.$",
      ),
    );
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.include({ different: 0, elsewhere: 0 });
    for (const key of lab.stored.keys()) {
      const shard = lab.ownerOf(Buffer.from(key, "latin1"), current);
      expect(await lab.server(shard).client.exists(Buffer.from(key, "latin1"))).to.equal(1);
    }
    await lab.server("shard-3").client.config("SET", "maxmemory", "0");
    await copyAll();
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
  });

  it("a source at maxmemory can be left: its lock, checkpoints and drain need no room", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(600);
    await lab.begin();
    for (const shard of THREE) await lab.server(shard).client.config("SET", "maxmemory", "100kb");
    const refused = await errorOf(lab.server("shard-0").client.set("pcs:one more", "v"));
    expect(refused.message).to.contain("OOM");
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    const job = { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: 4 };
    await lab.run((run) => drain(run, job));
    expect(await lab.placement(lab.rings.target)).to.deep.equal(lab.allRight(lab.rings.target));
  });

  it("one that stops answering under way fails the run instead of hanging it", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(600);
    await lab.begin();
    const before = atCall("bundle", 5, () => lab.server("shard-1").pause());
    const error = await errorOf(lab.run((run) => preCopy(tapped(run, { before }), lab.record, PACE, TOLERANCE_MS)));
    expect(error).to.be.instanceOf(ShardUnreachableError);
    expect(error.message).to.equal(
      `shard-1 at ${lab.server("shard-1").url} cannot be reached: Command timed out. Check that its pod runs and that this ` +
        "machine may connect, then run `pulumi up` again: it goes on where it stopped.",
    );
    lab.server("shard-1").resume();
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
  });

  it("one that fails stops the work on the others, and its error is the one that is told", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(3_000);
    await lab.begin();
    let failed = false;
    let begunAfterwards = 0;
    const before = (shard: string, method: string) => {
      if (failed && method === "bundle" && shard !== "shard-3") begunAfterwards++;
      if (shard !== "shard-1" || method !== "bundle") return;
      failed = true;
      throw new Error("shard-1 broke");
    };
    const error = await errorOf(lab.run((run) => preCopy(tapped(run, { before }), lab.record, PACE, TOLERANCE_MS)));
    expect(error.message).to.equal("shard-1 broke");
    // No batch begins afterwards; those under way, two a source, may look again.
    expect(begunAfterwards).to.be.below(10);
  });

  it("one that is dispensable and out of reach is left out", async () => {
    lab = await RingLab.start(["a", "b"], ["a", "b"]);
    const gone = await RedisServer.start();
    await gone.stop();
    const addresses = [...lab.plan().addresses, { name: "c", url: gone.url }];
    const found = await withSession(lab.plan({ addresses, dispensable: ["c"] }), ({ stores, outOfReach }) =>
      Promise.resolve({ outOfReach, stores: stores.map(({ name }) => name) }),
    );
    expect(found).to.deep.equal({ outOfReach: ["c"], stores: ["a", "b"] });
  });

  it("one that nobody opened is a mistake that is told", async () => {
    lab = await RingLab.start(["a"], ["a"]);
    const error = await errorOf(lab.run((run) => Promise.resolve(run.shards("z"))));
    expect(error.message).to.equal("shard z has not been opened for this run");
  });
});
