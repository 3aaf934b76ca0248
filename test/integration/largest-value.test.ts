/** The largest value that Redis has. In a file of its own because it takes its time, and is the same on every server. */
import { expect } from "chai";
import { preCopy } from "../../migration/engines/pre-copy";
import { FOUR, PACE, RingLab, THREE, TOLERANCE_MS } from "./ring-lab";

const MIB = 1 << 20;

describe("values that are migrated", function () {
  this.timeout(60_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  it("of 512 MiB, the largest that Redis has, move", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.begin();
    const key = lab.moverNamed("largest");
    const source = lab.server(lab.ownerOf(key, lab.rings.current)).client;
    const [target, length] = [lab.server("shard-3").client, 512 * MIB];
    await source.setrange(key, length - 3, "end");
    await source.pexpireat(key, Date.now() + 600_000);
    const counts = await lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));
    expect(counts).to.deep.equal({ checked: 1, missing: 1, different: 0, extra: 0, repaired: 1 });
    expect(await target.strlen(key)).to.equal(length);
    expect(await target.getrange(key, -4, -1)).to.equal("\0end");
    expect(await target.pexpiretime(key)).to.equal(await source.pexpiretime(key));
  });
});
