import { expect } from "chai";
import { HashRing } from "../../../migration/ring/ring";
import { mayBeGone, type Acknowledged, type Loss, type Service } from "../../faults/given-up";

const THREE = new HashRing(["shard-0", "shard-1", "shard-2"]);
const FOUR = new HashRing(["shard-0", "shard-1", "shard-2", "shard-3"]);
const IDS = Array.from({ length: 200 }, (_, i) => `id ${i}`);
/** Owned by one shard in one ring, and by another one in the other. */
const idOf = (before: string, after: string) =>
  IDS.find((id) => THREE.ownerOf(id) === before && FOUR.ownerOf(id) === after) as string;
const MOVER = idOf("shard-0", "shard-3");
const STAYS = idOf("shard-0", "shard-0");

const serves = (primary: HashRing, secondary: HashRing | undefined, fromMs: number, toMs: number): Service => ({
  ...{ primary, secondary, fromMs, toMs },
});
/** Current ring until 100, both from there on, the current one first until 200, the target ring alone from 300. */
const SERVICES = [
  serves(THREE, undefined, 0, 100),
  serves(THREE, FOUR, 100, 200),
  serves(FOUR, THREE, 200, 300),
  serves(FOUR, undefined, 300, Infinity),
];

describe("what may be gone with a shard that lost writes", () => {
  const told = (toldMs: number, isFirst = true): Acknowledged => ({ sentMs: toldMs - 1, toldMs, isFirst });
  const loss = (shard: string, atMs: number, more: Partial<Loss> = {}): Loss => ({
    ...{
      shard,
      keptUntilMs: atMs - 20,
      atMs,
      untilMs: atMs,
      inStepSinceMs: undefined,
      keptInStepMs: undefined,
      ...more,
    },
  });
  const cases: readonly [string, string, Acknowledged, Loss, boolean][] = [
    ["a claim of the last second while one ring is written", MOVER, told(45), loss("shard-0", 50), true],
    ["one of before", MOVER, told(20), loss("shard-0", 50), false],
    ["one of another shard", MOVER, told(45), loss("shard-1", 50), false],
    ["one that both owners hold", MOVER, told(145), loss("shard-0", 150), false],
    ["one whose shard is the owner in both rings", STAYS, told(145), loss("shard-0", 150), true],
    [
      "one of before dual-write, until both rings are in step",
      ...([MOVER, told(95), loss("shard-0", 110)] as const),
      true,
    ],
    [
      "one of before dual-write, once they are",
      ...([MOVER, told(95), loss("shard-0", 250, { keptUntilMs: 0, inStepSinceMs: 120 })] as const),
      false,
    ],
    [
      "all that one shard has in both rings, when it is emptied",
      ...([STAYS, told(5), loss("shard-0", 250, { keptUntilMs: 0, inStepSinceMs: 120 })] as const),
      true,
    ],
    [
      "one that both held, where dual-write went off in the run that was at work",
      ...([MOVER, told(245), loss("shard-3", 250, { inStepSinceMs: 120, untilMs: 310 })] as const),
      true,
    ],
    ["one that was given to the target ring alone", MOVER, told(345), loss("shard-3", 350), true],
    ["one of the target ring alone, on its owner of before", MOVER, told(345), loss("shard-0", 350), false],
    [
      "one of before dual-write, restored on its new owner from before it was copied there",
      ...([MOVER, told(50), loss("shard-3", 350, { keptUntilMs: 90, inStepSinceMs: 220 })] as const),
      true,
    ],
    [
      "one of before dual-write, restored on its new owner from behind its copy",
      ...([
        MOVER,
        told(50),
        loss("shard-3", 350, { keptUntilMs: 180, keptInStepMs: 120, inStepSinceMs: 120 }),
      ] as const),
      false,
    ],
    ["one of which only others were told", MOVER, told(145, false), loss("shard-0", 150), true],
    [
      "one of which only others were told, before both rings were brought in step",
      ...([MOVER, told(110, false), loss("shard-0", 150, { inStepSinceMs: 120 })] as const),
      false,
    ],
  ];
  for (const [what, id, claim, lost, expected] of cases) {
    it(`${expected ? "is" : "is not"} ${what}`, () => {
      expect(mayBeGone(id, claim, lost, SERVICES)).to.equal(expected);
    });
  }
});
