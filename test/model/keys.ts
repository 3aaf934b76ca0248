/**
 * A number for each value of a part of the world, which tells it from every other value. The checker looks parts up by
 * these numbers, so they are made without texts: one digit for each field.
 */
import { PHASES, POD_CONFIGS, type Phase, type PodConfig } from "../../migration/phases";
import type { Answers, Attempt, Client, Control, Copy, Engine, Engines, LateWrite, Loss, Orphan, Owner } from "./world";
import type { Pods, Shards, Size } from "./world";

/** Expiries and clocks stay below it. */
const TIMES = 8;
const COPIES = 4 * TIMES;

const numbersOf = <T extends string>(values: readonly T[]): Readonly<Record<T, number>> =>
  Object.fromEntries(values.map((value, i) => [value, i])) as Record<T, number>;

const PHASE = numbersOf<Phase>(PHASES);
const CONFIG = numbersOf<PodConfig>(POD_CONFIGS);
const OWNER: Readonly<Record<Owner, number>> = { current: 1, target: 2 };
const ANSWER = { first: 1, duplicate: 2 } as const;
const FOREIGN = { whole: 1, torn: 2 } as const;
const LOSS = { replicaBehind: 0, suspect: 1, empty: 2, over: 3 } as const;
const JOB = numbersOf(["preCopy", "catchUp", "verify", "drain"] as const);
const STEP = numbersOf(["wait", "look", "lookOther", "read", "write", "remove"] as const);
const COMMAND = numbersOf(["set", "adopt", "askPrimary", "readHalf", "complete", "readWinner", "giveWay"] as const);

const bit = (flag: boolean | undefined): number => (flag ? 1 : 0);
const copyKey = (copy: Copy | undefined): number => (copy ? copy.claim * TIMES + copy.expiry : 0);
const phaseKey = (phase: Phase | undefined): number => (phase === undefined ? PHASES.length : PHASE[phase]);
const setKey = (configs: readonly PodConfig[]): number =>
  configs.reduce((set, config) => set | (1 << CONFIG[config]), 0);

const shardsKey = ({ clock, held }: Shards): number =>
  ((clock.current * TIMES + clock.target) * COPIES + copyKey(held.current)) * COPIES + copyKey(held.target);

function podsKey({ ring, ready, terminating, before, foreign, mistaken, writes }: Pods): number {
  const rings = (CONFIG[ring] * 5 + (before === undefined ? 4 : CONFIG[before])) * 3 + (foreign ? FOREIGN[foreign] : 0);
  return (((rings * 16 + setKey(ready)) * 16 + setKey(terminating)) * 16 + setKey(mistaken)) * 4 + writes;
}

/** What is left to do is a tail of what the phase has to do, so that its length tells it. */
function controlKey(control: Control): number {
  const { phase, cameFrom, gate, todo } = control;
  const phases = (phaseKey(phase) * 8 + phaseKey(cameFrom)) * 8 + phaseKey(gate);
  const facts = bit(control.planned) | (bit(control.preCopied) << 1) | (bit(control.inStep) << 2);
  const ends = (bit(control.cutover) << 3) | (bit(control.drained) << 4) | (bit(control.closed) << 5);
  const rest = (bit(control.halfCaughtUp) << 6) | (bit(control.verified) << 7) | (bit(control.wentBack) << 8);
  const others = (bit(control.finished) << 9) | (bit(control.foreignCard) << 10);
  return ((phases * 16 + todo.length) << 11) | facts | ends | rest | others;
}

function engineKey(engine: Engine): number {
  const { job, primary, pass, step, seenAt } = engine;
  const where = ((JOB[job] * 3 + OWNER[primary]) * 2 + bit(pass === "extras")) * 6 + STEP[step];
  const seen = (where * 3 + (seenAt === undefined ? 0 : OWNER[seenAt])) * COPIES + copyKey(engine.seen);
  const copies = (seen * COPIES + copyKey(engine.expected)) * COPIES + copyKey(engine.copy);
  return copies * 4 + bit(engine.dirty) * 2 + bit(engine.awaitsClocks) + 1;
}

const lateKey = ({ job, owner, expected, copy }: LateWrite): number =>
  ((JOB[job] * 3 + OWNER[owner]) * COPIES + copyKey(expected)) * COPIES + copyKey(copy) + 1;

const enginesKey = ({ running, late }: Engines): number =>
  (late ? lateKey(late) * 2 ** 30 : 0) + (running ? engineKey(running) : 0);

function attemptKey(attempt: Attempt): number {
  const { config, command, position, expiry, found, awaited, late, halfLost, astray } = attempt;
  const at = ((CONFIG[config] * 7 + COMMAND[command]) * 2 + position) * TIMES + expiry;
  const reached = (at * COPIES + copyKey(found)) * 3 + (astray === undefined ? 0 : OWNER[astray]);
  return ((reached * 2 + bit(awaited)) * 2 + bit(late)) * 2 + bit(halfLost) + 1;
}

const clientKey = ({ asked, attempt, answer }: Client): number =>
  (attempt ? attemptKey(attempt) : 0) * TIMES * 3 + asked * 3 + (answer === undefined ? 0 : ANSWER[answer]);

const orphanKey = (orphan: Orphan | undefined): number =>
  orphan ? (attemptKey(orphan.attempt) * 4 + orphan.client) * 2 + bit(orphan.podGone) + 1 : 0;

/** What was broken is the last thing that happens, and is told by its name. */
const answersKey = ({ promised, alone, broken }: Answers): number | string =>
  broken ?? promised.reduce((key, expiry, i) => (key * TIMES + expiry) * 2 + bit(alone[i]), 0);

const lossKey = (loss: Loss | undefined): number =>
  loss ? (OWNER[loss.owner] * 4 + LOSS[loss.stage]) * COPIES + copyKey(loss.copy) : 0;

/** @returns for each part of the world what tells its values apart. */
export const keysOf = ({ clients }: Size): readonly ((part: never) => number | string)[] => [
  shardsKey,
  podsKey,
  controlKey,
  enginesKey,
  answersKey,
  orphanKey,
  lossKey,
  ...Array.from({ length: clients }, () => clientKey),
];
