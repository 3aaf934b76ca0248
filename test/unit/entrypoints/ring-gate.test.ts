import { expect } from "chai";
import type { SettingsInputs } from "../../../migration/entrypoints/inputs";
import { ringData } from "../../../migration/entrypoints/gate-inputs";
import { refuseStart } from "../../../migration/entrypoints/gate-refusals";
import { check } from "../../../migration/entrypoints/ring-gate";
import { PHASES, ringsInForce, shardsThatExist, type Phase } from "../../../migration/phases";

const THREE = ["shard-0", "shard-1", "shard-2"];
const RING = { shards: THREE, targetShards: ["shard-0", "shard-1", "shard-3"], vnodes: 150, keyPrefix: "pcs:" };
const podUrl = (name: string) => `redis://redis-dedup-${name}-0.redis-dedup.n.svc:6379`;

type Urls = Readonly<Record<string, string>>;

const inputs = (phase: Phase, urls: Urls = {}) => ({
  phase,
  ring: RING,
  connection: {
    shards: Object.fromEntries(
      shardsThatExist({ phase, ...RING }).map((name) => [name, urls[name] ?? podUrl(name)] as const),
    ),
    access: "direct" as const,
    namespace: "n",
    kubeContext: "",
    configMap: "backend-config",
    deployment: "backend",
  },
  settings: {} as SettingsInputs,
});

/** What the last gate left, by which the ring in force is known; `live`: what a refresh found in the ConfigMap. */
function before(phase: Phase, live?: string) {
  const { primary, secondary } = ringsInForce({ phase, ...RING });
  const data = {
    DEDUP_SHARDS: live ?? primary.map(podUrl).join(","),
    DEDUP_DUAL_WRITE: String(secondary !== undefined),
    DEDUP_NEW_RING: (secondary ?? []).join(","),
    DEDUP_RING_EPOCH: "5",
  };
  return { ...inputs(phase), data, epoch: 5 };
}

const refusalOf = async (from: ReturnType<typeof before>, to: ReturnType<typeof inputs>) =>
  (await check(from, to)).failures?.map(({ property, reason }) => `${property}: ${reason}`)[0];

const EMPTY = "redis://empty.example:6379";

describe("the gate's check of where the ring's shards are", () => {
  it("refuses another server for a shard of the ring, and says what to do instead", async () => {
    expect(await refusalOf(before("stable"), inputs("stable", { "shard-1": EMPTY }))).to.equal(
      `shardUrls: shardUrls: shard-1 is at ${podUrl("shard-1")} and its keys are there, but it would be at ${EMPTY} from ` +
        "now on, where they would not be found. Take the change of shardUrls (or namespace) back. To move the shard to " +
        "another server, name that one in targetShards under a name of its own, leave shard-1 out there, and migrate.",
    );
  });

  for (const phase of PHASES) {
    it(`in ${phase}, for every shard of the current ring and of the rings in force`, async () => {
      const { primary, secondary = [] } = ringsInForce({ phase, ...RING });
      for (const name of shardsThatExist({ phase, ...RING })) {
        const refused = (await refusalOf(before(phase), inputs(phase, { [name]: EMPTY }))) !== undefined;
        expect(refused, name).to.equal([...THREE, ...primary, ...secondary].includes(name));
      }
    });
  }

  it("refuses another database of the same server, and another namespace", async () => {
    expect(await refusalOf(before("stable"), inputs("stable", { "shard-0": `${podUrl("shard-0")}/1` }))).to.contain(
      "shard-0 is at",
    );
    const elsewhere = Object.fromEntries(THREE.map((name) => [name, podUrl(name).replace(".n.", ".other.")]));
    expect(await refusalOf(before("stable"), inputs("stable", elsewhere))).to.contain("shard-0 is at");
  });

  it("refuses it together with a legal move as well", async () => {
    expect(await refusalOf(before("stable"), inputs("plan", { "shard-2": EMPTY }))).to.contain("shard-2 is at");
    expect(await refusalOf(before("dualWrite"), inputs("cutover", { "shard-3": EMPTY }))).to.contain("shard-3 is at");
  });

  it("lets the same server be written in another way: the ring is written anew, with another epoch", async () => {
    const urls = { "shard-0": "redis://redis-dedup-shard-0-0.redis-dedup.n.svc.cluster.local/0" };
    const { inputs: checked, failures } = await check(before("stable"), inputs("stable", urls));
    expect(failures).to.equal(undefined);
    expect(checked).to.deep.include({ epoch: 6 });
  });

  it("after a refresh, takes a ring that was changed by hand over, or back, and no third one", async () => {
    const refreshed = before("stable", [podUrl("shard-0"), EMPTY, podUrl("shard-2")].join(","));
    expect(await refusalOf(refreshed, inputs("stable", { "shard-1": EMPTY }))).to.equal(undefined);
    expect(await refusalOf(refreshed, inputs("stable"))).to.equal(undefined);
    expect(await refusalOf(refreshed, inputs("stable", { "shard-1": "redis://third" }))).to.contain(
      `shard-1 is at ${podUrl("shard-1")} or ${EMPTY} and`,
    );
    const garbled = before("stable", "not a url");
    expect(await refusalOf(garbled, inputs("stable", { "shard-1": EMPTY }))).to.contain("shard-1 is at");
  });
});

describe("the gate's check of the backend", () => {
  const CHANGES = { namespace: "other", configMap: "other-config", deployment: "other" };
  const NAMES = { namespace: "namespace", configMap: "backend.configMap", deployment: "backend.deployment" };
  const changed = (phase: Phase, change: Partial<typeof CHANGES>) => {
    const asked = inputs(phase);
    return { ...asked, connection: { ...asked.connection, ...change } };
  };

  for (const key of ["namespace", "configMap", "deployment"] as const) {
    const change = { [key]: CHANGES[key] };

    for (const phase of PHASES.filter((each) => each !== "stable")) {
      it(`refuses another ${NAMES[key]} in ${phase}`, async () => {
        const { failures } = await check(before(phase), changed(phase, change));
        expect(failures?.map(({ property }) => property)).to.deep.equal([NAMES[key]]);
        expect(failures?.[0]?.reason).to.equal(
          `${NAMES[key]}: changed from "${inputs(phase).connection[key]}" to "${CHANGES[key]}" in the middle of a migration ` +
            `(phase "${phase}"): the backend that takes part in it would be left with the ring that it has. Take it back, ` +
            "and finish or leave the migration first.",
        );
      });
    }

    it(`refuses another ${NAMES[key]} on the way out, but not when no migration is open`, async () => {
      expect((await check(before("copy"), changed("stable", change))).failures).to.have.length(1);
      expect((await check(before("stable"), changed("stable", change))).failures).to.equal(undefined);
    });
  }
});

describe("a stack without a state", () => {
  const live = (data: Readonly<Record<string, string>>) => ({
    DEDUP_SHARDS: THREE.map(podUrl).join(","),
    DEDUP_DUAL_WRITE: "false",
    DEDUP_NEW_RING: "",
    ...data,
  });
  const start = (phase: Phase, data?: Readonly<Record<string, string>>) =>
    refuseStart(inputs(phase), data && live(data), ringData(inputs(phase)))?.reason;

  it("takes the ring over that it finds, or none", () => {
    for (const phase of ["stable", "plan"] as const) {
      expect(start(phase, {})).to.equal(undefined);
      expect(start(phase)).to.equal(undefined);
    }
  });

  it("does not take a migration over: its state says how far that is", () => {
    for (const phase of ["stable", "plan"] as const) {
      expect(start(phase, { DEDUP_DUAL_WRITE: "true", DEDUP_NEW_RING: "x,y" })).to.equal(
        "ConfigMap n/backend-config is in the middle of a migration: dual-write is on, from " +
          `${THREE.map(podUrl).join(",")} to the ring x,y. This stack has no state of it, and switching dual-write off ` +
          "without a barrier would lose claims. Restore the state of the stack that began it (`pulumi stack import` of its " +
          "last export, or of its backend's backup), then go on from there. If there is none: the ring in DEDUP_SHARDS has " +
          'every acknowledged claim, so switch dual-write off by hand (DEDUP_DUAL_WRITE="false", DEDUP_NEW_RING="", ' +
          "DEDUP_RING_EPOCH raised by one), restart the Deployment, wait until no older pod is left, and set shards to that " +
          "ring.",
      );
    }
  });

  it("does not take another ring over, nor start in the middle", () => {
    expect(start("stable", { DEDUP_SHARDS: "redis://a" })).to.contain("already has the ring redis://a");
    expect(start("copy", {})).to.contain("this stack has no ring yet");
  });
});
