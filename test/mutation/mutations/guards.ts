/** Facts that hold for their own time only, and comparisons of values that are no strings. */
import { inFile } from "../mutation";

const CLOSING = ["test/integration/safety/closing.test.ts"];
const FACTS = ["test/integration/safety/facts.test.ts"];
const FINGERPRINTS = ["test/integration/safety/fingerprints.test.ts"];

const REMOVALS = ["test/integration/safety/removals.test.ts"];

const SHARDS_THAT_GO = [
  ...inFile("migration/entrypoints/shard-removal.ts", REMOVALS, [
    {
      name: "guard-in-dual-write",
      removed: "no shard of either ring goes while dual-write is on",
      find: "  if (isDualWrite(live) && isUsed(address, live)) throw new ShardInUseError(address.name);",
      replace: "",
    },
    {
      name: "guard-in-use",
      removed: "a shard that the backend uses stays though copies of its keys are elsewhere",
      find: "    if (isUsed(address, live)) throw new ShardInUseError(address.name);",
      replace: "",
    },
  ]),
  ...inFile("migration/entrypoints/guarded-object.ts", REMOVALS, [
    {
      name: "guard-of-object",
      removed: "a StatefulSet that somebody else made in the place of the guarded one is guarded as well",
      find: "uid === successors.get(keyOf(guard))",
      replace: "uid.length > 0",
    },
  ]),
  ...inFile("migration/entrypoints/shard-guard.ts", REMOVALS, [
    {
      name: "guard-of-this-cluster",
      removed: "a StatefulSet counts as gone only in the cluster that has the backend's ring",
      find: "if (live !== undefined && (await isObjectGone(olds))) {",
      replace: "if (await isObjectGone(olds)) {",
    },
  ]),
  ...inFile(
    "components/fixed-names.ts",
    ["test/unit/program.test.ts"],
    [
      {
        name: "fixed-names",
        removed: "an object of a fixed name is deleted, and its guard asked, before it is made anew",
        find: "deleteBeforeReplace: true",
        replace: "",
      },
    ],
  ),
  ...inFile(
    "index.ts",
    ["test/unit/program.test.ts"],
    [
      {
        name: "stack-guard-first",
        removed: "a destroy asks whether the shards may go before it deletes anything",
        find: "{ dependsOn: [report, ...guards] },",
        replace: "{ dependsOn: guards },",
      },
    ],
  ),
];

const CLIENTS = inFile(
  "migration/entrypoints/gate/shard-clients.ts",
  ["test/integration/safety/unknown-clients.test.ts"],
  [
    {
      name: "clients-of-nothing",
      removed: "a backend that is said to serve nothing has no clients",
      find: "if (servesNothing && pods.length === 0) {",
      replace: "if (pods.length < 0) {",
    },
  ],
);

const LIVE_RING = ["test/integration/safety/live-ring.test.ts"];

const OLDER_RINGS = [
  ...inFile("migration/engines/gate.ts", LIVE_RING, [
    {
      name: "older-ring-asks-pods",
      removed: "no move starts from an older ring that was put back while pods run the ring of the state",
      find: 'job.olderRing && !asked.includes("oneStep") ? (["oneStep", ...asked] as const) : asked;',
      replace: "asked;",
    },
  ]),
  ...inFile("migration/engines/catch-up.ts", LIVE_RING, [
    {
      name: "older-ring-completes",
      removed:
        "nothing is deleted from the target ring because the current one lacks it, once the target ring may have decided",
      find: "hasTargetDecided(record) && direction",
      replace: "hasTargetDecided({ ...record, configs: {} }) && direction",
    },
  ]),
  ...inFile("migration/entrypoints/ring-gate.ts", LIVE_RING, [
    {
      name: "older-ring-refreshed",
      removed: "a refresh that finds an older ring does not forget which phase the pods are in",
      find: "if (isBehind(olds, live) && isFarBehind(olds, found)) return { props: olds };",
      replace: "",
    },
  ]),
];

const LOOKS = [
  ...inFile("migration/entrypoints/ring-gate.ts", LIVE_RING, [
    {
      name: "live-ring-look",
      removed: "the live ring is compared with the state though Pulumi sees no difference",
      find: "if (refusal) return { inputs: news, failures: [refusal] };",
      replace: "",
    },
    {
      name: "torn-checksum",
      removed: "the checksum that a refresh found beside another ring is not taken for that of the pods",
      find: "isTornRing(data) ? undefined : data[CHECKSUM_KEY]",
      replace: "data[CHECKSUM_KEY]",
    },
  ]),
  ...inFile("migration/entrypoints/gate/next-epoch.ts", LIVE_RING, [
    {
      name: "torn-ring-epoch",
      removed: "a ring that a refresh found with the number of another one gets a number of its own",
      find: "isTornRing(state.data) || ",
      replace: "",
    },
  ]),
  ...inFile("migration/entrypoints/migration-plan.ts", LIVE_RING, [
    {
      name: "planned-epoch",
      removed: "the plan notes what pods of its epoch run, whatever number comes next",
      find: '    configs: { [inputs.epoch]: "A", ...known.configs },\n',
      replace: "",
    },
  ]),
];

export const GUARDS = [
  ...SHARDS_THAT_GO,
  ...CLIENTS,
  ...OLDER_RINGS,
  ...LOOKS,
  ...inFile("migration/entrypoints/drain.ts", CLOSING, [
    {
      name: "closing-live-epoch",
      removed: "a migration is closed only while the live ring is the one that its gate left",
      find: "epoch: () => ringEpoch(inputs) };",
      replace: "epoch: () => Promise.resolve(inputs.epoch) };",
    },
  ]),
  ...inFile("migration/engines/close.ts", CLOSING, [
    {
      name: "drained-by-its-own-cleanup",
      removed: "a cleanup counts as drained only for its own ring epoch",
      find: 'holds(record, "drained", await job.epoch())',
      replace: "record.drainedInEpoch !== undefined",
    },
    {
      name: "closing-after-data-loss",
      removed: "a migration can be closed though a shard of it lost its data",
      find: "forgetful: true,",
      replace: "forgetful: false,",
    },
  ]),
  ...inFile("migration/entrypoints/catch-up.ts", FACTS, [
    {
      name: "cutover-of-this-epoch",
      removed: "the TTL window begins at the cutover that is in force",
      find: 'const before = holds(record, "cutover", epoch) ? record.cutover : undefined;',
      replace: "const before = record.cutover;",
    },
  ]),
  ...inFile("migration/engines/pre-copy.ts", FACTS, [
    {
      name: "pre-copy-done",
      removed: "a pre-copy that was begun and not completed keeps the gate shut",
      find: "checkpoints[i]?.done !== true",
      replace: "checkpoints[i] === undefined",
    },
  ]),
  ...inFile("migration/entrypoints/ring-gate.ts", FACTS, [
    {
      name: "all-shards-of-both-sides",
      removed: "the gate looks at shards whose addresses only one side of the move knows",
      find: "const known = [...sides, open].flatMap(",
      replace: "const known = [open].flatMap(",
    },
  ]),
  ...inFile("migration/adapters/lua/digests.lua", FINGERPRINTS, [
    {
      name: "digests-other-expiry",
      removed: "a digest has the expiry of values that are no strings",
      find: "return found, string.format('d%.0f', expiry), size",
      replace: "return found, 'd', size",
    },
  ]),
  ...inFile("migration/adapters/lua/members.lua", FINGERPRINTS, [
    {
      name: "fingerprint-lengths",
      removed: "a fingerprint tells apart values that are cut in another way",
      find: "return #text .. ':' .. text end",
      replace: "return text end",
    },
  ]),
];
