import { expect } from "chai";
import { catchUp } from "../../migration/engines/catch-up";
import type { Checkpoint, Counts } from "../../migration/engines/checkpoint";
import { drain } from "../../migration/engines/drain";
import { preCopy } from "../../migration/engines/pre-copy";
import type { Run } from "../../migration/engines/runtime";
import type { HashRing } from "../../migration/ring/ring";
import { atCall, errorOf, FOUR, Killed, PACE, RingLab, tapped, THREE, TOLERANCE_MS } from "./ring-lab";

const KEYS = 6_000;

/** Work that can be interrupted. */
interface Work {
  readonly name: string;
  /** What is interrupted, at which of its calls. */
  readonly method: "add" | "write" | "remove";
  readonly at: number;
  readonly checkpoint: string;
  readonly sources: readonly string[];
  readonly prepare: (lab: RingLab) => Promise<void>;
  readonly start: (run: Run, lab: RingLab) => Promise<object>;
  /** The rings whose owners hold every key afterwards. */
  readonly rings: (lab: RingLab) => readonly HashRing[];
}

const copyAll = (lab: RingLab) => lab.run((run) => preCopy(run, lab.record, PACE, TOLERANCE_MS));

const WORKS: readonly Work[] = [
  {
    name: "pre-copy",
    method: "add",
    at: 40,
    checkpoint: "pre-copy",
    sources: THREE,
    prepare: () => Promise.resolve(),
    start: (run, lab) => preCopy(run, lab.record, PACE, TOLERANCE_MS),
    rings: ({ rings: { current, target } }) => [current, target],
  },
  {
    name: "catch-up",
    method: "write",
    at: 40,
    checkpoint: "catch-up",
    sources: THREE,
    prepare: () => Promise.resolve(),
    start: (run, lab) => catchUp(run, lab.record, lab.forward, 2, PACE, TOLERANCE_MS),
    rings: ({ rings: { current, target } }) => [current, target],
  },
  {
    name: "catch-up, left-overs",
    method: "remove",
    at: 30,
    checkpoint: "catch-up, left-overs",
    sources: ["shard-3"],
    prepare: async (lab) => {
      await copyAll(lab);
      // Left-overs of an earlier attempt: on the new owner only.
      for (let i = 0; i < 8_000; i++) {
        const key = Buffer.from(`pcs:left over ${i}`);
        if (lab.ownerOf(key, lab.rings.target) === "shard-3") await lab.put("shard-3", key, Buffer.from("v"));
      }
    },
    start: (run, lab) => catchUp(run, lab.record, lab.forward, 2, PACE, TOLERANCE_MS),
    rings: ({ rings: { current, target } }) => [current, target],
  },
  {
    name: "drain",
    method: "remove",
    at: 40,
    checkpoint: "cleanup",
    sources: THREE,
    prepare: async (lab) => void (await copyAll(lab)),
    start: (run, lab) =>
      drain(run, { record: lab.record, direction: lab.backward, sources: THREE, pace: PACE, epoch: 4 }),
    rings: ({ rings: { target } }) => [target],
  },
];

describe("an interrupted run", function () {
  this.timeout(90_000);
  let lab: RingLab;
  afterEach(() => lab.stop());

  const checkpointOf = async (shard: string, work: Work) => {
    const text = await lab.server(shard).client.get(`dedup-shards:checkpoint:${work.checkpoint}`);
    return text === null ? undefined : (JSON.parse(text) as Checkpoint);
  };

  for (const work of WORKS) {
    it(`${work.name}: goes on from its checkpoints, and loses nothing`, async () => {
      lab = await RingLab.start(THREE, FOUR);
      await lab.fill(KEYS);
      await lab.begin();
      await work.prepare(lab);
      const before = atCall(work.method, work.at, () => Promise.reject(new Killed("killed")));
      const error = await errorOf(lab.run((run) => work.start(tapped(run, { before }), lab)));
      expect(error).to.be.instanceOf(Killed);

      const left = await Promise.all(work.sources.map((shard) => checkpointOf(shard, work)));
      const underWay = left.flatMap((found, i) =>
        found && !found.done ? [{ shard: work.sources[i] ?? "", found }] : [],
      );
      expect(underWay, "sources with a checkpoint on the way").to.not.be.empty;

      lab.lines.length = 0;
      const scans: string[] = [];
      const record = (shard: string, method: string, [cursor]: readonly unknown[]) =>
        method === "scan" ? void scans.push(`${shard} ${String(cursor)}`) : undefined;
      await lab.run((run) => work.start(tapped(run, { before: record }), lab));
      expect(await lab.placement(...work.rings(lab))).to.deep.equal(lab.allRight(...work.rings(lab)));
      for (const { shard, found } of underWay) {
        const line = `${work.checkpoint}: ${shard} goes on from its checkpoint (${found.counts["checked"] ?? 0} keys done)`;
        expect(lab.lines).to.include(line);
        expect(scans.filter((scan) => scan.startsWith(`${shard} `))).to.include(`${shard} ${found.cursor}`);
        if (work.name === "pre-copy") expect(scans).to.not.include(`${shard} 0`);
      }
    });
  }

  it("counts no key twice: the counts are those of an undisturbed run", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(KEYS);
    await lab.begin();
    const before = atCall("add", 40, () => Promise.reject(new Killed("killed")));
    await errorOf(lab.run((run) => preCopy(tapped(run, { before }), lab.record, PACE, TOLERANCE_MS)));
    const counts = await copyAll(lab);
    const movers = lab.moverKeys().length;
    expect(counts).to.include({ checked: movers, different: 0, extra: 0 });
    // Copies of batches behind the last checkpoint were made by the killed run, and found equal by this one.
    expect(counts.missing).to.be.within(movers / 2, movers);
    expect(counts.repaired).to.equal(counts.missing);
  });

  it("that is killed again and again gets to the end", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(KEYS);
    await lab.begin();
    let counts: object | undefined;
    for (let runs = 0; counts === undefined && runs < 40; runs++) {
      const before = atCall("add", 25, () => Promise.reject(new Killed("killed")));
      counts = await lab
        .run((run) => preCopy(tapped(run, { before }), lab.record, PACE, TOLERANCE_MS))
        .catch(() => undefined);
    }
    expect(counts).to.include({ checked: lab.moverKeys().length });
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
  });

  it("tells the progress of both runs together", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(KEYS);
    await lab.begin();
    const before = atCall("add", 40, () => Promise.reject(new Killed("killed")));
    await errorOf(lab.run((run) => preCopy(tapped(run, { before }), lab.record, PACE, TOLERANCE_MS)));
    const done = await Promise.all(THREE.map((shard) => checkpointOf(shard, WORKS[0] as Work)));
    const already = done.reduce((sum, found) => sum + (found?.counts["checked"] ?? 0), 0);
    lab.lines.length = 0;
    // A clock on which every look takes two seconds, so that each third batch says how far it is.
    let now = 0;
    const clock = { now: () => (now += 2_000), sleep: () => Promise.resolve() };
    await lab.run((run) => preCopy({ ...run, clock }, lab.record, PACE, TOLERANCE_MS));
    const said = lab.lines.flatMap((line) => /^pre-copy: ([\d,]+) of about/.exec(line)?.[1] ?? []);
    const counted = said.map((figure) => Number(figure.replaceAll(",", "")));
    expect(counted[0]).to.be.greaterThan(already);
    expect(counted.at(-1)).to.be.at.most(lab.moverKeys().length);
  });

  it("does not take up the checkpoint of another migration or epoch", async () => {
    lab = await RingLab.start(THREE, FOUR);
    await lab.fill(500);
    await lab.begin();
    const first = await lab.run((run) => catchUp(run, lab.record, lab.forward, 2, PACE, TOLERANCE_MS));
    expect(first.missing).to.equal(lab.moverKeys().length);
    // While dual-write was off, a key came that is on its current owner only, and one was lost.
    await lab.fill(500, 500);
    const counts = await lab.run((run) => catchUp(run, lab.record, lab.forward, 4, PACE, TOLERANCE_MS));
    expect(counts).to.include({ checked: lab.moverKeys().length, missing: lab.moverKeys().length - first.missing });
    const { current, target } = lab.rings;
    expect(await lab.placement(current, target)).to.deep.equal(lab.allRight(current, target));
  });

  for (const text of ["", "null", "{", '{"work":"m-1"}', '{"work":"m-1","cursor":7}', "[]"]) {
    it(`starts over at a checkpoint that reads ${JSON.stringify(text)}`, async () => {
      lab = await RingLab.start(["a"], ["a", "b"]);
      await lab.fill(200);
      await lab.begin();
      await lab.server("a").client.set("dedup-shards:checkpoint:pre-copy", text);
      const counts: Counts = { ...(await copyAll(lab)) };
      expect(counts).to.include({ checked: lab.moverKeys().length, missing: lab.moverKeys().length });
    });
  }
});
