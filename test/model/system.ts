/** The model as a system that the checker can explore. */
import type { Emit, System } from "./checker/explore";
import { Packer } from "./checker/parts";
import { expirePromises } from "./answers";
import { clientSteps } from "./clients";
import { keysOf } from "./keys";
import { operatorSteps } from "./operator";
import { lossSteps } from "./losses";
import { podSteps } from "./pods";
import { secondStackSteps } from "./second-stack";
import { writerSteps } from "./writer";
import { hold, other } from "./world";
import type { Client, Engines, Model, Owner, Shards, World } from "./world";

/** @returns the system of a model. */
export function modelSystem(model: Model): System<World> {
  const packer = new Packer(keysOf(model.size));
  return {
    initial: initialWorld(model),
    words: packer.words,
    pack({ shards, pods, control, engines, answers, orphan, loss, clients }, into) {
      packer.pack([shards, pods, control, engines, answers, orphan, loss, ...clients], into);
    },
    unpack(words) {
      const [shards, pods, control, engines, answers, orphan, loss, ...clients] = packer.unpack(words);
      return { shards, pods, control, engines, answers, orphan, loss, clients } as World;
    },
    steps(world, emit) {
      clientSteps(world, model, emit);
      podSteps(world, model, emit);
      writerSteps(world, model, emit);
      lossSteps(world, model, emit);
      secondStackSteps(world, model, emit);
      operatorSteps(world, model, emit);
      timeSteps(world, model, emit);
    },
  };
}

/** @returns the world before anything has happened. */
export function initialWorld({ size }: Model): World {
  const clients = Array.from({ length: size.clients }, (): Client => ({ asked: 0 }));
  return {
    shards: { clock: { current: 0, target: 0 }, held: { current: undefined, target: undefined } },
    pods: { ring: "A", ready: ["A"], terminating: [], mistaken: [], writes: 0 },
    control: {
      phase: "stable",
      todo: ["nothing"],
      finished: false,
      planned: false,
      foreignCard: false,
      preCopied: false,
      inStep: false,
      cutover: false,
      drained: false,
      closed: false,
      halfCaughtUp: false,
      verified: false,
      wentBack: false,
    },
    engines: {},
    answers: { promised: clients.map(() => 0), alone: size.losses === undefined ? [] : clients.map(() => false) },
    orphan: undefined,
    loss: undefined,
    clients,
  };
}

/** Each shard's clock goes on by itself; they are never more than a tick apart. */
function timeSteps(world: World, { size }: Model, emit: Emit<World>): void {
  const { clock } = world.shards;
  for (const owner of ["current", "target"] satisfies Owner[]) {
    if (clock[owner] >= size.ticks || clock[owner] > clock[other(owner)]) continue;
    const ticked = { ...world.shards, clock: { ...clock, [owner]: clock[owner] + 1 } };
    const shards = hold(ticked, owner, ticked.held[owner]);
    const answers = expirePromises(world.answers, shards);
    // A clock that lags behind is sure to follow; that time goes on is not.
    const actor = haveMet(shards) ? "clocks" : "time";
    const engines = actor === "clocks" ? clocksMet(world.engines) : world.engines;
    emit(actor, `a tick passes on the ${owner} owner`, { ...world, shards, answers, engines });
  }
}

const haveMet = ({ clock }: Shards): boolean => clock.current === clock.target;

function clocksMet(engines: Engines): Engines {
  const { running } = engines;
  return running?.awaitsClocks ? { ...engines, running: { ...running, awaitsClocks: false } } : engines;
}
