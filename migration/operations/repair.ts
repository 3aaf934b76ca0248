/** `npm run repair -- --stack STACK [--config-file FILE]`: verifies and repairs the rings of a migration, and nothing else. */
import { messageOf } from "../engines/errors";
import type { StepInputs } from "../entrypoints/inputs";
import * as verify from "../entrypoints/verify";
import { rolesOf } from "../phases";
import { readStack } from "./stack";

async function main(): Promise<void> {
  const { gate, secrets } = readStack();
  const { phase, migration, epoch, ring, connection, settings } = gate;
  if (rolesOf(phase).secondary === undefined) {
    throw new Error(
      `there is nothing to repair in migrationPhase "${phase}": backends write one ring only, so the other is not to ` +
        'hold the same. Verify and repair work in "dualWrite" and "cutover".',
    );
  }
  const inputs: StepInputs = { migration, epoch, work: phase, ring, connection, settings };
  await verify.update({}, inputs, secrets);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`repair: ${messageOf(error)}`);
    process.exit(1);
  },
);
