/** `npm run repair -- --stack STACK [--config-file FILE]`: does the work of a stack's phase again, and nothing else. */
import { messageOf } from "../engines/errors";
import { withHelp } from "../help";
import { repairRings } from "./repair-rings";
import { readStack } from "./stack";

const main = async (): Promise<void> => repairRings(readStack());

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`repair: ${withHelp(messageOf(error))}`);
    process.exit(1);
  },
);
