/** The cards of shards, and the numbers of rings. */
import { inFile } from "../mutation";

const FOREIGN = ["test/integration/safety/other-backend.test.ts"];
const EPOCHS = ["test/integration/safety/epoch-again.test.ts"];

const OWNERS = inFile("migration/engines/run/shard-cards.ts", FOREIGN, [
  {
    name: "card-backend",
    removed: "nothing is done on a shard of another backend",
    find: "if (!sameBackend(card.backend, backend)) throw",
    replace: "if (!sameBackend(card.backend, card.backend)) throw",
  },
  {
    name: "card-name",
    removed: "nothing is done on a shard whose card has another name",
    find: "if (card.shard !== shard) throw",
    replace: "if (card.shard === undefined) throw",
  },
]);

const MIGRATIONS = inFile("migration/engines/run/migration-owner.ts", FOREIGN, [
  {
    name: "migration-stack",
    removed: "nothing is done in a migration that another stack of the same backend began",
    find: "stack === undefined || record.stack === stack) return;",
    replace: "stack === undefined || record.stack) return;",
  },
]);

const CLAIMS = inFile("migration/engines/run/claim-shards.ts", FOREIGN, [
  {
    name: "lost-card",
    removed: "a shard that has lost its card gets no new one by itself",
    find: "forgot[i] && !joining.includes(name) ? [name] : []",
    replace: "forgot[i] && !name ? [name] : []",
  },
]);

const NUMBERS = inFile("migration/entrypoints/gate/next-epoch.ts", EPOCHS, [
  {
    name: "new-epoch",
    removed: "a ring that changes gets a new epoch",
    find: "liveEpoch === highest ? liveEpoch : highest + 1;",
    replace: "liveEpoch === highest ? liveEpoch : Math.max(highest, 1);",
  },
  {
    name: "epoch-of-cards",
    removed: "a new epoch is above those that the shards know",
    find: "liveEpoch, ...known);",
    replace: "liveEpoch, ...known.slice(known.length));",
  },
]);

const USE = inFile("migration/entrypoints/gate/use-epoch.ts", EPOCHS, [
  {
    name: "used-epoch",
    removed: "the gate refuses an epoch that has been used",
    find: "if (known >= to) throw",
    replace: "if (known < 0) throw",
  },
]);

const FACTS = inFile("migration/engines/gate.ts", EPOCHS, [
  {
    name: "untrue-facts",
    removed: "what was found of the rings does not count once an older ring was in force",
    find: "...withoutUntrue(record, job.olderRing?.config ?? configIn(openState(job.from, job.to), job.from)),",
    replace: "...record,",
  },
]);

const BEHIND = inFile(
  "migration/entrypoints/gate/live-ring.ts",
  ["test/integration/safety/stale-gate.test.ts"],
  [
    {
      name: "asked-again",
      removed: "a gate whose move was not made is asked again in full",
      find: "return !neverWritten && (epochIn(live) ?? 0) < highestOf(state);",
      replace: "return !neverWritten && (epochIn(live) ?? 0) < 0;",
    },
  ],
);

const ADDRESSES = inFile(
  "migration/entrypoints/gate/joining-shards.ts",
  ["test/integration/safety/other-addresses.test.ts"],
  [
    {
      name: "claims-arrive",
      removed: "the reads do not move while the backend's newest claims are missing on joining shards",
      find: "if (unreached.length === 0) return;",
      replace: "if (unreached.length >= 0) return;",
    },
    {
      name: "strays-appear",
      removed: "the reads do not move while joining shards hold new keys of others",
      find: "if (strays <= known) continue;",
      replace: "if (strays >= known) continue;",
    },
  ],
);

export const CARDS = [OWNERS, MIGRATIONS, CLAIMS, NUMBERS, USE, FACTS, BEHIND, ADDRESSES].flat();
