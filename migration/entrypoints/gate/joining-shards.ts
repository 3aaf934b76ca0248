import { GateClosedError } from "../../engines/errors";
import { holds, type MigrationRecord } from "../../engines/migration-record";
import { countStrays, findUnreached, joiningOf } from "../../engines/steps/joining-shards";
import { rolesOf } from "../../phases";
import { formatCount as count } from "../../plan/format";
import type { CheckedGateInputs } from "../gate-inputs";
import type { OwnedSession } from "../open-run";

const CAUSE =
  "the backend and this stack do not agree on the addresses of the shards that join, and behind the cutover the backend " +
  "would not find their keys. Nothing was changed. Compare shardUrls with what the backend's pods are given.";

/**
 * Before the reads move to the target ring, makes sure that the backend's claims are on the joining shards of this stack.
 * @throws GateClosedError that names the shards
 */
export async function refuseOtherAddresses(
  { run }: OwnedSession,
  record: MigrationRecord,
  from: CheckedGateInputs,
  to: CheckedGateInputs,
): Promise<void> {
  const movesReads = rolesOf(from.phase).primary === "current" && rolesOf(to.phase).primary === "target";
  if (!movesReads) return;
  await refuseStrays(run, record);
  if (!holds(record, "inStep", from.epoch)) return;
  const { claimWindowMs, commandTimeoutMs } = to.settings;
  const unreached = await findUnreached(run, record, claimWindowMs + commandTimeoutMs);
  if (unreached.length === 0) return;
  const says = unreached.map(
    ({ shard, missing, newest }) => `${count(missing)} of the ${count(newest)} newest claims are missing on ${shard}`,
  );
  throw new GateClosedError(
    `${says.join(", ")}: ${CAUSE} Then run \`npm run repair\`, wait for some claims, and run \`pulumi up\` again. If the ` +
      "addresses are right, clients have given up claims half-way, and `npm run repair` is all that is to do.",
  );
}

async function refuseStrays(run: OwnedSession["run"], record: MigrationRecord): Promise<void> {
  for (const name of joiningOf(record)) {
    const known = record.strays?.[name];
    if (known === undefined) continue;
    const strays = await countStrays(run, run.shards(name));
    if (strays <= known) continue;
    throw new GateClosedError(
      `${name} holds ${count(strays)} keys that other shards of the target ring own, and held ${count(known)} when the ` +
        `migration was planned: ${CAUSE} Then go back to migrationPhase "stable" and plan again, so that these keys are known.`,
    );
  }
}
