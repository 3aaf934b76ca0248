/** `npm run doctor -- --stack STACK [--config-file FILE]`: looks at a ring and its backend, changes nothing, and says what to do next. */
import { messageOf } from "../engines/errors";
import { withHelp } from "../help";
import { diagnose, type Finding } from "./diagnose";
import { examine } from "./examine";
import { readStack } from "./stack";

const MARKS: Readonly<Record<Finding["level"], string>> = { ok: "ok      ", warning: "WARNING ", problem: "PROBLEM " };

async function main(): Promise<boolean> {
  const findings = diagnose(await examine(readStack()));
  for (const { level, text, next, section } of findings) {
    console.log(`${MARKS[level]}${text}`);
    if (next) console.log(`          ${next}; docs/troubleshooting.md#${section}`);
  }
  return findings.every(({ level }) => level !== "problem");
}

main().then(
  (isWell) => process.exit(isWell ? 0 : 1),
  (error: unknown) => {
    console.error(`doctor: ${withHelp(messageOf(error))}`);
    process.exit(2);
  },
);
