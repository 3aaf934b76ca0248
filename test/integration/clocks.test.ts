/** A shard whose clock is ahead takes living claims for expired: nothing may be moved by it. */
import { expect } from "chai";
import { withSession } from "../../migration/adapters/session";
import { GateClosedError } from "../../migration/engines/errors";
import { preCopy } from "../../migration/engines/pre-copy";
import { errorOf, FOUR, PACE, RingLab, THREE, TOLERANCE_MS } from "./ring-lab";
import { ShiftedClock } from "./support/shifted-clock";

describe("shards whose clocks differ", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let way: ShiftedClock;
  beforeEach(async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(200);
    await lab.begin();
  });
  afterEach(async () => {
    way.stop();
    await lab.stop();
  });

  /** The addresses of shards of which shard-3 is ahead. */
  async function withClockAhead(ms: number) {
    way = await ShiftedClock.start(lab.server("shard-3").port, ms);
    const url = `redis://127.0.0.1:${way.port}`;
    return [...lab.servers].map(([name, server]) => ({ name, url: name === "shard-3" ? url : server.url }));
  }

  async function copyWith(aheadMs: number): Promise<void> {
    const addresses = await withClockAhead(aheadMs);
    await withSession(lab.plan({ addresses }), ({ run }) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
  }

  it("are refused, before anything is locked or copied", async () => {
    const error = await errorOf(copyWith(15 * 24 * 3_600_000));
    expect(error).to.be.instanceOf(GateClosedError);
    expect(error.message).to.match(
      /^the clock of shard-3 is 1296000s ahead of that of shard-\d: claims that live on the one are over on the other\. Nothing has been done: set the clocks of their machines right \(NTP\), then run `pulumi up` again\.$/,
    );
    for (const { client } of lab.servers.values()) expect(await client.keys("dedup-shards:*lock*")).to.deep.equal([]);
    expect((await lab.strings("shard-3")).size).to.equal(0);
  });

  it("do not shut the way back: a shard that it can do without is left out", async () => {
    const addresses = await withClockAhead(-3_600_000);
    const found = await withSession(lab.plan({ addresses, dispensable: ["shard-3"] }), ({ stores, outOfReach }) =>
      Promise.resolve({ outOfReach, opened: stores.map(({ name }) => name) }),
    );
    expect(found).to.deep.equal({ outOfReach: ["shard-3"], opened: THREE });
    expect(lab.lines).to.include("shard-3 is left out: its clock is not that of the other shards");
  });

  it("are no matter by as little as engines make allowance for", async () => {
    await copyWith(1_000);
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
  });
});
