/** Somebody else who writes the ring, or works on the shards: nothing may follow from it but refusals. */
import { setTimeout as sleep } from "node:timers/promises";
import { differingKeys, isTornRing, type RingData } from "../../migration/contract/ring-config-map";
import { isOpen, type Phase } from "../../migration/phases";
import type { Fault } from "./faults";
import { RivalStack, type Rivalry } from "./rival-stack";
import { between, note, pick, type Scene } from "./scene";

const CONTROLLER = "argocd-controller";
const WITHIN_MS = 20_000;
/** A controller heals what it has in its manifest at once, or when it looks again. */
const HEALS_AFTER_MS = [0, 0, 1_000];
/** An operator finds it in the end. */
const HEALS_FOR_MS = 8_000;
const POLL_MS = 20;

/** Keys of a ring that was in force before are put back: some of them, or all. */
const putBack =
  (which: "some" | "all", often: "once" | "all the time"): Fault =>
  async (scene) => {
    const manifest = await olderRing(scene, which);
    if (manifest === undefined) return false;
    const { cluster, random } = scene;
    const { ringVersions } = cluster;
    const write = () => {
      note(scene, `puts back ${JSON.stringify(manifest)}`);
      ringVersions.write({ ...cluster.ring, ...manifest }, CONTROLLER);
    };
    let isAtWork = true;
    const isOff = () => isAtWork && Object.entries(manifest).some(([key, value]) => cluster.ring?.[key] !== value);
    const afterMs = pick(random, HEALS_AFTER_MS);
    if (often === "all the time") {
      const heal = () => void (isOff() && write());
      ringVersions.onWritten = afterMs === 0 ? heal : () => void setTimeout(heal, afterMs);
    }
    write();
    if (isWithinOneStep(scene)) {
      note(scene, "a pod starts again");
      // It starts when the ring is whole again, which may be long after.
      void scene.backend.restartOne();
    }
    const enough = scene.refusals + between(random, 1, 2);
    if (often === "all the time") await patience(() => scene.refusals >= enough, HEALS_FOR_MS);
    isAtWork = false;
    ringVersions.onWritten = undefined;
    return true;
  };

/** Waits until an older ring differs from the live one in what can be put back. @returns undefined when none does in time. */
async function olderRing(scene: Scene, which: "some" | "all"): Promise<RingData | undefined> {
  const { random, written, cluster } = scene;
  const live = () => cluster.ring ?? {};
  const found = () => written.filter((ring) => differingKeys(ring, live()).length > 0 && ring["DEDUP_RING_CHECKSUM"]);
  await patience(() => found().length > 0 || scene.isOver, WITHIN_MS);
  const older = found();
  if (older.length === 0 || scene.isOver) return undefined;
  const ring = pick(random, older);
  if (which === "all") return ring;
  const differing = differingKeys(ring, live());
  const [first = ""] = differing.slice(Math.floor(random() * differing.length));
  // Not all of them: that would be the whole ring.
  const more = differing.filter((key) => key !== first && random() < 0.5).slice(0, differing.length - 2);
  return Object.fromEntries([first, ...more].map((key) => [key, ring[key] ?? ""]));
}

/**
 * Whether a pod may start from the live ring: it is no step further from what other pods run than the phases are. A torn
 * ring no pod starts from.
 */
function isWithinOneStep({ backend, cluster, ...scene }: Scene): boolean {
  const live = cluster.ring ?? {};
  if (isTornRing(live)) return true;
  const served = backend.serving.map((ring) => stepOf(ring, scene));
  return served.every((step) => Math.abs(step - stepOf(live, scene)) <= 1);
}

/** Current ring only, current ring first, target ring first, target ring only. */
function stepOf(ring: RingData, { urls, current }: Pick<Scene, "urls" | "current">): number {
  const isCurrent = ring["DEDUP_SHARDS"] === current.map((name) => urls[name]).join(",");
  const isDual = ring["DEDUP_DUAL_WRITE"] === "true";
  if (isCurrent) return isDual ? 1 : 0;
  return isDual ? 2 : 3;
}

/** A stack of somebody else is brought up for the first time, on the same shards. */
const rival =
  (rivalry: Rivalry): Fault =>
  async (scene) => {
    const { random, current, target, phase } = scene;
    scene.rival ??= await RivalStack.start(rivalry, scene.cluster, process.env["KUBECONFIG"]);
    // One that comes late would find the migration closed, and may then begin one of its own.
    const isLate = rivalry === "the same backend's" && !EARLY.includes(phase);
    const wanted: Phase = isLate ? "stable" : pick(random, ["stable", "plan"]);
    const shards = pick(random, [current, target]);
    const why = await scene.rival.up(wanted, shards, scene.sharedConfig);
    const isClosed = rivalry === "the same backend's" && !(isOpen(phase) && isOpen(scene.phase));
    if (why === undefined && !isClosed) {
      scene.violations.push(`${rivalry} stack was let through to ${wanted} in ${phase}`);
    }
    return why !== undefined;
  };

async function patience(is: () => boolean, withinMs: number): Promise<void> {
  for (const end = Date.now() + withinMs; !is() && Date.now() < end;) await sleep(POLL_MS);
}

/** Where the ring differs from one that there has been. */
const MOVED: readonly Phase[] = ["dualWrite", "cutover", "cleanup"];
const OPEN: readonly Phase[] = ["copy", ...MOVED];
const EARLY: readonly Phase[] = ["copy", "dualWrite", "cutover"];

export const OTHER_WRITERS: Readonly<Record<string, { readonly fault: Fault; readonly on: readonly Phase[] }>> = {
  "some keys of the ring put back once": { fault: putBack("some", "once"), on: MOVED },
  "all keys of the ring put back once": { fault: putBack("all", "once"), on: MOVED },
  "some keys of the ring put back all the time": { fault: putBack("some", "all the time"), on: MOVED },
  "all keys of the ring put back all the time": { fault: putBack("all", "all the time"), on: MOVED },
  "another backend's stack on the same shards": { fault: rival("another backend's"), on: OPEN },
  "another stack of the same backend": { fault: rival("the same backend's"), on: OPEN },
};
