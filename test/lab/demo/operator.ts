/** The operator of the demo: sets a phase, reads the preview, runs `pulumi up`, and shows what matters of both. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { previewComment } from "../../../migration/pull-request/comment";
import { readFacts } from "../../../migration/pull-request/preview-facts";
import { PHASES, type Phase } from "../../../migration/phases";
import type { Config, PulumiStack } from "../pulumi-stack";
import type { PulumiRun } from "../pulumi-run";
import type { Row } from "./table";

/** Lines of the program and its engines, as the CLI shows them while it runs. */
const LIVE = /^\s*pulumi:pulumi:Stack \S+ running (.+)$/;
/** What a reviewer looks for in a preview: what will move, and the ring's new values. */
const REVIEWED = /^\s*[~+-]\s+(\S+ → \S+|summary|DEDUP_\w+)\s*: .+$/;

export class Operator {
  readonly rows: Row[] = [];
  private running: PulumiRun | undefined;
  private stopped = false;
  private readonly commented = new Set<string>();

  /** @param comments - a folder for what the pull request of each phase would be told. @default nobody is told */
  constructor(
    private readonly stack: PulumiStack,
    private readonly comments?: string,
  ) {}

  /** Ends the run in hand and refuses further ones. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running?.kill();
  }

  /** @throws Error with the whole output when the `up` fails */
  async go(phase: Phase, config: Config = {}, review = false): Promise<void> {
    console.log(`\n$ pulumi config set migrationPhase ${phase}`);
    await this.stack.setConfig({ migrationPhase: phase, ...config });
    if (review) await this.review();
    if (this.comments !== undefined && this.isNew(phase)) await this.comment(phase, this.comments);
    console.log("$ pulumi up");
    if (this.stopped) throw new Error("stopped");
    this.running = this.stack.startUp({ skipPreview: true, onLine: showLive });
    const { code, output, durationMs } = await this.running.done;
    this.running = undefined;
    if (code !== 0) throw new Error(`pulumi up failed in phase ${phase} (exit ${code}):\n${output}`);
    this.rows.push({ phase, seconds: durationMs / 1000, ...outcome(await this.stack.outputs(), phase) });
  }

  private async review(): Promise<void> {
    console.log("$ pulumi preview --diff        # shortened");
    const { code, output } = await this.stack.preview({ diff: true });
    if (code !== 0) throw new Error(`pulumi preview failed (exit ${code}):\n${output}`);
    const lines = output.split("\n").filter((line) => REVIEWED.test(line));
    // The gate and the ConfigMap show the same values.
    for (const line of new Set(lines.map(shorten))) console.log(`  ${line}`);
  }

  /** A phase is worth a comment when it is reached for the first time, or by a step back for the first time. */
  private isNew(phase: Phase): boolean {
    const before = PHASES.indexOf((this.rows.at(-1)?.phase ?? "stable") as Phase);
    const move = PHASES.indexOf(phase) < before && phase !== "stable" ? `${phase}, back` : phase;
    const isNew = !this.commented.has(move);
    this.commented.add(move);
    return isNew;
  }

  /** What `npm run preview:comment` prints. */
  private async comment(phase: string, folder: string): Promise<void> {
    const preview = await this.stack.preview({ json: true });
    const facts = readFacts(preview.stdout, JSON.stringify(await this.stack.outputs()));
    const { output } = await this.stack.preview({ diff: true });
    const file = path.join(folder, `${String(this.commented.size).padStart(2, "0")}-${phase}.md`);
    mkdirSync(folder, { recursive: true });
    const comment = previewComment({ stack: this.stack.name, facts, diff: output, now: new Date() });
    // The demo's own folder is nobody's business; an operator's backups lie beside the program.
    writeFileSync(file, comment.replaceAll(`${this.stack.dir}/`, ""));
    console.log(`  the comment on its pull request: ${file}`);
  }
}

const shorten = (line: string): string => line.trim().replace(/\.redis-dedup\.[^.]+\.svc:\d+/g, "…");

function showLive(line: string): void {
  const said = LIVE.exec(line)?.[1];
  if (said !== undefined) console.log(`  ${said}`);
}

type Counts = Readonly<Record<string, number>>;

/** The figures of a phase, from the stack's outputs. */
function outcome(outputs: Readonly<Record<string, unknown>>, phase: string): Pick<Row, "keys" | "result"> {
  const counters = outputs["copyCounters"] as Readonly<Record<string, Counts | null>>;
  const plan = outputs["migrationPlan"] as Counts | null;
  const report = outputs["verification"] as Counts | null;
  const ring = `ring epoch ${String(outputs["epoch"])}`;
  switch (phase) {
    case "plan":
      return { keys: plan?.["total_keys_to_move"], result: `${plan?.["percentage_to_move"]} % of the keys will move` };
    case "copy":
      return { keys: counters["preCopy"]?.["checked"], result: `${ring}; movers copied` };
    case "dualWrite":
    case "cutover":
      return {
        keys: report?.["checked"],
        result: `${ring}; verified: ${report?.["missing"]} missing, ${report?.["different"]} different`,
      };
    case "cleanup":
      return { keys: counters["cleanup"]?.["deleted"], result: `${ring}; deleted from their old owners` };
    default:
      return { keys: undefined, result: ring };
  }
}
