/** The migrations that the proof takes a ring through. */
import type { Config } from "../pulumi-stack";

export const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];

type Step = readonly [phase: string, config?: Config];
export interface Journey {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The ring that is in force at its end. */
  readonly ring: readonly string[];
}
export const JOURNEYS: readonly Journey[] = [
  {
    name: "3 → 4, given up",
    steps: [["plan", { targetShards: FOUR }], ["copy"], ["dualWrite"], ["stable"]],
    ring: THREE,
  },
  {
    name: "3 → 4, back and forth",
    steps: [
      ["plan"],
      ["copy"],
      ["dualWrite"],
      ["cutover"],
      ["dualWrite"],
      ["cutover"],
      ["cleanup"],
      ["stable", { shards: FOUR }],
    ],
    ring: FOUR,
  },
  {
    name: "4 → 3",
    steps: [
      ["plan", { targetShards: THREE }],
      ["copy"],
      ["dualWrite"],
      ["cutover"],
      ["cleanup"],
      ["stable", { shards: THREE }],
    ],
    ring: THREE,
  },
];
