/** Shards that lose acknowledged writes: a failover to a replica that lags behind, or a restart without data. */
import type { Emit } from "./checker/explore";
import { hold, liveConfigs, other, primaryOf, writesBoth } from "./world";
import type { Attempt, Client, Control, Copy, Loss, Model, Owner, World } from "./world";

/** @returns whether a shard may have lost writes since both owners were last verified. */
export const isSuspect = ({ loss }: World, owner: Owner): boolean => loss?.stage === "suspect" && loss.owner === owner;

/** @returns whether a shard has lost its data, and nobody has decided what follows from it. */
export const isEmptied = ({ loss }: World): boolean => loss?.stage === "empty";

/** Emits how a shard can lose writes, at most once, and what an operator decides about an emptied one. */
export function lossSteps(world: World, model: Model, emit: Emit<World>): void {
  const { size } = model;
  const { loss, shards, control } = world;
  if (size.losses === undefined || control.finished) return;
  if (loss === undefined) {
    for (const owner of ["current", "target"] satisfies Owner[]) beginLoss(world, owner, model, emit);
    return;
  }
  const { owner, stage } = loss;
  if (stage === "replicaBehind") {
    const after = lose({ ...interrupt(world, owner), shards: hold(shards, owner, loss.copy) }, model);
    const label = `the ${owner} owner fails over to its replica`;
    emit("shard", label, giveUp(after, shards.held[owner], { owner, stage: "suspect" }));
  } else if (stage === "empty") {
    // What the shard held is written off only now: it might have been restored.
    const label = `an operator has the emptied ${owner} owner go on`;
    emit("repair", label, giveUp(world, loss.copy, { owner, stage: "suspect" }));
  }
}

function beginLoss(world: World, owner: Owner, model: Model, emit: Emit<World>): void {
  const copy = world.shards.held[owner];
  if (model.size.losses === "failover") {
    const loss: Loss = { owner, stage: "replicaBehind", copy };
    emit("shard", `the ${owner} owner's replica gets no writes any more`, { ...world, loss });
    return;
  }
  const emptied = lose({ ...interrupt(world, owner), shards: hold(world.shards, owner, undefined) }, model);
  emit("shard", `the ${owner} owner comes back empty`, { ...emptied, loss: { owner, stage: "empty", copy } });
}

/** Engines and gates under way fail, and what was proved of the shard's emptiness is void. */
function interrupt(world: World, owner: Owner): World {
  const { control } = world;
  const voided: Partial<Control> = owner === "current" ? { drained: false } : { closed: false };
  const again = owner === "current" && control.phase === "cleanup" && control.todo[0] === "nothing";
  const todo = again ? (["drain", "nothing"] as const) : control.todo;
  return {
    ...world,
    // What a killed engine had sent has landed by the time that a shard is back.
    engines: {},
    control: { ...control, ...voided, todo, gate: undefined, verified: false },
  };
}

/**
 * Requests between their two writes go on. Where the first one is gone, their answer promises nothing: they would have
 * to be told of the new connection.
 */
function lose(world: World, { firstByName }: Model): World {
  const isHalfLost = ({ position, config }: Attempt, claim: number) =>
    position > 0 && writesBoth(config) && world.shards.held[firstByName]?.claim !== claim;
  const clients = world.clients.map((one, i): Client => {
    const { attempt } = one;
    return attempt && isHalfLost(attempt, i + 1) ? { ...one, attempt: { ...attempt, halfLost: true } } : one;
  });
  return { ...world, clients };
}

/** A claim that the shard decided alone, or that no `up` has brought to the other owner yet, is given up. */
function giveUp(world: World, before: Copy | undefined, loss: Loss): World {
  const { owner } = loss;
  const { held } = world.shards;
  const after = { ...world, loss };
  if (before === undefined || held[owner]?.claim === before.claim) return after;
  const isElsewhere = held[other(owner)]?.claim === before.claim;
  const isCarried = isElsewhere && !world.answers.alone[before.claim - 1];
  // Of a half-done claim only the primary's duplicates may know.
  const isHalf = !isElsewhere && world.clients[before.claim - 1]?.answer !== "first";
  const isGivenUp = decidesAlone(world, owner) || isHalf || !(isCarried || isUpDone(world));
  return isGivenUp ? withoutPromise(after, before.claim) : after;
}

const decidesAlone = ({ pods }: World, owner: Owner): boolean =>
  [...liveConfigs(pods), pods.ring].some((config) => !writesBoth(config) && primaryOf(config) === owner);

const isUpDone = ({ control }: World): boolean => control.todo[0] === "nothing";

/** An engine has put the other owner's copy in the place of one that a suspect shard took alone: that is given up. */
export function overwrite(world: World, owner: Owner, overwritten: Copy | undefined, copy: Copy): World {
  if (!overwritten || overwritten.claim === copy.claim || !isSuspect(world, owner)) return world;
  // A catch-up may have deleted the other half of a claim, and the verify that gives it back has not ended.
  const isGivenUp = world.answers.alone[overwritten.claim - 1] || !isUpDone(world);
  return isGivenUp ? withoutPromise(world, overwritten.claim) : world;
}

function withoutPromise(world: World, claim: number): World {
  const promised = world.answers.promised.map((expiry, i) => (i + 1 === claim ? 0 : expiry));
  return { ...world, answers: { ...world.answers, promised } };
}

/** @returns the world once both owners were verified, or the old one drained: the shard's new process is noted. */
export function noteShards(world: World): World {
  const { loss } = world;
  return loss?.stage === "suspect" ? { ...world, loss: { owner: loss.owner, stage: "over" } } : world;
}

/** @returns whether readers must find what was acknowledged: not before a shard that lost writes was given them back. */
export const isReadableAgain = ({ loss }: World): boolean => loss?.stage !== "suspect" && loss?.stage !== "empty";
