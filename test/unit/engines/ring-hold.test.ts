/** The barrier holds the live ring, whoever else writes it, and lets no pod pass that runs another one. */
import { expect } from "chai";
import fc from "fast-check";
import { differingKeys, numbered, OWNED_KEYS, type RingData } from "../../../migration/contract/ring-config-map";
import { barrier } from "../../../migration/engines/barrier";
import { RingHold } from "../../../migration/engines/gate/ring-hold";
import { RingPutBackError } from "../../../migration/engines/gate/ring-put-back-error";
import { FakeClock } from "./fakes";
import { FakeRingSource, type Backend } from "./fake-ring-source";

const ring = (shards: string, secondary = ""): RingData => ({
  DEDUP_SHARDS: shards,
  DEDUP_DUAL_WRITE: String(secondary !== ""),
  DEDUP_NEW_RING: secondary,
});
const CONFIGS = { A: ring("a"), DA: ring("a", "a,b"), DB: ring("a,b", "a"), B: ring("a,b") };
type Config = keyof typeof CONFIGS;
/** Every step that a ring may take, there and back. */
const MOVES: readonly (readonly [Config, Config])[] = [
  ["A", "DA"],
  ["DA", "DB"],
  ["DB", "B"],
  ["B", "DB"],
  ["DB", "DA"],
  ["DA", "A"],
];
/** Every set of keys but the empty one. */
const SUBSETS = Array.from({ length: 2 ** OWNED_KEYS.length - 1 }, (_, mask) =>
  OWNED_KEYS.filter((_, i) => ((mask + 1) >> i) & 1),
);
const [BEFORE, AFTER] = [4, 5];

/** A move whose ring has been written, behind a gate that has looked at the ring of before. */
function moved([from, to]: readonly [Config, Config], backend: Backend, chart: Config = from) {
  const before = numbered(CONFIGS[from], BEFORE);
  const wanted = numbered(CONFIGS[to], AFTER);
  const source = new FakeRingSource(before, backend);
  const { resourceVersion } = source.live;
  source.write(wanted);
  const theirs = numbered(CONFIGS[chart], BEFORE);
  return {
    source,
    wanted,
    putBack: (keys: readonly string[]) =>
      source.write(
        { ...source.live.data, ...Object.fromEntries(keys.map((key) => [key, theirs[key] ?? ""])) },
        "argocd",
      ),
    restore: () => source.write(wanted),
    pass: (since: string | null = resourceVersion) =>
      barrier(
        source,
        { epoch: AFTER, deadlineMs: 30_000, commandTimeoutMs: 5_000 },
        new FakeClock(),
        () => undefined,
        new RingHold(source, wanted, since ?? undefined, () => undefined),
      ).then(
        () => undefined,
        (error: Error) => error,
      ),
  };
}

describe("the barrier, where somebody else writes the ring", () => {
  for (const [from, to] of MOVES) {
    for (const backend of ["checks", "does not check"] as const) {
      it(`${from} → ${to}, a backend that ${backend}: every set of keys that is put back and stays holds it`, async () => {
        for (const keys of SUBSETS) {
          const { source, wanted, putBack, pass } = moved([from, to], backend);
          source.start();
          putBack(keys);
          const changed = differingKeys(source.live.data, wanted);
          const error = await pass();
          if (changed.length === 0) expect(error, keys.join()).to.equal(undefined);
          else expect(error, keys.join()).to.be.instanceOf(RingPutBackError).and.deep.include({ keys: changed });
          expect(source.restarts).to.deep.equal([]);
        }
      });

      it(`${from} → ${to}, a backend that ${backend}: a set that is put back once, while a pod starts, is found`, async () => {
        for (const keys of SUBSETS) {
          const { source, wanted, putBack, restore, pass } = moved([from, to], backend);
          source.start();
          putBack(keys);
          source.start();
          restore();
          expect(await pass(), keys.join()).to.equal(undefined);
          expect(source.started.map((pod) => differingKeys(pod.ring, wanted))).to.deep.equal([[], []]);
        }
      });
    }
  }

  it("puts nobody through a second rollout where every pod reports the ring", async () => {
    const { source, putBack, restore, pass } = moved(["A", "DA"], "checks");
    putBack(["DEDUP_SHARDS", "DEDUP_DUAL_WRITE"]);
    restore();
    source.start();
    expect(await pass()).to.equal(undefined);
    expect(source.restarts).to.deep.equal([]);
  });

  it("sees what comes while it waits for the last commands, and holds a pod that was started meanwhile", async () => {
    const { source, wanted, putBack, restore, pass } = moved(["DB", "B"], "does not check", "A");
    source.start();
    source.onLook = () => {
      source.onLook = () => undefined;
      putBack(["DEDUP_SHARDS"]);
      source.start();
      restore();
    };
    expect(await pass()).to.equal(undefined);
    expect(source.restarts).to.have.length(1);
    expect(source.started.map((pod) => differingKeys(pod.ring, wanted))).to.deep.equal([[], []]);
  });

  for (const [what, forget] of [
    ["a gate of an earlier version noted no version of the ConfigMap", false],
    ["the API server no longer knows what was written since", true],
  ] as const) {
    it(`restarts pods that report no checksum where ${what}`, async () => {
      const { source, pass } = moved(["A", "DA"], "does not check");
      source.forgets = forget;
      source.start();
      expect(await pass(forget ? "0" : null)).to.equal(undefined);
      expect(source.restarts).to.have.length(1);
    });
  }

  it("names the keys, the writer and what to do", async () => {
    const { source, putBack, pass } = moved(["DB", "B"], "checks", "A");
    source.start();
    putBack(["DEDUP_SHARDS", "DEDUP_DUAL_WRITE", "DEDUP_NEW_RING"]);
    expect((await pass())?.message).to.equal(
      "somebody else has changed DEDUP_SHARDS in ConfigMap n/backend-config (written by argocd), so it no longer has the " +
        "ring of this epoch. Take the ring's keys out of what writes them (docs/guides/gitops-and-helm.md), then run " +
        "`pulumi up` again: it writes them once more.",
    );
    source.write(numbered(CONFIGS.A, BEFORE), "helm");
    expect((await pass())?.message).to.match(
      / \(written by helm\), .* then run `pulumi up --refresh`, which starts from/,
    );
  });

  it("lets nobody pass by another ring, whatever is written and started, and when", async () => {
    const event = fc.oneof(
      fc.constantFrom(...SUBSETS).map((keys) => ({ keys })),
      fc.constantFrom("restore" as const, "start" as const, "start" as const),
    );
    const schedule = fc.record({
      move: fc.constantFrom(...MOVES),
      chart: fc.constantFrom<Config>("A", "DA", "DB", "B"),
      backend: fc.constantFrom<Backend>("checks", "does not check"),
      rollout: fc.array(event, { maxLength: 6 }),
      waiting: fc.array(fc.array(event, { maxLength: 3 }), { maxLength: 6 }),
    });
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(schedule, async ({ move, chart, backend, rollout, waiting }) => {
        const { source, wanted, putBack, restore, pass } = moved(move, backend, chart);
        const happen = (events: typeof rollout) => {
          for (const each of events) {
            if (each === "start") source.start();
            else if (each === "restore") restore();
            else putBack(each.keys);
          }
        };
        source.start();
        happen(rollout);
        let look = 0;
        source.onLook = () => happen(waiting[look++] ?? []);
        const error = await pass();
        if (error !== undefined) return;
        passed++;
        expect(source.listed.filter((pod) => differingKeys(pod.ring, wanted).length > 0)).to.deep.equal([]);
      }),
      { numRuns: 1_000 },
    );
    expect(passed).to.be.above(50);
  });
});
