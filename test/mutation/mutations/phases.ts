/** The phase table and the legal moves. */
import { inFile } from "../mutation";

export const PHASES = inFile(
  "migration/phases.ts",
  ["test/unit/phases.test.ts"],
  [
    {
      name: "dual-write-at-cutover",
      removed: "the cutover goes on writing the current ring",
      find: '    pods: "DB",',
      replace: '    pods: "B",',
    },
    {
      name: "jump-DB-A",
      removed: "cutover → copy is refused: DB → A is a jump",
      find: 'next: ["cleanup", "dualWrite"],',
      replace: 'next: ["cleanup", "dualWrite", "copy"],',
    },
    {
      name: "jump-B-DA",
      removed: "cleanup → dualWrite is refused: B → DA is a jump",
      find: 'next: ["stable", "cutover"],',
      replace: 'next: ["stable", "cutover", "dualWrite"],',
    },
    {
      name: "taken-back-only-once",
      removed: "stable → copy and the like take back the last move only, with the rings of that",
      find: "TABLE[from.phase].takesBack?.includes(to.phase) && cameFrom && sameState(cameFrom, to)",
      replace: "TABLE[from.phase].takesBack?.includes(to.phase)",
    },
    {
      name: "rings-stay",
      removed: "the ring in force changes by a migration only",
      find: "if (!sameList(to.shards, kept)) return finishes ? refuseFinish(from, to) : refuseShardChange(from, to);",
      replace: "",
    },
    {
      name: "no-edit-during-migration",
      removed: "targetShards, vnodes and keyPrefix stay as they are while a migration is open",
      find: "return isOpen(from.phase) ? refuseEditDuringMigration(from, to) : undefined;",
      replace: "return undefined;",
    },
    {
      name: "one-step-before-dual-write",
      removed: "before dual-write goes on the gate asks what pods run",
      find: 'const SWITCH_ON: Move = { checks: ["oneStep", "planned", "healthy", "preCopied"] };',
      replace: 'const SWITCH_ON: Move = { checks: ["planned", "healthy", "preCopied"] };',
    },
    {
      name: "verify-before-cutover",
      removed: "a fresh clean verify before the cutover",
      find: '"healthy", "inStep", "verified", "serviceHealthy"] },',
      replace: '"healthy", "inStep", "serviceHealthy"] },',
    },
    {
      name: "service-before-cutover",
      removed: "the service is well, by its metrics, before the cutover",
      find: '"healthy", "inStep", "verified", "serviceHealthy"] },',
      replace: '"healthy", "inStep", "verified"] },',
    },
    {
      name: "verify-before-rollback",
      removed: "a fresh clean verify before the cutover is rolled back",
      find: 'checks: ["oneStep", "planned", "healthy", "inStep", "verifiedIfInStep"],',
      replace: 'checks: ["oneStep", "planned", "healthy", "inStep"],',
    },
    {
      name: "verify-before-single-write",
      removed: "a fresh clean verify before dual-write goes off",
      find: '"windowOpen", "serviceStable", "verifiedIfInStep"],',
      replace: '"windowOpen", "serviceStable"],',
    },
    {
      name: "service-before-single-write",
      removed: "the service has been well, by its metrics, before dual-write goes off",
      find: '"windowOpen", "serviceStable", "verifiedIfInStep"],',
      replace: '"windowOpen", "verifiedIfInStep"],',
    },
    {
      name: "in-step-holds-in",
      removed: "rings count as in step only while every pod has written both",
      find: 'inStep: ["DA", "DB"],',
      replace: 'inStep: ["A", "DA", "DB", "B"],',
    },
    {
      name: "settled-before-shards-go",
      removed: "retiring shards go only when no pod uses them and they are drained",
      find: 'checks: ["settled", "planned", "unneeded", "drained"]',
      replace: 'checks: ["planned"]',
    },
  ],
);
