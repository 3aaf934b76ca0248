/** `npm run repair -- --stack STACK [--config-file FILE]`: verifies and repairs the rings of a migration, and nothing else. */
import { describe, podsBehind } from "../engines/barrier";
import { GateClosedError, messageOf } from "../engines/errors";
import { holds } from "../engines/migration-record";
import type { StepInputs } from "../entrypoints/inputs";
import { openBackend, openMigration, openRun, workEpoch } from "../entrypoints/open-run";
import { verifyPhase } from "../entrypoints/verify";
import { withHelp } from "../help";
import { rolesOf } from "../phases";
import { readStack } from "./stack";

async function main(): Promise<void> {
  const { gate, secrets } = readStack();
  const { phase, migration, epoch, ring, connection, settings, metrics } = gate;
  if (rolesOf(phase).secondary === undefined) {
    throw new Error(
      `there is nothing to repair in migrationPhase "${phase}": backends write one ring only, so the other is not to ` +
        'hold the same. Verify and repair work in "dualWrite" and "cutover".',
    );
  }
  const inputs: StepInputs = { migration, epoch, work: phase, ring, connection, settings };
  await openRun(inputs, secrets, { purpose: "repair" }, async (session) => {
    const record = await openMigration(session);
    await workEpoch(inputs, record);
    const behind = await podsBehind(await openBackend(connection, metrics), epoch);
    // Before that, what only the other ring holds may be a left-over: the catch-up deletes it, a repair would complete it.
    if (!holds(record, "inStep", epoch) || behind.length > 0) {
      const pods = behind.length > 0 ? ` (pods behind: ${behind.map(describe).join(", ")})` : "";
      throw new GateClosedError(
        `the rings have not been brought into step in ring epoch ${epoch}${pods}. Run \`pulumi up\` first: its catch-up does that.`,
      );
    }
    await (await verifyPhase(session, record, phase, settings)).note();
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`repair: ${withHelp(messageOf(error))}`);
    process.exit(1);
  },
);
