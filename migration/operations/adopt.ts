/** `npm run adopt -- --stack STACK [--shard SHARD] [--config-file FILE]`: hands shards over to the stack's backend. */
import { messageOf } from "../engines/errors";
import { log } from "../entrypoints/inputs";
import { withHelp } from "../help";
import { handOver } from "./hand-over";
import { readStackOrPreview } from "./stack";

async function main(): Promise<void> {
  const { shard, ...stack } = readStackOrPreview();
  await handOver(stack, shard, log);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`adopt: ${withHelp(messageOf(error))}`);
    process.exit(1);
  },
);
