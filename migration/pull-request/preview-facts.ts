/** What `pulumi preview --json` and the stack's outputs say about a change, as plain facts. */
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { PHASES, type Phase } from "../phases";

const strings = z.array(z.string());
const phase = z.enum(PHASES);
const ring = z.object({ shards: strings, targetShards: strings, vnodes: z.number() });

const state = z.object({ inputs: z.record(z.string(), z.unknown()).optional() }).optional();
const step = z.object({ op: z.string(), urn: z.string(), oldState: state, newState: state });
const preview = z.object({
  steps: z.array(step).default([]),
  diagnostics: z.array(z.object({ message: z.string().default(""), severity: z.string().default("") })).default([]),
});
const service = z.object({
  bakeMs: z.number(),
  stabilityMs: z.number(),
  autoRollback: z.boolean().default(false),
});
const gateInputs = z.object({
  phase,
  ring,
  data: z.record(z.string(), z.string()).optional(),
  /** Without \`service\` the gates on the service's metrics are off. */
  settings: z.object({
    verifyMode: z.string(),
    catchUpKeysPerSecond: z.number(),
    cleanupKeysPerSecond: z.number(),
    service: service.optional(),
  }),
});
const edge = z.object({
  from: z.string(),
  to: z.string(),
  share: z.number(),
  keys_to_move: z.number(),
  bytes: z.number(),
  estimated_duration: z.string(),
});
const plan = z.object({
  migration_id: z.string(),
  migrations: z.array(edge),
  total_keys_to_move: z.number(),
  total_bytes_to_move: z.number(),
  percentage_to_move: z.number(),
  estimated_duration: z.string(),
  warnings: strings.default([]),
});
const verification = z.object({
  ...{ mode: z.string(), at: z.string(), checked: z.number() },
  ...{ missing: z.number(), different: z.number(), extra: z.number() },
});
const outputs = z.object({
  phase: phase.optional(),
  migrationPlan: plan.nullish(),
  copyCounters: z.object({ preCopy: z.unknown(), catchUp: z.unknown(), cleanup: z.unknown() }).partial().default({}),
  verification: verification.nullish(),
  cleanupOpensAt: z.string().nullish(),
  backup: z.string().default(""),
});

/** A plan as the last `up` made it. */
export type KnownPlan = z.infer<typeof plan>;
/** What the last `up` left as the stack's outputs. */
export type KnownOutputs = z.infer<typeof outputs>;

/** What a pull request leads to. */
export interface PreviewFacts {
  /** The phase that the last `up` led to, also one that failed behind its gate; undefined for a stack that has none. */
  readonly from: Phase | undefined;
  /** What the gate was asked for; undefined when the preview did not get that far. */
  readonly asked?: z.infer<typeof gateInputs>;
  /** What moves, in a sentence: with key counts where the shards could be asked. */
  readonly summary: string | undefined;
  /** About how many keys move over each edge, by its name; empty where the shards could not be asked. */
  readonly keysByEdge: ReadonlyMap<string, number>;
  /** How many resources of each kind of operation there are: `same`, `update`, `create`, `delete`, … */
  readonly operations: ReadonlyMap<string, number>;
  /** Snapshots that the `up` will take. */
  readonly backupsToTake: number;
  /** Why the preview failed; empty when it did not. */
  readonly errors: readonly string[];
  readonly outputs: KnownOutputs;
}

/**
 * @param previewJson - what `pulumi preview --json --show-sames` printed, also when it failed.
 * @param outputsJson - what `pulumi stack output --json` printed.
 * @throws SyntaxError or ZodError for something else
 */
export function readFacts(previewJson: string, outputsJson: string): PreviewFacts {
  const { steps, diagnostics } = preview.parse(JSON.parse(previewJson));
  const known = outputs.parse(JSON.parse(outputsJson));
  const stepOf = (type: string) => steps.find(({ urn }) => urn.includes(type));
  const ringGate = stepOf("dedup:RingGate::");
  const gate = gateInputs.safeParse(ringGate?.newState?.inputs);
  const gateBefore = gateInputs.safeParse(ringGate?.oldState?.inputs);
  const planInputs = stepOf("dedup:MigrationPlan::")?.newState?.inputs;
  const summary = planInputs?.["summary"];
  const operations = new Map<string, number>();
  for (const { op } of steps) operations.set(op, (operations.get(op) ?? 0) + 1);
  return {
    from: gateBefore.success ? gateBefore.data.phase : known.phase,
    ...(gate.success ? { asked: gate.data } : {}),
    summary: typeof summary === "string" ? summary : undefined,
    keysByEdge: keysByEdge(planInputs?.["edges"]),
    operations,
    backupsToTake: steps.filter(({ op, urn }) => op === "create" && urn.includes("command:local:Command::")).length,
    errors: diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => plain(message)),
    outputs: known,
  };
}

/** Of the lines that the preview prints; see `describeEdges`. */
function keysByEdge(lines: unknown): ReadonlyMap<string, number> {
  const edges = z.record(z.string(), z.string()).safeParse(lines).data ?? {};
  return new Map(
    Object.entries(edges).flatMap(([edge, line]) => {
      const found = /about ([\d,]+) keys/.exec(line)?.[1];
      return found === undefined ? [] : [[edge, Number(found.replaceAll(",", ""))] as const];
    }),
  );
}

/** Without the colors of a terminal, and without the engine's own marks for them. */
const plain = (text: string): string => stripVTControlCharacters(text.replace(/<\{%[^%]*%\}>/g, "")).trim();
