/**
 * `npm run preview:comment -- --stack STACK [--config-file FILE]`: prints a preview as Markdown for a pull request. Exits with the preview's
 * own code, after the comment that says why it failed.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { messageOf } from "../engines/errors";
import { failedComment, previewComment } from "./comment";
import { readFacts } from "./preview-facts";

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

function pulumi(...args: readonly string[]) {
  const all = [...args, "--non-interactive", "--color", "never"];
  const { error, status, stdout, stderr } = spawnSync("pulumi", all, { encoding: "utf8", maxBuffer: MAX_OUTPUT_BYTES });
  if (error) throw new Error(`pulumi could not be run: ${error.message}`);
  return { status: status ?? 1, stdout, stderr };
}

const options = { stack: { type: "string" }, "config-file": { type: "string" } } as const;

function main(): number {
  const { stack, "config-file": file } = parseArgs({ options }).values;
  if (!stack) throw new Error("--stack is missing: name the stack to preview, as in --stack staging");
  try {
    return preview(stack, file);
  } catch (error) {
    // Also that is a comment to post: an empty one would say nothing, and the one before would be taken for this one.
    process.stdout.write(failedComment(stack, messageOf(error)));
    throw error;
  }
}

function preview(stack: string, file: string | undefined): number {
  const operate = ["preview", "--stack", stack, ...(file ? ["--config-file", file] : [])];
  const outputs = pulumi("stack", "output", "--json", "--stack", stack);
  if (outputs.status !== 0) throw new Error(outputs.stderr.trim());
  const preview = pulumi(...operate, "--json", "--show-sames");
  if (!preview.stdout.trim()) throw new Error(preview.stderr.trim());
  const diff = pulumi(...operate, "--diff");
  const facts = readFacts(preview.stdout, outputs.stdout);
  process.stdout.write(previewComment({ stack, facts, diff: diff.stdout + diff.stderr, now: new Date() }));
  return preview.status;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(`preview:comment: ${messageOf(error)}`);
  process.exitCode = 1;
}
