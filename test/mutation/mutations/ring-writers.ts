/** Others that write the ring: the whole of it is compared, where it is used and where it is written. */
import { inFile } from "../mutation";

const UNIT = ["test/unit/engines/ring-hold.test.ts"];
const INTEGRATION = ["test/integration/safety/ring-writers.test.ts"];

const COMPARED = [
  ...inFile("migration/engines/gate/ring-put-back-error.ts", UNIT, [
    {
      name: "whole-ring",
      removed: "barrier and steps compare the whole live ring, not its number",
      find: "if (keys.length === 0) return undefined;",
      replace: "if (keys.length >= 0) return undefined;",
    },
  ]),
  ...inFile("migration/engines/gate/ring-history.ts", UNIT, [
    {
      name: "ring-history",
      removed: "a ring that was another one while pods started is found, though it is right again",
      find: "isDoubtful: before.isDoubtful || (!isWanted && (before.isWritten || hasNumber)),",
      replace: "isDoubtful: before.isDoubtful,",
    },
  ]),
  ...inFile("migration/engines/gate/ring-hold.ts", UNIT, [
    {
      name: "ring-history-unknown",
      removed: "where it is not known what the ring was while pods started, they are restarted",
      find: "if (found === undefined) this.isDoubtful = true;",
      replace: "",
    },
  ]),
  ...inFile("migration/engines/barrier.ts", UNIT, [
    {
      name: "ring-last-look",
      removed: "the barrier looks at ring and pods once more behind its last wait",
      find: "if (held !== undefined) behind = await whoIsBehind(backend, settings, true, held);",
      replace: "",
    },
  ]),
  ...inFile(
    "migration/engines/barrier.ts",
    ["test/unit/engines/barrier.test.ts"],
    [
      {
        name: "pod-checksum",
        removed: "a pod that reports another ring under the number of the epoch holds the barrier",
        find: 'reported.some((each) => each !== "" && each !== checksum)',
        replace: "reported.length > 99",
      },
      {
        name: "ring-restart",
        removed: "the barrier waits until pods that may have another ring were restarted",
        find: "return restart !== undefined && !isCertain && pod.restarted !== restart;",
        replace: "return false;",
      },
    ],
  ),
];

const DELETES = [
  ...inFile(
    "migration/engines/drain-batch.ts",
    ["test/unit/engines/drain-batch.test.ts"],
    [
      {
        name: "drain-in-force",
        removed: "no batch of a cleanup deletes by a ring that is no longer in force",
        find: "await run.assertInForce?.();",
        replace: "",
      },
    ],
  ),
  ...inFile(
    "migration/engines/sync.ts",
    ["test/unit/engines/sync.test.ts"],
    [
      {
        name: "left-overs-in-force",
        removed: "no left-overs are deleted by a ring that is no longer in force",
        find: "await job.run.assertInForce?.();",
        replace: "",
      },
    ],
  ),
];

const WRITES = [
  ...inFile("migration/adapters/ring-writer.ts", INTEGRATION, [
    {
      name: "ring-write-compares",
      removed: "the API server compares the ring that a bake replaces",
      find: '...RING_KEYS.map((key) => ({ op: "test", path: `/data/${key}`, value: replaced[key] ?? "" })),',
      replace: "",
    },
  ]),
  ...inFile("migration/entrypoints/gate/rewrite.ts", INTEGRATION, [
    {
      name: "checksum-over-its-ring",
      removed: "a checksum is added to the ring that it is for, and to no other",
      find: "assertSameRing(source.name, await source.now(), olds.data);",
      replace: "",
    },
    {
      name: "put-back-unserved",
      removed: "keys are put back only where no pod can have served without them",
      find: "if (unsure.length === 0) return;",
      replace: "if (unsure.length >= 0) return;",
    },
  ]),
  ...inFile("migration/engines/gate/pod-rings.ts", INTEGRATION, [
    {
      name: "gate-pod-rings",
      removed: "the gate takes no pod for one of its epoch that reports another ring",
      find: "if (others.length === 0) return;",
      replace: "if (others.length >= 0) return;",
    },
  ]),
];

const BACKEND = inFile(
  "test/lab/backend/ring-checksum.ts",
  ["test/unit/load/settings.test.ts"],
  [
    {
      name: "backend-checksum",
      removed: "a backend does not start from a ring that is not the checksum's",
      find: "if (given === undefined || given === computed) return computed;",
      replace: "if (given !== null) return computed;",
    },
  ],
);

const LOCK = inFile(
  "components/ring-lock.ts",
  ["test/unit/components/ring-lock.test.ts"],
  [
    {
      name: "ring-lock",
      removed: "the lock of the ring refuses every write of its keys without a higher epoch",
      find: "(variables.sameRing && variables.sameChecksum) || (variables.whole && variables.rises)",
      replace: "variables.whole",
    },
  ],
);

export const RING_WRITERS = [COMPARED, DELETES, WRITES, BACKEND, LOCK].flat();
