/** A shard that lost its data, from the backend's RETRY to the operator's decision, and on: what is given up, and no more. */
import { expect } from "chai";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CheckedGateInputs } from "../../../migration/entrypoints/gate-inputs";
import { PHASES, type Phase } from "../../../migration/phases";
import { PaperCluster } from "../paper-cluster";
import { PaperStack } from "../paper-stack";
import { FOUR, RingLab, THREE } from "../ring-lab";
import { SecondRouter } from "../second-router";
import { runAdopt } from "../support/adopt-command";
import { referencePod, secondPod, type Pod, type Told } from "../support/pods";

const LOST = "shard-1";
const IDS = Array.from({ length: 60 }, (_, i) => `id-${i}`);

/** What ids were told, by where they are. */
type Kinds = Readonly<Record<string, readonly string[]>>;

describe("a shard that loses its data, under a backend that asks for cards", function () {
  this.timeout(120_000); // a cold build
  let lab: RingLab;
  let cluster: PaperCluster;
  let stack: PaperStack;
  let router: SecondRouter;
  let pods: readonly Pod[];

  /** A ring in a phase, with a pod of each implementation, and ids that were claimed through them. */
  async function setUp(phase: Phase): Promise<void> {
    for (const each of PHASES.slice(0, PHASES.indexOf(phase) + 1)) await stack.up(each);
    const urls = Object.fromEntries([...lab.servers].map(([name, { url }]) => [name, url]));
    const rings = { primary: THREE, ...(phase === "dualWrite" ? { secondary: FOUR } : {}) };
    pods = [await referencePod("reference", urls, rings), secondPod("second", urls, rings, router)];
    expect(await claimAll("known")).to.deep.equal(IDS.map(() => "first known"));
  }
  beforeEach(async () => {
    [lab, cluster, router] = await Promise.all([
      RingLab.start(THREE, FOUR),
      PaperCluster.start(),
      SecondRouter.start(),
    ]);
    stack = new PaperStack(lab, cluster);
    stack.stack = "test";
    pods = [];
  });
  afterEach(async () => {
    await Promise.all(pods.map((pod) => pod.stop()));
    await router.stop();
    cluster.stop();
    await lab.stop();
  });

  const say = ({ answer, stored }: Told): string => [answer, stored?.replace(/ .*/, "") ?? []].flat().join(" ");
  /** Asks for every id, one after the other, through one of the pods. Returns the answers, each with its claim's name. */
  async function askAll(ask: (pod: Pod, id: string) => Promise<Told>): Promise<string[]> {
    const answers: string[] = [];
    for (const [i, id] of IDS.entries()) answers.push(say(await ask(pods[i % pods.length]!, id)));
    return answers;
  }
  const claimAll = (claim: string) => askAll((pod, id) => pod.claim(id, `${claim} ${id}`));
  const readAll = () => askAll((pod, id) => pod.read(id));
  /** What ids were told, by where they are: on the lost shard alone, on it and another, elsewhere. */
  function byPlace(answers: readonly string[], isDual: boolean): Kinds {
    const kinds: Record<string, Set<string>> = {};
    IDS.forEach((id, i) => {
      const { current, target } = lab.rings;
      const owners = new Set([current.ownerOf(id), ...(isDual ? [target.ownerOf(id)] : [])]);
      const place = !owners.has(LOST) ? "elsewhere" : owners.size === 1 ? "alone" : "shared";
      (kinds[place] ??= new Set()).add(answers[i]!);
    });
    return Object.fromEntries(Object.entries(kinds).map(([place, all]) => [place, [...all].sort()]));
  }
  const adopt = () => runAdopt(stack.state as CheckedGateInputs, LOST);
  /** Resolves when all pods take the shard for what it is. */
  async function untilAccepted(): Promise<void> {
    const probe = IDS.find((id) => lab.rings.current.ownerOf(id) === LOST) as string;
    for (const pod of pods) while ((await pod.read(probe)).answer === "retry") await nextTurn();
  }

  it("is RETRY until `npm run adopt` names it; then its ids are first once more, and nobody else's", async () => {
    await setUp("stable");
    await lab.server(LOST).client.flushall();
    const places = (answers: readonly string[]) => byPlace(answers, false);
    expect(places(await claimAll("early"))).to.deep.equal({ alone: ["retry"], elsewhere: ["duplicate known"] });
    expect(places(await readAll())).to.deep.equal({ alone: ["retry"], elsewhere: ["duplicate known"] });
    const { output, code } = await adopt();
    expect(output).to.match(
      /^shard-1 goes on with what it has now \([\d,]+ keys, .*\)\. Given up is what it held alone: such ids are accepted once more\./,
    );
    expect(code).to.equal(0);
    await untilAccepted();
    const late = places(await claimAll("late"));
    expect(late["elsewhere"]).to.deep.equal(["duplicate known"]);
    // What was sent while nobody had noticed yet stays there. Its client was told to try again.
    expect(late["alone"]).to.include("first late");
    expect(late["alone"]!.filter((told) => !["first late", "duplicate early"].includes(told))).to.deep.equal([]);
    const later = places(await claimAll("later"));
    expect(later["elsewhere"]).to.deep.equal(["duplicate known"]);
    expect(later["alone"]!.filter((told) => !["duplicate late", "duplicate early"].includes(told))).to.deep.equal([]);
    await stack.up("stable");
    await stack.up("plan");
  });

  it("under dual-write gives up what it held alone; what another owner holds is never first, and comes back", async () => {
    await setUp("dualWrite");
    await lab.server(LOST).client.flushall();
    const places = (answers: readonly string[]) => byPlace(answers, true);
    const early = places(await claimAll("early"));
    expect(early).to.deep.equal({ alone: ["retry"], shared: ["retry"], elsewhere: ["duplicate known"] });
    const { output, code } = await adopt();
    expect(code, output).to.equal(0);
    await untilAccepted();
    const late = places(await claimAll("late"));
    expect(late["elsewhere"]).to.deep.equal(["duplicate known"]);
    const isFirst = (told: string) => told.startsWith("first");
    expect(late["shared"]!.filter(isFirst)).to.deep.equal([]);
    await stack.up("dualWrite");
    const settled = places(await claimAll("later"));
    expect(settled["shared"]).to.deep.equal(["duplicate known"]);
    expect(settled["elsewhere"]).to.deep.equal(["duplicate known"]);
    expect(settled["alone"]!.filter(isFirst)).to.deep.equal([]);
  });
});
