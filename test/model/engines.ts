/** The engines on the one key: sync (pre-copy, catch-up, verify and repair) and drain, as in migration/engines. */
import type { Emit } from "./checker/explore";
import { isBounded } from "./claims";
import { isSuspect, overwrite } from "./losses";
import { hold, laterClock, liveConfigs, other } from "./world";
import type { Attempt, Copy, Engine, EngineJob, Engines, LateWrite, Model, Owner, World } from "./world";

/** The invariant that a deletion can break. */
export const NO_ONLY_COPY_DELETED = "cleanup deletes no only copy";

/** What follows when an engine has done its work. */
export type Finish = (world: World, engine: Engine) => World;

/** Starts a run: it takes the lock, and from then on shards refuse the writes of the run before. */
export function startEngine(world: World, job: EngineJob, primary: Owner, model: Model): World {
  const late = model.safeguards.fencing ? undefined : world.engines.late;
  const engine: Engine = { job, primary, pass: "movers", step: "look", dirty: false };
  return beginPass({ ...world, engines: { running: engine, late } }, engine, model);
}

/** Emits the next step of the running engine. */
export function engineSteps(world: World, model: Model, finish: Finish, emit: Emit<World>): void {
  const engine = world.engines.running;
  if (engine) STEPS[engine.step]({ world, engine, model, finish, emit });
}

/** Emits what a killed engine's last write can still do. */
export function lateSteps(world: World, model: Model, emit: Emit<World>): void {
  const { late, running } = world.engines;
  if (!late) return;
  const { after, did } = land(world, late, model);
  const engines: Engines = { running };
  emit("engine", `what a killed ${late.job} had sent lands: ${did}`, { ...after, engines });
}

/** @returns the world after the running engine was killed; its write, if it had sent one, may land later. */
export function killEngine(world: World): readonly World[] {
  const { running: engine, late } = world.engines;
  if (!engine) return [];
  const killed = { ...world, engines: { late } };
  const sent = sentBy(engine);
  return sent && !late ? [killed, { ...world, engines: { late: sent } }] : [killed];
}

interface Context {
  readonly world: World;
  readonly engine: Engine;
  readonly model: Model;
  readonly finish: Finish;
  readonly emit: Emit<World>;
}

const STEPS: Readonly<Record<Engine["step"], (context: Context) => void>> = {
  wait({ world, engine, model, emit }) {
    if (engine.awaitsClocks) return;
    const passed = go(world, clean(engine, "look"));
    if (!isAwaited(world, model)) emit("engine", `${engine.job}: the claim window has passed`, passed);
    else if (model.size.pauses)
      emit("pod", `${engine.job}: the claim window passes while a pod is stopped in it`, markAttempts(passed, overdue));
  },

  look({ world, engine, emit }) {
    const { primary, job } = engine;
    // The drain reads the source, then the owner; the others ask both at once.
    const owners = job === "drain" ? [other(primary)] : [primary, other(primary)];
    for (const seenAt of owners) {
      const seen = world.shards.held[seenAt];
      const did = `${engine.job}: sees ${say(seen)} on the ${seenAt} owner`;
      emit("engine", did, go(world, { ...engine, step: "lookOther", seenAt, seen }));
    }
  },

  lookOther(context) {
    const { world, engine, emit } = context;
    const { primary, seenAt = primary, seen } = engine;
    const there = world.shards.held[other(seenAt)];
    const [decides, follows] = seenAt === primary ? [seen, there] : [there, seen];
    const did = `${engine.job}: sees ${say(there)} on the ${other(seenAt)} owner`;
    emit("engine", did, decide(context, decides, follows));
  },

  read(context) {
    const { world, engine, emit } = context;
    const from = other(writtenTo(engine));
    const copy = world.shards.held[from];
    const did = `${engine.job}: reads ${say(copy)} on the ${from} owner`;
    emit("engine", did, copy ? go(world, { ...engine, step: "write", copy }) : afterWrite(context, world));
  },

  write(context) {
    const { world, engine, model, emit } = context;
    const { after, did, changed } = land(world, writeOf(engine), model);
    // A mover that has changed is looked at again; an extra is left to the next pass.
    const again = changed && engine.pass === "movers" && engine.job !== "drain";
    emit("engine", `${engine.job}: ${did}`, again ? go(after, clean(engine, "look")) : afterWrite(context, after));
  },

  remove(context) {
    const { world, engine, model, emit } = context;
    const { after, did } = land(world, removalOf(engine), model);
    emit("engine", `${engine.job}: ${did}`, next(context, after));
  },
};

/** What is to be done with a key, from what was seen of it on both owners. */
function decide(context: Context, decides: Copy | undefined, follows: Copy | undefined): World {
  const { world, engine, model } = context;
  if (engine.job === "drain") return decideDrain(context, decides, follows);
  const now = laterClock(world.shards);
  const absent = engine.pass === "movers" ? decides === undefined : follows === undefined;
  if (absent) return next(context, world);
  if (engine.pass === "movers") {
    const same = decides?.claim === follows?.claim && decides?.expiry === follows?.expiry;
    if (same || (decides as Copy).expiry <= now) return next(context, world);
    // The other owner's copy is carried over in the next pass.
    if (yields(context, decides, follows)) return next(context, world);
    return go(world, { ...clean(engine, "read"), expected: follows, dirty: true });
  }
  const extra = decides === undefined || yields(context, decides, follows);
  if (!extra || (follows as Copy).expiry <= now) return next(context, world);
  const keeps = model.safeguards.completesAfterLoss && isSuspect(world, engine.primary);
  const deletes = (engine.job === "catchUp" && !keeps) || (isMixed(world) && !model.safeguards.repairCompletesMixed);
  const found = { ...clean(engine, deletes ? "remove" : "read"), dirty: true };
  return go(world, { ...found, expected: deletes ? follows : decides });
}

/** Whether the deciding owner's copy gives way to another one, because its shard may have lost writes. */
function yields({ world, engine, model }: Context, decides: Copy | undefined, follows: Copy | undefined): boolean {
  const isJudge = engine.job === "catchUp" || engine.job === "verify";
  if (!isJudge || !model.safeguards.otherStandsAfterLoss || !isSuspect(world, engine.primary)) return false;
  return decides !== undefined && follows !== undefined && decides.claim !== follows.claim;
}

/** Whether pods with different primaries write both owners side by side. */
function isMixed({ pods }: World): boolean {
  const live = liveConfigs(pods);
  return live.includes("DA") && live.includes("DB");
}

function decideDrain(context: Context, owns: Copy | undefined, old: Copy | undefined): World {
  const { world, engine, model } = context;
  if (old === undefined) return next(context, world);
  const found = { ...clean(engine, "remove"), dirty: true, expected: old };
  // What only the ring of an abandoned migration holds is a left-over.
  const rescues = model.safeguards.cleanupRescues && (engine.primary === "target" || isSuspect(world, engine.primary));
  if (owns === undefined && rescues) return go(world, { ...found, step: "read" });
  const equal = owns?.claim === old.claim;
  if (owns !== undefined && !equal && !model.safeguards.cleanupDeletesDifferent) return next(context, go(world, found));
  return go(world, found);
}

/** What follows a copy: the drain takes the original off; the others are done with the key. */
function afterWrite(context: Context, world: World): World {
  const { engine } = context;
  if (engine.job !== "drain") return next(context, world);
  return go(world, { ...clean(engine, "remove"), expected: engine.expected });
}

/** The next pass, or the end. */
function next({ model, finish }: Context, world: World): World {
  const engine = clean(world.engines.running as Engine, "look");
  if (engine.pass === "movers" && (engine.job === "catchUp" || engine.job === "verify")) {
    return go(world, { ...engine, pass: "extras" });
  }
  const untilClean = engine.job === "verify" || engine.job === "drain";
  if (untilClean && engine.dirty) return beginPass(world, { ...engine, pass: "movers", dirty: false }, model);
  return finish({ ...world, engines: { late: world.engines.late } }, engine);
}

/** A pass of verify first waits for every claim that has made its first write by now. */
function beginPass(world: World, engine: Engine, model: Model): World {
  if (engine.job !== "verify" || !model.safeguards.drainsWindow) return go(world, { ...engine, step: "look" });
  const marked = markAttempts(world, (attempt) =>
    isBounded(attempt, model) ? { ...attempt, awaited: true } : attempt,
  );
  const { clock } = world.shards;
  return go(marked, { ...engine, step: "wait", awaitsClocks: clock.current !== clock.target });
}

const overdue = (attempt: Attempt): Attempt => (attempt.awaited ? { ...attempt, awaited: false, late: true } : attempt);

function markAttempts(world: World, change: (attempt: Attempt) => Attempt): World {
  const mark = <T extends { readonly attempt?: Attempt | undefined }>(one: T): T =>
    one.attempt ? { ...one, attempt: change(one.attempt) } : one;
  return { ...world, clients: world.clients.map(mark), orphan: world.orphan && mark(world.orphan) };
}

/** Whether a later write of a claim that began before the wait may still land. */
function isAwaited({ clients, orphan }: World, { safeguards }: Model): boolean {
  const waitsForOrphan = safeguards.drainsCommands || !orphan?.podGone;
  return [...clients, waitsForOrphan ? orphan : undefined].some((one) => one?.attempt?.awaited === true);
}

interface Landed {
  readonly after: World;
  readonly did: string;
  readonly changed: boolean;
}

/** The scripts that write and delete on a shard. */
function land(world: World, sent: LateWrite, model: Model): Landed {
  const { owner, expected, copy } = sent;
  const { safeguards } = model;
  const { shards } = world;
  const held = shards.held[owner];
  const compares = copy === undefined || safeguards.comparesInWrite;
  if (compares && !isStill(held, expected, model)) {
    return { after: world, did: `finds something else now on the ${owner} owner`, changed: true };
  }
  const holds = (now: Copy | undefined, did: string): Landed => {
    const after = { ...world, shards: hold(shards, owner, now) };
    return { after, did: `${did} on the ${owner} owner`, changed: false };
  };
  if (copy === undefined) {
    const { after, ...removed } = holds(undefined, `deletes ${say(held)}`);
    return { ...removed, after: held ? noteRemoval(after, sent, held) : after };
  }
  if (copy.expiry > shards.clock[owner]) {
    const { after, ...landed } = holds(copy, `writes ${say(copy)}`);
    return { ...landed, after: overwrite(after, owner, held, copy) };
  }
  if (safeguards.checksExpiryInWrite) return holds(held, "is too late for the expiry");
  // RESTORE with a time to live instead of an expiry: the copy lives again.
  return holds({ ...copy, expiry: shards.clock[owner] + 1 }, `revives ${say(copy)}`);
}

/** What the scripts compare: value and expiry. */
const isStill = (held: Copy | undefined, expected: Copy | undefined, { safeguards }: Model): boolean =>
  held?.claim === expected?.claim && (!safeguards.comparesExpiry || held?.expiry === expected?.expiry);

/** Movers go to the secondary; completed claims, and what the drain rescues, to the primary. */
const writtenTo = ({ job, pass, primary }: Engine): Owner =>
  pass === "extras" || job === "drain" ? primary : other(primary);

const writeOf = (engine: Engine): LateWrite => ({
  job: engine.job,
  owner: writtenTo(engine),
  // What the drain rescues is written only where there is nothing.
  expected: engine.job === "drain" ? undefined : engine.expected,
  copy: engine.copy,
});

const removalOf = ({ job, primary, expected }: Engine): LateWrite => ({
  job,
  owner: other(primary),
  expected,
  copy: undefined,
});

function sentBy(engine: Engine): LateWrite | undefined {
  if (engine.step === "write") return writeOf(engine);
  return engine.step === "remove" ? removalOf(engine) : undefined;
}

/** What no answer has promised is somebody's half-done claim that has not been decided: it may go. */
function noteRemoval(world: World, { job, owner }: LateWrite, { claim }: Copy): World {
  const isPromised = (world.answers.promised[claim - 1] as number) > laterClock(world.shards);
  const isOnlyCopy = world.shards.held[other(owner)] === undefined;
  if (job !== "drain" || !isOnlyCopy || !isPromised || world.answers.broken) return world;
  return { ...world, answers: { ...world.answers, broken: NO_ONLY_COPY_DELETED } };
}

const go = (world: World, running: Engine): World => ({ ...world, engines: { ...world.engines, running } });

/** An engine without what it had noted about the key. */
const clean = ({ job, primary, pass, dirty }: Engine, step: Engine["step"]): Engine => ({
  job,
  primary,
  pass,
  step,
  dirty,
});

const say = (copy: Copy | undefined): string => (copy ? `claim ${copy.claim}` : "nothing");
