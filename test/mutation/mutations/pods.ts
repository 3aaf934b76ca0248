/** What the barrier and the gate look at: pods, terminating ones included, and the live ConfigMap. */
import { inFile } from "../mutation";

const BARRIER = inFile(
  "migration/engines/barrier.ts",
  ["test/unit/engines/barrier.test.ts"],
  [
    {
      name: "barrier-terminating",
      removed: "the barrier waits for terminating pods as well",
      find: "if (isSilent(pod) || !runsOnly(epochsOf(pod), epoch)) return true;",
      replace: "if (!pod.terminating && (isSilent(pod) || !runsOnly(epochsOf(pod), epoch))) return true;",
    },
    {
      name: "barrier-old-epochs",
      removed: "the barrier waits for pods of another epoch",
      find: "if (isSilent(pod) || !runsOnly(epochsOf(pod), epoch)) return true;",
      replace: "if (isSilent(pod)) return true;",
    },
    {
      name: "barrier-silent",
      removed: "the barrier waits for pods that do not answer",
      find: "if (isSilent(pod) || !runsOnly(epochsOf(pod), epoch)) return true;",
      replace: "if (!isSilent(pod) && !runsOnly(epochsOf(pod), epoch)) return true;",
    },
    {
      name: "barrier-commands",
      removed: "behind the barrier a command of a pod that is gone has time to land",
      find: "await clock.sleep(settings.commandTimeoutMs);",
      replace: "",
    },
    {
      name: "pods-report",
      removed: "what a pod reports decides, whatever its annotation says",
      find: 'if (answer && "epochs" in answer && answer.epochs.length > 0) return answer.epochs;',
      replace: "",
    },
  ],
);

const VIEW = inFile(
  "migration/adapters/backend-view.ts",
  ["test/unit/adapters/backend-view.test.ts"],
  [
    {
      name: "view-terminating",
      removed: "terminating pods are among the pods of the backend",
      find: ".filter(runs)",
      replace: ".filter((pod) => runs(pod) && pod.metadata?.deletionTimestamp === undefined)",
    },
    {
      name: "view-asks",
      removed: "pods are asked for their epoch",
      find: "if (metrics === undefined) return",
      replace: "if (metrics !== null) return",
    },
  ],
);

const GATE = inFile(
  "migration/engines/gate.ts",
  ["test/unit/engines/gate.test.ts"],
  [
    {
      name: "gate-asks-pods",
      removed: "the gate asks what pods run: none is further than one step from where the move leads",
      find: "const pods = await podsThatAnswer(backend, clock);",
      replace: "const pods: readonly BackendPod[] = [];",
    },
    {
      name: "gate-strangers",
      removed: "pods of an epoch that the migration does not know shut the gate",
      find: "if (strangers.length > 0) {",
      replace: "if (strangers.length > 99) {",
    },
    {
      name: "gate-silent",
      removed: "pods that run and do not answer shut the gate",
      find: "  assertKnown(pods);",
      replace: "",
    },
    {
      name: "gate-live-ring",
      removed: "the live ConfigMap counts like a pod: the next one to start runs it",
      find: '    ...(next === undefined || (stays && job.olderRing) ? [] : [{ who: "the live ring ConfigMap", config: next }]),',
      replace: "",
    },
    {
      name: "gate-foreign-ring",
      removed: "a live ConfigMap ahead of the state shuts the gate",
      find: 'if (Number(live["DEDUP_RING_EPOCH"]) > epochs.from && !(await isMade(job))) {',
      replace: "if (epochs.from < 0) {",
    },
    {
      name: "gate-made",
      removed: "a ring that is ahead of the state was moved there by a gate of this migration",
      find: "record?.configs?.[epochs.to] === wanted",
      replace: "true",
    },
    {
      name: "gate-commands",
      removed: "before a step a command of a pod that has just gone has time to land",
      find: "await run.clock.sleep(job.commandTimeoutMs);",
      replace: "",
    },
    {
      name: "gate-other-rings",
      removed: "the rings are those that were planned",
      find: "if (record && sameMigration(record, rings)) return reviewed(record, job);",
      replace: "if (record) return record;",
    },
    {
      name: "gate-reviewed-plan",
      removed: "the plan is the one that was reviewed, where its digest is asked for",
      find: "if (problem === undefined) return record;",
      replace: "if (problem !== null) return record;",
    },
    {
      name: "gate-in-step",
      removed: "no cutover before the rings were brought into step",
      find: 'if (holds(plannedRecord(job), "inStep", job.epochs.from)) return Promise.resolve();',
      replace: "if (plannedRecord(job)) return Promise.resolve();",
    },
    {
      name: "gate-notes",
      removed: "the gate notes what pods of the new epoch run",
      find: "configs: { ...configsOf(job), [epochs.to]: configAfter(job) },",
      replace: "configs: configsOf(job),",
    },
    {
      name: "gate-fits",
      removed: "the capacity is looked at again before the copy",
      find: "if (misfits.length > 0) throw",
      replace: "if (misfits.length > 99) throw",
    },
  ],
);

/** The same gate and barrier as the program's resources ask them, and what the gate asks of the shards. */
const MOVES = ["test/integration/moves.test.ts"];

const GATE_ON_SHARDS = inFile("migration/engines/gate.ts", MOVES, [
  {
    name: "gate-pre-copied",
    removed: "no dual-write before every source was copied",
    find: "if (missing.length === 0) return;",
    replace: "if (missing.length >= 0) return;",
  },
  {
    name: "gate-primary",
    removed: "a shard that is a replica shuts the gate",
    find: "roleProblem({ shard: shard.name, ...(await shard.info()) })",
    replace: 'roleProblem({ shard: shard.name, role: "master" })',
  },
  {
    name: "gate-window",
    removed: "dual-write does not go off before the TTL window is over",
    find: "if (run.clock.now() >= opensMs) return",
    replace: "if (run.clock.now() >= 0) return",
  },
  {
    name: "gate-drained",
    removed: "no end before the cleanup was completed",
    find: 'if (holds(plannedRecord(job), "drained", job.epochs.from)) return Promise.resolve();',
    replace: "if (plannedRecord(job)) return Promise.resolve();",
  },
]);

const GATE_RESOURCE = inFile("migration/entrypoints/ring-gate.ts", MOVES, [
  {
    name: "gate-asked",
    removed: "the gate is asked when the ring is to change",
    find: "const report = await askGate(from, news, secrets, olds);",
    replace: "const report = undefined;",
  },
  {
    name: "gate-metrics",
    removed: "the gate is told where pods say what they run",
    find: "openBackend(olds.connection, news.metrics)",
    replace: "openBackend(olds.connection)",
  },
  {
    name: "gate-verifies-forward",
    removed: "the gate verifies with the ring deciding that pods have read so far",
    find: "verifyPhase(session, planned, olds.phase, news.settings)",
    replace: "verifyPhase(session, planned, news.phase, news.settings)",
  },
  {
    name: "refresh",
    removed: "a refresh finds the ring that is in force, so that nobody bypasses the gate by it",
    find: "if (live === undefined || Object.keys(olds.data).every((key) => live[key] === olds.data[key])) return",
    replace: "if (live === undefined || live) return",
  },
]);

const FIRST_UP = inFile(
  "migration/entrypoints/ring-gate.ts",
  ["test/integration/first-up.test.ts"],
  [
    {
      name: "first-ring-read-again",
      removed: "the first ring is read again before it is written",
      find: "const refusal = refuseStart(inputs, live, data)?.reason;",
      replace: "const refusal = undefined as string | undefined;",
    },
    {
      name: "first-epoch",
      removed: "a first ring whose epoch is not what the preview took it for is not written",
      find: "if (nextEpoch(data, { state: undefined, live, known: [] }) > epoch) {",
      replace: "if (epoch < 0) {",
    },
  ],
);

const BARRIER_RESOURCE = inFile("migration/entrypoints/barrier.ts", MOVES, [
  {
    name: "barrier-metrics",
    removed: "the barrier is told where pods say what they run",
    find: "openBackend(connection, metrics)",
    replace: "openBackend(connection)",
  },
  {
    name: "barrier",
    removed: "there is a barrier",
    find: "if (olds.epoch !== news.epoch || isPutBack(olds, news)) {",
    replace: "if (news.epoch < 0) {",
  },
]);

const STEP_RESOURCES = [
  ...inFile("migration/entrypoints/catch-up.ts", MOVES, [
    {
      name: "catch-up-direction",
      removed: "the catch-up lets the ring decide that pods read",
      find: 'primary === "current"\n',
      replace: 'primary === "target"\n',
    },
  ]),
  ...inFile("migration/entrypoints/drain.ts", MOVES, [
    {
      name: "drain-direction",
      removed: "the cleanup drains the owners that no longer decide",
      find: "const direction = { primary: target, secondary: current };",
      replace: "const direction = { primary: current, secondary: target };",
    },
  ]),
];

export const PODS = [
  BARRIER,
  VIEW,
  GATE,
  GATE_ON_SHARDS,
  GATE_RESOURCE,
  FIRST_UP,
  BARRIER_RESOURCE,
  STEP_RESOURCES,
].flat();
