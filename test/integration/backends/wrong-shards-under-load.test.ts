/**
 * Pods of both implementations side by side, under load, on shards that are swapped or lose their data: an id that a
 * client holds is RETRY meanwhile, and never first. When the data are back everything goes on.
 */
import { expect } from "chai";
import { HashRing } from "../../../migration/ring/ring";
import { SecondRouter } from "../second-router";
import { PodLoad, type Try } from "../support/pod-load";
import { referencePod, secondPod, type Pod, type PodRings } from "../support/pods";
import { ShardsBehindProxies, urlsOf, type Ways } from "../support/shards-behind-proxies";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
/** What goes wrong goes wrong with this one; swapped it is with the other. */
const [WRONG, OTHER] = THREE as [string, string];
const IDS = 40;
/** Answers of each kind that are waited for. */
const ENOUGH = 20;

interface Setting {
  readonly name: string;
  /** By the name of a config, what pods of that config have. */
  readonly rings: Readonly<Record<string, PodRings>>;
}
const SETTINGS: readonly Setting[] = [
  { name: "one ring", rings: { A: { primary: FOUR } } },
  {
    name: "two rings, in the rollout of a cutover",
    rings: { DA: { primary: THREE, secondary: FOUR }, DB: { primary: FOUR, secondary: THREE } },
  },
];

type End = () => void | Promise<void>;
interface Fault {
  readonly name: string;
  /** Which shards it is about. */
  readonly shards: readonly string[];
  /** Which pods it is about: every one, or one of each implementation. */
  readonly podsOf: (pods: readonly Pod[]) => readonly Pod[];
  readonly begin: (shards: ShardsBehindProxies, ways: readonly Ways[]) => End | Promise<End>;
}
const FAULTS: readonly Fault[] = [
  {
    name: "two shards are swapped, as all pods see them",
    shards: [WRONG, OTHER],
    podsOf: (pods) => pods,
    begin: (shards, ways) => shards.swap(WRONG, OTHER, ways),
  },
  {
    name: "two shards are swapped, as some pods see them",
    shards: [WRONG, OTHER],
    podsOf: (pods) => [pods[0]!, pods.at(-1)!],
    begin: (shards, ways) => shards.swap(WRONG, OTHER, ways),
  },
  {
    name: "a shard is emptied while connections stay",
    shards: [WRONG],
    podsOf: (pods) => pods,
    begin: (shards) => shards.empty(WRONG),
  },
  {
    name: "a shard is restarted without its data",
    shards: [WRONG],
    podsOf: (pods) => pods,
    begin: (shards) => shards.restartEmpty(WRONG),
  },
];

for (const { name, rings } of SETTINGS)
  describe(`pods of both implementations that ask for cards, under load on ${name}`, function () {
    this.timeout(120_000); // a cold build
    let shards: ShardsBehindProxies;
    let router: SecondRouter;
    let pods: readonly Pod[];
    const waysOf = new Map<string, Ways>();

    before(async () => {
      [shards, router] = await Promise.all([ShardsBehindProxies.start(FOUR), SecondRouter.start()]);
      const urlsFor = async (name: string) => {
        const ways = await shards.waysOfPod();
        waysOf.set(name, ways);
        return urlsOf(ways);
      };
      const each = Object.entries(rings);
      pods = await Promise.all([
        ...each.map(async ([name, ring]) => referencePod(name, await urlsFor(name), ring)),
        ...each.map(async ([config, ring]) => {
          const name = `${config}, second router`;
          return secondPod(name, await urlsFor(name), ring, router);
        }),
      ]);
    });
    after(async () => {
      await Promise.all((pods ?? []).map((pod) => pod.stop()));
      await Promise.all([router?.stop(), shards?.stop()]);
    });

    const all = Object.values(rings).map(({ primary }) => new HashRing(primary));
    const isOn = (some: readonly string[], pcsId: string) => all.some((ring) => some.includes(ring.ownerOf(pcsId)));

    for (const fault of FAULTS)
      it(`${fault.name}: known ids are retried and never first, and go on afterwards`, async () => {
        const ids = Array.from({ length: IDS }, (_, i) => `${fault.name} ${i}`.replaceAll(/\W/g, "-"));
        const hit = fault.podsOf(pods);
        const load = new PodLoad(fault.name, pods, ids);
        load.start();
        await load.until(10 * ENOUGH, 0, ({ answer }) => answer === "duplicate");
        const end = await fault.begin(
          shards,
          hit.map(({ name }) => waysOf.get(name) as Ways),
        );
        const begunMs = performance.now();
        const from = load.tries.length;
        const isHit = ({ pod, pcsId, sentMs }: Try) =>
          sentMs > begunMs && isOn(fault.shards, pcsId) && hit.some(({ name }) => name === pod);
        for (const { name } of hit)
          await load.until(
            ENOUGH,
            from,
            (one) => isHit(one) && one.pod === name && one.known && one.answer === "retry",
          );
        await load.until(ENOUGH, from, (one) => !isOn(fault.shards, one.pcsId) && one.answer !== "retry");
        const meanwhile = load.tries.slice(from).filter((one) => isHit(one) && one.known);
        await end();
        for (const pod of pods) await Promise.all(ids.map((id) => load.settle(pod, id)));
        await load.stop();

        const answers = new Set(meanwhile.map(({ answer }) => answer));
        if (all.length === 1) expect([...answers]).to.deep.equal(["retry"]);
        // Where both owners hold a claim, the one that is what it should be may tell of it.
        else
          expect([...answers])
            .to.include("retry")
            .and.not.include("first")
            .and.not.include("none");
        expect(load.findings()).to.deep.equal([]);
        const lastOf = (pcsId: string) =>
          load.tries.filter((one) => one.pcsId === pcsId && one.kind === "claim").at(-1);
        expect(new Set(ids.map((id) => lastOf(id)?.answer))).to.deep.equal(new Set(["duplicate"]));
      });
  });
