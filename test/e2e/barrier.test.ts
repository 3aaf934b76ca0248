/** Pods that keep an old ring: they hold the phase, are named with the epoch that they run, and once gone it goes on. */
import { expect } from "chai";
import type { KubeObject } from "../lab/kube";
import { LAB_CONFIG, World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const ANNOTATION = "dedup-shards/ring-epoch";
/** How long a rollout and then the barrier may take here: long enough for the one, short enough to wait for the other. */
const SECONDS = 60;
const BACKEND = { ...(LAB_CONFIG["backend"] as Record<string, unknown>), rolloutTimeoutMs: SECONDS * 1_000 };

/** A container that goes on as before while its pod terminates, until a file tells it to end. */
const MOUNT = { name: "hold", mountPath: "/hold" };
const RELEASE = "/hold/release";
const HELD = {
  preStop: {
    exec: {
      command: [
        "node",
        "-e",
        `while (!require("fs").existsSync("${RELEASE}")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)`,
      ],
    },
  },
};

interface PodTemplate {
  readonly spec: { readonly containers: readonly { readonly env: readonly object[] }[] };
}

describe("the barrier, from the inside", function () {
  this.timeout(900_000);
  let world: World;

  before(async () => {
    world = await World.create({ namespace: "barrier", shards: THREE, keys: 300, config: { backend: BACKEND } });
    await world.to("plan", { targetShards: FOUR });
    await world.to("copy");
  });
  after(() => world.destroy());

  it("old pods that do not end hold the phase until the deadline", async () => {
    await restartBackend({
      terminationGracePeriodSeconds: 1_800,
      containers: [{ name: "backend", lifecycle: HELD, volumeMounts: [MOUNT] }],
    });
    const stuck = await podNames();
    await restartBackend({ terminationGracePeriodSeconds: 15, containers: [{ name: "backend", lifecycle: null }] });
    const pods = stuck.map((name) => `${name} (annotated epoch 1, reports epoch 1, terminating)`);
    const output = await refused("dualWrite", deadlineError(2, pods));
    expect(output).to.match(/barrier: waiting until every backend pod runs ring epoch 2: /);
    // The backend writes both rings by now; what is next does not begin.
    expect((await world.kube.get("configmap/backend-config"))["data"]).to.include({ DEDUP_RING_EPOCH: "2" });
    expect(output).to.not.contain("catch-up:");

    for (const pod of stuck) await world.kube.exec(pod, "node", "-e", `require("fs").writeFileSync("${RELEASE}", "")`);
    const { output: after } = await world.to("dualWrite");
    expect(after).to.contain("barrier: every backend pod runs ring epoch 2").and.to.contain("catch-up: done");
    await world.expectPlaced(THREE);
  });

  it("a pod that does not answer shuts the gate, whatever its annotation says", async () => {
    await startPod("backend-mute", { epoch: 2, env: { PORT: "9090" } });
    const output = await refused("cutover", "backend pods do not say which ring epoch they run: backend-mute ");
    expect(output).to.match(/backend-mute \(annotated epoch 2, does not answer: .*refused.*\)\. Find out what holds/);
    expect((await world.kube.get("configmap/backend-config"))["data"]).to.include({ DEDUP_RING_EPOCH: "2" });
    await world.kube.delete("pod/backend-mute");
  });

  it("what a pod reports counts, not the annotation that somebody has put on it by hand", async () => {
    await startPod("backend-canary", { epoch: 2 });
    await annotate("backend-canary", 3);
    // It reports epoch 2, so the gate lets the cutover pass; then it goes on reporting it.
    await refused("cutover", deadlineError(3, ["backend-canary (annotated epoch 3, reports epoch 2)"]));
    expect((await world.kube.get("configmap/backend-config"))["data"]).to.include({ DEDUP_RING_EPOCH: "3" });
    await refused(
      "cleanup",
      "backend-canary (annotated epoch 3, reports epoch 2) reads the current ring and writes both. " +
        'Set migrationPhase to "cutover" and run `pulumi up --refresh` first.',
    );

    await world.kube.delete("pod/backend-canary");
    await world.to("cutover");
    const { missing, different } = await world.keys.placement(FOUR);
    expect([...missing, ...different]).to.deep.equal([]);
  });

  it("without metricsPort pods are not asked: the API server's view is all there is", async () => {
    await world.stack.setConfig({ backend: { ...BACKEND, metricsPort: undefined } });
    await startPod("backend-canary", { epoch: 3, env: { PORT: "9090" } });
    await refused("dualWrite", deadlineError(4, ["backend-canary (epoch 3)"]));
    await annotate("backend-canary", 4);
    await world.to("dualWrite");
    await world.kube.delete("pod/backend-canary");
    await world.to("stable");
    await world.expectPlaced(THREE);
  });

  const deadlineError = (epoch: number, pods: readonly string[]) =>
    `barrier: after ${SECONDS}s not every backend pod is known to run ring epoch ${epoch}: ${pods.join(", ")}. ` +
    "Find out what holds them, then run `pulumi up` again.";

  async function refused(migrationPhase: string, error: string): Promise<string> {
    await world.stack.setConfig({ migrationPhase });
    const { code, output } = await world.stack.up({ skipPreview: true });
    expect(code, output).to.not.equal(0);
    // Pods report the checksum of their ring as well, which differs from run to run.
    expect(output.replaceAll(/ of ring [0-9a-f]{16}/g, "")).to.contain(error);
    return output;
  }

  /** Names of the Deployment's own pods that are there to stay. */
  async function podNames(): Promise<string[]> {
    const pods = await world.kube.list("pods", "app=backend");
    const staying = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return staying.map(({ metadata }) => metadata.name).sort();
  }

  /** A rollout of the backend's owner, in the same ring: its pods end in another way from now on. */
  async function restartBackend(pod: object): Promise<void> {
    const volumes = [{ name: "hold", emptyDir: {} }];
    const spec = { template: { spec: { ...pod, volumes } } };
    await world.kube.run(["patch", "deployment/backend", "-p", JSON.stringify({ spec })]);
    await world.backend.ready();
  }

  /** A pod that the Deployment's selector covers and no rollout replaces, in the ring of now: a canary, started by hand. */
  async function startPod(name: string, { epoch, env = {} }: { epoch: number; env?: Record<string, string> }) {
    const { spec } = await world.kube.get("deployment/backend");
    const { template } = spec as { template: PodTemplate };
    const containers = template.spec.containers.map((container) => ({
      ...container,
      // Ready or not makes no difference here.
      readinessProbe: undefined,
      livenessProbe: undefined,
      env: [...container.env, ...Object.entries(env).map(([key, value]) => ({ name: key, value }))],
    }));
    const pod: KubeObject = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels: { app: "backend" }, annotations: { [ANNOTATION]: String(epoch) } },
      spec: { ...template.spec, containers },
    };
    await world.kube.apply(pod);
    await world.kube.wait(`pod/${name}`, "condition=Ready");
  }

  const annotate = (pod: string, epoch: number) =>
    world.kube.run(["annotate", "--overwrite", `pod/${pod}`, `${ANNOTATION}=${epoch}`]);
});
