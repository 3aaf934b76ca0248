import { expect } from "chai";
import { openShards } from "../../migration/adapters/open-shards";
import { systemClock, withSession } from "../../migration/adapters/session";
import { FencedError, LockedError } from "../../migration/engines/errors";
import { RunLock } from "../../migration/engines/lock";
import { preCopy } from "../../migration/engines/pre-copy";
import { writeMigrationRecord } from "../../migration/engines/migration-record";
import { errorOf, FOUR, PACE, RingLab, tapped, THREE, TOLERANCE_MS } from "./ring-lab";

const LOCK = "dedup-shards:lock";

describe("the lock of a run", function () {
  this.timeout(60_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  /** Each with the shard's name before the token: on another one it would be no lock. */
  const locks = () => Promise.all([...lab.servers.values()].map(({ client }) => client.get(LOCK)));

  it("is on every shard while the run lives, and on none afterwards", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.session(async () => {
      for (const lock of await locks())
        expect(lock).to.match(/^shard-\d@[0-9a-f-]{36} test on \S+, process \d+, since 2\d\d\d-/);
    });
    for (const { client } of lab.servers.values()) expect(await client.keys("*")).to.deep.equal([]);
  });

  it("is given back when the work fails", async () => {
    lab = await RingLab.start(THREE, FOUR);
    const error = await errorOf(lab.session(() => Promise.reject(new Error("work failed"))));
    expect(error.message).to.equal("work failed");
    expect(await locks()).to.deep.equal([null, null, null, null]);
  });

  it("keeps a second run out, which names the holder and leaves the lock alone", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.session(async () => {
      const before = await locks();
      const error = await errorOf(withSession(lab.plan({ purpose: "another" }), () => Promise.resolve()));
      expect(error).to.be.instanceOf(LockedError);
      expect(error.message).to.match(
        new RegExp(
          "^another migration run works on shard-0: test on \\S+, process \\d+, since \\S+\\. Wait for it to end, or stop it, " +
            "then run `pulumi up` again\\. A run that was killed loses its lock within seconds\\.$",
        ),
      );
      expect(await locks()).to.deep.equal(before);
    });
    expect(lab.lines.join()).to.match(/shard-0 is locked by test on .*: waiting to see whether that run still lives/);
  });

  it("of a run on some of the shards keeps out a run on others, which gives back what it took", async () => {
    lab = await RingLab.start(THREE, FOUR);
    const some = lab.plan().addresses.filter(({ name }) => name > "shard-1");
    await withSession(lab.plan({ addresses: some }), async () => {
      const error = await errorOf(lab.session(() => Promise.resolve()));
      expect(error.message).to.contain("another migration run works on shard-2: test on");
      expect((await locks()).map((lock) => lock !== null)).to.deep.equal([false, false, true, true]);
    });
  });

  it("of a dead run is waited out and taken over", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.server("shard-1").client.set(LOCK, "some-token pre-copy on ci-7", "PX", 2_500);
    let worked = false;
    await lab.session(() => Promise.resolve(void (worked = true)));
    expect(worked).to.equal(true);
    expect(lab.lines).to.deep.equal([
      "shard-1 is locked by pre-copy on ci-7: waiting to see whether that run still lives",
    ]);
  });

  it("is renewed for as long as the run lives", async () => {
    lab = await RingLab.start(["a"], ["a"]);
    await lab.session(async () => {
      const { client } = lab.server("a");
      // As if it had been held for most of its time.
      await client.pexpire(LOCK, 6_000);
      const deadline = Date.now() + 10_000;
      while ((await client.pttl(LOCK)) <= 6_000 && Date.now() < deadline) await systemClock.sleep(100);
      expect(await client.pttl(LOCK)).to.be.greaterThan(6_000);
    });
  });

  /** A lock of the product's own, and a way to wait for its next renewal. */
  async function lockOf(description: string) {
    const open = await openShards(lab.plan().addresses, lab.plan().access);
    const lock = await RunLock.acquire(open.shards, { token: description, description }, systemClock, () => undefined);
    return { lock, open };
  }
  const renewal = () => systemClock.sleep(5_000);

  it("that ended while its run slept is had back if nobody took it meanwhile", async () => {
    lab = await RingLab.start(["a"], ["a"]);
    const { lock, open } = await lockOf("sleeper");
    await lab.server("a").client.pexpire(LOCK, 1);
    await renewal();
    expect(await lab.server("a").client.get(LOCK)).to.equal("a@sleeper sleeper");
    expect(lock.token()).to.equal("sleeper");
    await lock.release();
    open.close();
  });

  it("that another run had meanwhile is not had back, though that run has ended: what is written fails", async () => {
    lab = await RingLab.start(["a"], ["a"]);
    const { lock, open } = await lockOf("sleeper");
    await lab.server("a").client.pexpire(LOCK, 1);
    await lab.session(() => Promise.resolve());
    await renewal();
    expect(await lab.server("a").client.keys("*")).to.deep.equal([]);
    expect(() => lock.token()).to.throw(
      FencedError,
      "this run lost its lock on a (now: nobody, but another run had it meanwhile or the shard lost its data), " +
        "so it stopped writing.",
    );
    await lock.release();
    open.close();
  });

  it("that was taken over stops the old run at its next write, and the new one does its work", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(1_500);
    await lab.begin();
    let writes = 0;
    let heldAtTakeover = 0;
    const before = async (_shard: string, method: string) => {
      if (method !== "add" || ++writes !== 5) return;
      for (const { client } of lab.servers.values()) await client.set(LOCK, "new-token the new run", "PX", 3_000);
      heldAtTakeover = (await lab.strings("shard-3")).size;
    };
    const error = await errorOf(lab.run((run) => preCopy(tapped(run, { before }), lab.record, PACE, TOLERANCE_MS)));
    expect(error).to.be.instanceOf(FencedError);
    expect(error.message).to.match(
      /^this run lost its lock on shard-\d \(now: the new run\), so it stopped writing\. /,
    );
    expect((await lab.strings("shard-3")).size).to.equal(heldAtTakeover);
    expect(await locks()).to.deep.equal(Array(4).fill("new-token the new run"));
    await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
  });

  it("guards the records too: the old run's fail after a takeover", async () => {
    lab = await RingLab.start(["a"], ["b"]);
    const error = await errorOf(
      lab.session(async ({ run, stores }) => {
        await lab.server("b").client.set(LOCK, "new-token the new run", "PX", 60_000);
        await writeMigrationRecord(stores, run.token(), lab.record);
      }),
    );
    expect(error.message).to.contain("this run lost its lock on b (now: the new run)");
    expect(await lab.server("b").client.get("dedup-shards:migration")).to.equal(null);
  });
});
