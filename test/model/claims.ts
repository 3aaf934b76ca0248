/** The claim rule, command by command, as in test/lab/backend/claims.ts. */
import type { PodConfig } from "../../migration/phases";
import type { Safeguards } from "./safeguards";
import { hold, laterClock, other, primaryOf, writesBoth } from "./world";
import type { Attempt, Copy, Model, Owner, Shards } from "./world";

/** What one command of a claim leads to: another command, or an answer. */
export interface ClaimStep {
  /** What the command did, for the trace. */
  readonly did: string;
  readonly shards: Shards;
  readonly next?: Attempt;
  readonly answer?: "first" | "retry" | "duplicate";
  /** What the answer promises. */
  readonly stored?: Copy;
}

/** A step that ends in an answer which promises something. */
export type AnsweredStep = ClaimStep & { readonly answer: "first" | "duplicate"; readonly stored: Copy };

export const isAnswered = (step: ClaimStep): step is AnsweredStep => step.stored !== undefined;

/** @returns a new request in a pod. The pod's clock is the later one. */
export const beginAttempt = (config: PodConfig, shards: Shards, { size }: Model): Attempt => ({
  config,
  command: "set",
  position: 0,
  expiry: laterClock(shards) + size.ttl,
});

/** @returns whether the claim window bounds the time until the next command: it writes what an earlier one began. */
export const isBounded = ({ command, position }: Attempt, { safeguards }: Model): boolean =>
  command === "complete"
    ? safeguards.completesWithinWindow
    : (command === "set" || command === "adopt") && position > 0;

/** Carries out the next command of a client's claim. */
export function stepClaim(shards: Shards, attempt: Attempt, claim: number, model: Model): ClaimStep {
  if (attempt.late && attempt.command !== "adopt" && isBounded(attempt, model) && model.safeguards.shardsCheckDeadline)
    return { did: "the shard refuses a write whose claim window has passed", shards, answer: "retry" };
  if (attempt.astray === undefined) return COMMANDS[attempt.command]({ shards, attempt, claim, model });
  return astrayStep(shards, attempt.astray, (seen) =>
    COMMANDS[attempt.command]({ shards: seen, attempt, claim, model }),
  );
}

/** A step of a pod that finds one shard at both addresses. */
function astrayStep({ clock, held }: Shards, astray: Owner, command: (seen: Shards) => ClaimStep): ClaimStep {
  const reached = other(astray);
  const seen = { ...held, [astray]: held[reached] };
  const step = command({ clock, held: seen });
  const written = step.shards.held[astray] === seen[astray] ? step.shards.held[reached] : step.shards.held[astray];
  const did = `${step.did} (the ${astray} owner's address reaches the ${reached} owner)`;
  return { ...step, did, shards: { clock, held: { ...held, [reached]: written } } };
}

interface Context {
  readonly shards: Shards;
  readonly attempt: Attempt;
  readonly claim: number;
  readonly model: Model;
}

const COMMANDS: Readonly<Record<Attempt["command"], (context: Context) => ClaimStep>> = {
  set({ shards, attempt, claim, model }) {
    const owner = ownerAt(attempt, model);
    const held = shards.held[owner];
    if (held === undefined) {
      const after = hold(shards, owner, { claim, expiry: attempt.expiry });
      return wonOwner(after, attempt, claim, model, `SET NX on the ${owner} owner: done`);
    }
    const did = `SET NX on the ${owner} owner: it holds claim ${held.claim}`;
    if (held.claim !== claim) return lostOwner(shards, attempt, held, did, model);
    return model.safeguards.adoptsExpiry
      ? { did, shards, next: { ...attempt, command: "adopt" } }
      : wonOwner(shards, attempt, claim, model, did);
  },

  adopt({ shards, attempt, claim, model }) {
    const owner = ownerAt(attempt, model);
    const held = shards.held[owner];
    const did = `reads its own claim's expiry on the ${owner} owner`;
    if (held?.claim !== claim || held.expiry <= laterClock(shards)) return { did, shards, answer: "retry" };
    return wonOwner(shards, { ...attempt, command: "set", expiry: held.expiry }, claim, model, did);
  },

  askPrimary({ shards, attempt, claim, model }) {
    const primary = primaryOf(attempt.config);
    const held = shards.held[primary];
    const did = `asks its primary, the ${primary} owner: ${held ? `claim ${held.claim}` : "nothing"}`;
    if (held) return answerOf(shards, attempt, held, claim, did);
    if (ownerAt(attempt, model) === primary) return { did, shards, answer: "retry" };
    return { did, shards, next: { ...attempt, command: "readHalf" } };
  },

  readHalf({ shards, attempt, model }) {
    const owner = ownerAt(attempt, model);
    const half = shards.held[owner];
    const did = `reads the half-done claim ${half?.claim ?? "(gone)"} on the ${owner} owner`;
    if (half === undefined) return { did, shards, answer: "retry" };
    return { did, shards, next: { ...attempt, command: "complete", found: half } };
  },

  complete({ shards, attempt, claim }) {
    const primary = primaryOf(attempt.config);
    const half = attempt.found as Copy;
    const held = shards.held[primary];
    const did = `SET NX of claim ${half.claim} on its primary, the ${primary} owner: ${held ? "held" : "done"}`;
    return answerOf(held ? shards : hold(shards, primary, half), attempt, held ?? half, claim, did);
  },

  readWinner({ shards, attempt }) {
    const primary = primaryOf(attempt.config);
    const found = shards.held[primary];
    const did = `reads the winner on the ${primary} owner`;
    return found ? { did, shards, next: { ...attempt, command: "giveWay", found } } : { did, shards };
  },

  giveWay({ shards, attempt, claim, model }) {
    const owner = ownerAt({ ...attempt, position: 0 }, model);
    const winner = attempt.found as Copy;
    const isThere = shards.held[owner]?.claim === claim && winner.expiry > shards.clock[owner];
    const did = `puts claim ${winner.claim} in the place of its own on the ${owner} owner: ${isThere ? "done" : "too late"}`;
    return { did, shards: isThere ? hold(shards, owner, winner) : shards };
  },
};

/** @returns the owner that the next command goes to. */
export function ownerAsked(attempt: Attempt, model: Model): Owner {
  if (["askPrimary", "complete", "readWinner"].includes(attempt.command)) return primaryOf(attempt.config);
  return ownerAt(attempt.command === "giveWay" ? { ...attempt, position: 0 } : attempt, model);
}

const writesTwo = (config: PodConfig, { dualWriteAtCutover }: Safeguards): boolean =>
  writesBoth(config) && (config === "DA" || dualWriteAtCutover);

/** The owners that a pod writes, in its order. */
function ownerAt({ config, position }: Attempt, { safeguards, firstByName }: Model): Owner {
  const primary = primaryOf(config);
  if (!writesTwo(config, safeguards)) return primary;
  const first = safeguards.commonOrder ? firstByName : primary;
  return position === 0 ? first : other(first);
}

function wonOwner(shards: Shards, attempt: Attempt, claim: number, { safeguards }: Model, did: string): ClaimStep {
  if (writesTwo(attempt.config, safeguards) && attempt.position === 0)
    return { did, shards, next: { ...attempt, position: 1 } };
  return { did, shards, answer: "first", stored: { claim, expiry: attempt.expiry } };
}

function lostOwner(shards: Shards, attempt: Attempt, held: Copy, did: string, model: Model): ClaimStep {
  if (!model.safeguards.loserAsksPrimary) return answerOf(shards, attempt, held, 0, did);
  return { did, shards, next: { ...attempt, command: "askPrimary", awaited: false } };
}

function answerOf(shards: Shards, attempt: Attempt, stored: Copy, claim: number, did: string): ClaimStep {
  if (stored.claim === claim) return { did, shards, answer: "retry" };
  const answered = { did, shards, answer: "duplicate", stored } as const;
  // A claim that lost on its second owner has left its half on the first.
  if (attempt.position === 0) return answered;
  return { ...answered, next: { ...attempt, command: "readWinner", found: undefined } };
}
