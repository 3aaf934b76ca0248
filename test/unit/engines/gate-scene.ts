/** Asks the gate in a scene that a test sets. */
import { expect } from "chai";
import type { BackendPod } from "../../../migration/engines/barrier";
import { GateClosedError } from "../../../migration/engines/errors";
import { passGate, type GateJob } from "../../../migration/engines/gate";
import type { MigrationRecord } from "../../../migration/engines/migration-record";
import type { Run } from "../../../migration/engines/runtime";
import type { VerifyReport } from "../../../migration/engines/verify";
import { POD_CONFIGS, podConfigOf, type Phase, type PodConfig, type RingState } from "../../../migration/phases";
import { HashRing } from "../../../migration/ring/ring";
import { fakeService } from "./fake-service";
import { FakeClock, fakeStore } from "./fakes";

const THREE = ["a", "b", "c"];
export const FOUR = [...THREE, "d"];
const RINGS = { shards: THREE, targetShards: FOUR, vnodes: 150, keyPrefix: "pcs:" };
export const state = (phase: Phase, change: Partial<RingState> = {}): RingState => ({ phase, ...RINGS, ...change });

/** A migration that went forward to its cleanup, and some way back: epoch 4 is the last. */
export const CONFIGS = { 1: "A", 2: "DA", 3: "DB", 4: "B" } as const;
const RECORD: MigrationRecord = { ...RINGS, sequence: 7, id: "m-1", digest: "d", movers: 1, configs: CONFIGS };
const REPORT = { mode: "full" } as VerifyReport;
export const TIMEOUT_MS = 5_000;

/** What the gate is asked, and what there is. */
export interface Scene {
  readonly from: Phase | RingState;
  readonly to: Phase | RingState;
  /** The epoch of `from`. */
  readonly epoch: number;
  /** The epochs that pods are annotated with, and what they answer if they are asked. */
  readonly pods: readonly (number | undefined | Pick<BackendPod, "annotated" | "answer">)[];
  /** The live ConfigMap, if it is not at `epoch`. */
  readonly live?: { readonly config: PodConfig | "?"; readonly epoch: number };
  /** What is recorded on the shards; null: nothing. */
  readonly record?: Partial<MigrationRecord> | null;
  /** Of the plan that was reviewed. */
  readonly planDigest?: string;
  readonly outOfReach?: readonly string[];
  /** Those of them that forceRemoveShards does not name. @default all */
  readonly unnamed?: readonly string[];
  readonly misfits?: readonly string[];
  /** The service's error ratio, sample by sample; without it the gates on metrics are off. */
  readonly errorRatios?: readonly number[];
}

const toPod = (of: Scene["pods"][number], i: number): BackendPod => ({
  ...{ name: `p${i}`, terminating: i > 0 },
  ...(typeof of === "object" ? of : { annotated: of }),
});

/** Asks the gate, and tells what it did. */
export async function ask({
  from,
  to,
  epoch,
  pods,
  live,
  record = {},
  planDigest = "",
  outOfReach = [],
  unnamed = outOfReach,
  misfits = [],
  errorRatios,
}: Scene) {
  const [before, after] = [from, to].map((it) => (typeof it === "string" ? state(it) : it)) as [RingState, RingState];
  const clock = new FakeClock();
  const lines: string[] = [];
  const written: (MigrationRecord | undefined)[] = [];
  let verified = 0;
  const done = JSON.stringify({ work: "m-1", cursor: "0", runId: "r", done: true, counts: {} });
  const store = fakeStore("a", {
    info: () => Promise.resolve({ role: "master" } as never),
    readRecord: () => Promise.resolve(done),
    writeRecord: (_token, _name, text) =>
      Promise.resolve(void written.push(text === undefined ? undefined : (JSON.parse(text) as MigrationRecord))),
  });
  const rings = { current: new HashRing(["a"]), target: new HashRing(["a"]), keyPrefix: "pcs:" };
  const run: Run = { rings, shards: () => store, token: () => "t", clock, log: (line) => void lines.push(line) };
  const known = record === null ? undefined : { ...RECORD, ...record };
  const config = live?.config ?? (known?.configs ?? CONFIGS)[epoch as 1];
  const job: GateJob = {
    from: before,
    to: after,
    epochs: { from: epoch, to: podConfigOf(after.phase) === podConfigOf(before.phase) ? epoch : epoch + 1 },
    backend: {
      ring: () =>
        Promise.resolve({ DEDUP_SHARDS: `redis://${config}`, DEDUP_RING_EPOCH: String(live?.epoch ?? epoch) }),
      pods: () => Promise.resolve(pods.map(toPod)),
    },
    configOf: (ring) => POD_CONFIGS.find((each) => ring["DEDUP_SHARDS"] === `redis://${each}`),
    commandTimeoutMs: TIMEOUT_MS,
    shards: [store],
    outOfReach,
    unnamed,
    record: known,
    planDigest,
    ttlWindowMs: 0,
    ...(errorRatios ? { service: fakeService(errorRatios).metrics } : {}),
    misfits: () => Promise.resolve(misfits),
    verify: () => {
      verified++;
      return Promise.resolve(REPORT);
    },
  };
  const error = await passGate(run, job).then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  if (error) expect(error).to.be.instanceOf(GateClosedError);
  return { refusal: error?.message, lines, verified, noted: written[0]?.configs, slept: clock.slept };
}

export const IN_STEP = { inStepSinceEpoch: 2 };
/** Expects that it stays shut, and why. */
export const refused = async (scene: Scene, message: string | RegExp) => {
  const { refusal, noted } = await ask(scene);
  if (typeof message === "string") expect(refusal).to.equal(message);
  else expect(refusal).to.match(message);
  expect(noted, "nothing is noted of a gate that stays shut").to.equal(undefined);
};
