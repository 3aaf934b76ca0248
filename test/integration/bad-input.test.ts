/** A catalogue of bad input: for each, what finds it, the exact message, and that nothing has moved. */
import { expect } from "chai";
import { BAD_EDITS } from "./bad-edits";
import type { Place } from "./bad-input";
import { BAD_STATES } from "./bad-states";
import { PaperCluster } from "./paper-cluster";
import { PaperStack } from "./paper-stack";
import type { ServerOptions } from "./redis-servers";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";

const KEYS = 200;

describe("bad input", function () {
  this.timeout(60_000);
  let place: Place;
  const begin = async (servers: Readonly<Record<string, ServerOptions>>) => {
    const [lab, cluster] = await Promise.all([RingLab.start(THREE, FOUR, { shards: servers }), PaperCluster.start()]);
    place = { lab, cluster, stack: new PaperStack(lab, cluster) };
    await lab.fill(KEYS);
  };
  afterEach(async () => {
    place.cluster.stop();
    await place.lab.stop();
  });

  /** All that a run could change: every key of every shard with value and expiry, and the ring. */
  const everything = async () => {
    const { lab, cluster } = place;
    const shards = [...lab.servers.keys()];
    const keys = await Promise.all(shards.map((name) => lab.strings(name)));
    return { keys, ring: cluster.ring };
  };

  for (const { name, servers = {}, after, make, run, found, says } of [...BAD_EDITS, ...BAD_STATES]) {
    it(`${name}: found by ${found}`, async () => {
      await begin(servers);
      for (const phase of after) await place.stack.up(phase);
      await make?.(place);
      const before = await everything();
      const error = await errorOf(run(place));
      const wanted = says(place);
      if (typeof wanted === "string") expect(error.message).to.equal(wanted);
      else expect(error.message).to.match(wanted);
      expect(await everything()).to.deep.equal(before);
    });
  }
});
