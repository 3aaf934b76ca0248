/** The model as a system that the checker can explore. */
import type { Emit, System } from "./checker/explore";
import { Packer } from "./checker/parts";
import { expirePromises } from "./answers";
import { clientSteps } from "./clients";
import { operatorSteps } from "./operator";
import { podSteps } from "./pods";
import { hold, other } from "./world";
import type {
  Answers,
  Attempt,
  Client,
  Control,
  Copy,
  Engine,
  Engines,
  Model,
  Orphan,
  Owner,
  Pods,
  Shards,
  World,
} from "./world";

/** @returns the system of a model. */
export function modelSystem(model: Model): System<World> {
  const packer = new Packer(keysOf(model));
  return {
    initial: initialWorld(model),
    words: packer.words,
    pack({ shards, pods, control, engines, answers, orphan, clients }, into) {
      packer.pack([shards, pods, control, engines, answers, orphan, ...clients], into);
    },
    unpack(words) {
      const [shards, pods, control, engines, answers, orphan, ...clients] = packer.unpack(words);
      return { shards, pods, control, engines, answers, orphan, clients } as World;
    },
    steps(world, emit) {
      clientSteps(world, model, emit);
      podSteps(world, emit);
      operatorSteps(world, model, emit);
      timeSteps(world, model, emit);
    },
  };
}

function initialWorld({ size }: Model): World {
  const clients = Array.from({ length: size.clients }, (): Client => ({ asked: 0 }));
  return {
    shards: { clock: { current: 0, target: 0 }, held: { current: undefined, target: undefined } },
    pods: { ring: "A", ready: ["A"], terminating: [] },
    control: {
      phase: "stable",
      todo: ["nothing"],
      finished: false,
      planned: false,
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
    answers: { promised: clients.map(() => 0) },
    orphan: undefined,
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

const copyKey = (copy: Copy | undefined): string => (copy ? `${copy.claim}.${copy.expiry}` : "-");

const attemptKey = (attempt: Attempt | undefined): string =>
  attempt
    ? `${attempt.config} ${attempt.command} ${attempt.position} ${attempt.expiry} ${copyKey(attempt.found)} ${attempt.awaited ?? false}`
    : "-";

const engineKey = (engine: Engine | undefined): string =>
  engine
    ? `${engine.job} ${engine.primary} ${engine.pass} ${engine.step} ${engine.seenAt} ${copyKey(engine.seen)} ` +
      `${copyKey(engine.expected)} ${copyKey(engine.copy)} ${engine.dirty} ${engine.awaitsClocks ?? false}`
    : "-";

/** For each part of the world a text that tells its values apart. */
function keysOf({ size }: Model): readonly ((part: never) => string)[] {
  return [
    ({ clock, held }: Shards) => `${clock.current} ${clock.target} ${copyKey(held.current)} ${copyKey(held.target)}`,
    ({ ring, ready, terminating }: Pods) => `${ring} ${ready.join()} ${terminating.join()}`,
    (control: Control) => JSON.stringify(control, Object.keys(control).sort()),
    ({ running, late }: Engines) =>
      `${engineKey(running)} ${late?.job} ${late?.owner} ${copyKey(late?.expected)} ${copyKey(late?.copy)}`,
    ({ promised, broken }: Answers) => `${promised.join()} ${broken}`,
    (orphan: Orphan | undefined) => (orphan ? `${orphan.client} ${orphan.podGone} ${attemptKey(orphan.attempt)}` : "-"),
    ...Array.from({ length: size.clients }, () => clientKey),
  ];
}

const clientKey = ({ asked, attempt, answer }: Client): string => `${asked} ${answer} ${attemptKey(attempt)}`;
