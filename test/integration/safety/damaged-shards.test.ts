/** What is possible in each phase with a shard that is dead, empty, or has a record or card that is wrong: docs/guides/damaged-shards.md. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import { PHASES, type Phase } from "../../../migration/phases";
import {
  DamagedWorld,
  DAMAGES,
  SHARD_OF,
  TARGET,
  WENT,
  withoutPatience,
  type AskedMove,
  type Damage,
  type RingsOfShard,
} from "./damaged-world";

const PAGE = readFileSync(path.join(__dirname, "../../../docs/guides/damaged-shards.md"), "utf8");
const KINDS = Object.keys(SHARD_OF) as readonly RingsOfShard[];
const FINISH: AskedMove = { to: "stable", shards: TARGET };
const to = (...phases: readonly Phase[]): readonly AskedMove[] => phases.map((phase) => ({ to: phase }));

/** To the end of the migration on its target ring, and on its current one. */
const WAYS: Readonly<Record<Phase, { readonly forward: readonly AskedMove[]; readonly back: readonly AskedMove[] }>> = {
  stable: { forward: [...to("plan", "copy", "dualWrite", "cutover", "cleanup"), FINISH], back: [] },
  plan: { forward: [...to("copy", "dualWrite", "cutover", "cleanup"), FINISH], back: to("stable") },
  copy: { forward: [...to("dualWrite", "cutover", "cleanup"), FINISH], back: to("stable") },
  dualWrite: { forward: [...to("cutover", "cleanup"), FINISH], back: to("stable") },
  cutover: { forward: [...to("cleanup"), FINISH], back: to("dualWrite", "stable") },
  cleanup: { forward: [FINISH], back: to("cutover", "dualWrite", "stable") },
};

/** What an operator does about a damaged shard, in the words of the page. */
type Aid = "`adopt`" | "`repair`" | "`forceRemoveShards`";
const NEEDED = "needs it";

/** Goes one way as an operator would: where a message names something to do, that is done, once, and the move is tried again. */
class Operator {
  private readonly aids = new Set<Aid>();
  readonly messages: string[] = [];

  constructor(
    private readonly world: DamagedWorld,
    private readonly shard: string,
  ) {}

  /** @returns what it took, in the words of the page. */
  async go(way: readonly AskedMove[]): Promise<string> {
    if (way.length === 0) return "–";
    let result = WENT;
    for (const move of way) {
      result = await this.move(move);
      // A gate that opened has made its move, though the work behind it failed: the next one may be asked for.
      if (result !== WENT && this.world.stack.state?.phase !== move.to) return NEEDED;
    }
    if (result !== WENT) return NEEDED;
    return this.aids.size === 0 ? "goes" : [...this.aids].join(", ");
  }

  private async move(move: AskedMove): Promise<string> {
    for (;;) {
      const forced = this.aids.has("`forceRemoveShards`") ? [this.shard] : [];
      const result = await this.world.move(move, forced);
      if (result === WENT) return result;
      this.messages.push(result);
      if (!(await this.follow(result))) return result;
    }
  }

  /** @returns whether the message named something that has not been done yet, and that worked. */
  private async follow(message: string): Promise<boolean> {
    const isAdopt = message.includes(`npm run adopt -- --stack STACK --shard ${this.shard}\``);
    if (isAdopt && this.isNew("`adopt`")) return (await this.world.command("adopt", this.shard)) === WENT;
    if (message.includes("`npm run repair`") && this.isNew("`repair`")) {
      return (await this.world.command("repair")) === WENT;
    }
    return message.includes(`forceRemoveShards[0]' ${this.shard}`) || /name it in forceRemoveShards/.test(message)
      ? this.isNew("`forceRemoveShards`")
      : false;
  }

  private isNew(aid: Aid): boolean {
    const isNew = !this.aids.has(aid);
    this.aids.add(aid);
    return isNew;
  }
}

/** @returns the rows of the table below a heading of the page, by phase. */
function tableOf(damage: Damage): Readonly<Record<string, readonly string[]>> {
  const section = PAGE.split(/^## /m).find((text) => text.toLowerCase().startsWith(damage)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| `"));
  const cells = rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return Object.fromEntries(cells.map(([phase = "", ...rest]) => [phase.replaceAll("`", ""), rest]));
}

describe("a shard of a migration that is damaged", function () {
  this.timeout(240_000);
  const found = new Map<Damage, Record<string, string[]>>(DAMAGES.map((damage) => [damage, {}]));
  /** Ways that ended with keys missing which some shard held. */
  const lost: string[] = [];
  /** Refusals that name no way, where the other one goes. */
  const silent: string[] = [];

  before(async () => {
    const [log, impatient] = [console.log, withoutPatience()];
    console.log = () => undefined;
    try {
      // A server that was dead is another process afterwards, and so a shard that may have lost writes: it has a world of its own.
      for (const damages of [DAMAGES.filter((damage) => damage !== "dead"), ["dead"] as const]) await walk(damages);
    } finally {
      console.log = log;
      impatient();
    }
  });

  async function walk(damages: readonly Damage[]): Promise<void> {
    const world = await DamagedWorld.start();
    try {
      for (const phase of PHASES) {
        expect(await world.move({ to: phase }), phase).to.equal(WENT);
        for (const damage of damages) {
          const row: string[] = [];
          for (const rings of KINDS) {
            await world.damaged(rings, damage, async () => void row.push(...(await look(world, phase, rings))));
          }
          found.set(damage, { ...found.get(damage), [phase]: row });
        }
      }
    } finally {
      await world.stop();
    }
  }

  async function look(world: DamagedWorld, phase: Phase, rings: RingsOfShard): Promise<readonly string[]> {
    const held = await world.held();
    const results: string[] = [];
    const messages: string[] = [];
    for (const direction of ["forward", "back"] as const) {
      const operator = new Operator(world, SHARD_OF[rings]);
      await world.attempt(async () => {
        const result = await operator.go(WAYS[phase][direction]);
        results.push(result);
        const ring = world.lab.rings[direction === "forward" ? "target" : "current"];
        const isGone = result !== NEEDED && result !== "–" ? await world.missing(held, ring) : [];
        if (isGone.length > 0) lost.push(`${phase}, ${rings}, ${direction}: ${isGone.length} of ${held.size}`);
      });
      messages.push(operator.messages.at(-1) ?? "");
    }
    const [forward = "", back = ""] = results;
    const [refusal = ""] = messages;
    if (forward === NEEDED && back !== NEEDED && back !== "–" && !/migrationPhase "(stable|dualWrite)"/.test(refusal)) {
      silent.push(`${phase}, ${rings}: ${refusal}`);
    }
    return results;
  }

  for (const damage of DAMAGES) {
    it(`${damage}: what is possible is what the page says`, () => {
      expect(found.get(damage)).to.deep.equal(tableOf(damage));
    });
  }

  it("whatever way is gone, no key is lost that any shard held", () => expect(lost).to.deep.equal([]));

  it("where only the way back goes, the refusal of the way forward names it", () => expect(silent).to.deep.equal([]));

  it("nothing but the shard itself helps only where it is dead", () => {
    const stuck = [...found].flatMap(([damage, rows]) =>
      Object.entries(rows).flatMap(([phase, row]) =>
        KINDS.filter((_, i) => [row[2 * i], row[2 * i + 1]].every((way) => way === NEEDED || way === "–")).map(
          (rings) => [damage, phase, rings] as const,
        ),
      ),
    );
    expect(stuck.filter(([damage]) => damage !== "dead")).to.deep.equal([]);
  });
});
