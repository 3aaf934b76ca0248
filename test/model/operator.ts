/** The operator and the `up`s: moves that the product's own phase table allows, each `up` interrupted anywhere. */
import { hasWork, PHASES, type Phase } from "../../migration/phases";
import type { Emit } from "./checker/explore";
import { engineSteps, killEngine, lateSteps, startEngine } from "./engines";
import { checksOf, configOf, decidingIn, finishes, forgottenIn, holds, nextPhases } from "./gate";
import { isEmptied, noteShards } from "./losses";
import { allRun, isRolledOut, plainPods } from "./pods";
import type { Safeguards } from "./safeguards";
import { refreshSteps, seesForeignRing } from "./writer";
import { writesBoth } from "./world";
import type { Control, Engine, EngineJob, Model, Stage, World } from "./world";

/** Emits what the operator, the running `up` and its engines can do. */
export function operatorSteps(world: World, model: Model, emit: Emit<World>): void {
  const { running } = world.engines;
  lateSteps(world, model, emit);
  // Engines, steps and gates refuse a shard without a card.
  if (isEmptied(world)) return;
  if (!running) refreshSteps(world, model, (control) => restart(control, model), emit);
  if (running && seesForeignRing(world.pods, model)) {
    const stopped = { ...world, engines: { late: world.engines.late }, control: { ...world.control, gate: undefined } };
    emit("engine", `${running.job} stops: another ring is in the ConfigMap`, stopped);
    return;
  }
  if (!running) {
    stageSteps(world, model, emit);
    for (const to of nextPhases(world.control, model)) askGate(world, to, model, emit);
    return;
  }
  engineSteps(world, model, (after, engine) => workEnded(after, engine, model), emit);
  if (model.size.straight) return;
  for (const killed of killEngine(world)) {
    const control = { ...killed.control, gate: undefined };
    emit("operator", `pulumi up is killed in ${running.job}`, { ...killed, control });
  }
}

function askGate(world: World, to: Phase, model: Model, emit: Emit<World>): void {
  const { control, pods } = world;
  if (seesForeignRing(pods, model)) return;
  const checks = checksOf(control.phase, to);
  const results = checks.map((check) => holds(check, world, to, model));
  if (results.includes(false)) return;
  const label = `pulumi up from ${control.phase} to ${to}`;
  if (results.includes("verify")) {
    const asked = { ...world, control: { ...control, gate: to } };
    emit("operator", `${label}: the gate verifies`, startEngine(asked, "verify", decidingIn(control.phase), model));
    return;
  }
  // A gate with anything to check takes the lock.
  const fenced = model.safeguards.fencing && checks.length > 0 ? { ...world, engines: {} } : world;
  emit("operator", `${label}: the gate opens`, passGate(fenced, to, model));
}

function passGate(world: World, to: Phase, model: Model): World {
  const { safeguards, size } = model;
  const { control } = world;
  const isWatched = safeguards.asksGateAgain && ((size.foreignWrites ?? 0) > 0 || size.losses !== undefined);
  const finished = finishes(control.phase, to);
  const config = configOf(to, finished);
  const passed: Control = {
    ...control,
    ...forgottenIn(config),
    phase: to,
    cameFrom: control.phase,
    finished,
    gate: undefined,
    todo: stagesOf(control, to, safeguards),
    closed: false,
    verified: control.verified && writesBoth(config),
    wentBack: !finished && PHASES.indexOf(to) < PHASES.indexOf(control.phase),
  };
  const opened = { ...world, control: passed };
  // A gate whose move was not made is asked again, so that it is as if gate and move were one.
  return isWatched ? writeConfigMap(opened, model) : opened;
}

/** What is to be done again once the ring of the phase is there. */
function restart(control: Control, { safeguards }: Model): Control {
  const todo = stagesOf(control, control.phase, safeguards);
  return { ...control, gate: undefined, todo: todo.slice(todo.indexOf("rollout")) };
}

const STEPS: readonly EngineJob[] = ["preCopy", "catchUp", "verify", "drain"];

function stagesOf({ phase: from }: Control, phase: Phase, safeguards: Safeguards): readonly Stage[] {
  const { catchUpAfterBarrier, verifyAfterBarrier, verifiesBack } = safeguards;
  const isLeftOut = (step: EngineJob) => step === "verify" && from === "cleanup" && !verifiesBack;
  const work = STEPS.filter((step) => hasWork(phase, step) && !isLeftOut(step));
  const isEarly = (step: EngineJob) =>
    (step === "catchUp" && !catchUpAfterBarrier) || (step === "verify" && !verifyAfterBarrier);
  const plan: readonly Stage[] = hasWork(phase, "plan") ? ["plan"] : [];
  const early = work.filter(isEarly);
  const late = work.filter((step) => !isEarly(step));
  return [...plan, "configMap", "rollout", ...early, "barrier", ...late, "nothing"];
}

/** The next stage of the `up` under way, or of the next `up` for the same phase. */
function stageSteps(world: World, model: Model, emit: Emit<World>): void {
  const { control, pods, orphan } = world;
  const [stage] = control.todo;
  const label = `pulumi up (${control.phase}): ${stage}`;
  switch (stage) {
    case undefined:
    case "nothing":
      return;
    case "plan":
      if (!control.foreignCard) emit("engine", label, done(world, { planned: true }));
      return;
    case "configMap":
      emit("engine", `${label} = ${configOf(control.phase, control.finished)}`, writeConfigMap(world, model));
      return;
    case "rollout":
      if (isRolledOut(pods, configOf(control.phase, control.finished)))
        emit("engine", `${label} has ended`, done(world));
      return;
    case "barrier": {
      if (seesForeignRing(pods, model) || (pods.foreign && model.safeguards.watchesRing)) return;
      const isQuiet = !model.safeguards.waitsForCommands || !orphan?.podGone;
      const wanted = configOf(control.phase, control.finished);
      if (isQuiet && allRun(pods, wanted, model.safeguards)) emit("engine", `${label} has ended`, done(world));
      return;
    }
    case "preCopy":
    case "catchUp":
    case "verify":
    case "drain":
      if (seesForeignRing(pods, model)) return;
      if (isDone(stage, control, model)) emit("engine", `${label}: nothing to do`, workDone(world, stage));
      else emit("engine", `${label} starts`, startWork(world, stage, model));
  }
}

function writeConfigMap(world: World, { safeguards, size }: Model): World {
  const { control, pods } = world;
  const ring = configOf(control.phase, control.finished);
  // A checkpoint of an earlier epoch is void.
  const halfCaughtUp = control.halfCaughtUp && ring === pods.ring;
  // Under a number that there was already, the Deployment's template does not change.
  const told = safeguards.epochNeverTwice ? plainPods(pods) : pods;
  const before = ring === pods.ring || !size.foreignWrites ? pods.before : pods.ring;
  const todo = control.todo.filter((stage) => stage !== "configMap");
  const written = { ...told, ring, before, foreign: undefined };
  return { ...world, pods: written, control: { ...control, halfCaughtUp, todo } };
}

/** Work that the migration record says has been done. */
function isDone(job: EngineJob, control: Control, { safeguards }: Model): boolean {
  const { planned, preCopied, inStep, drained, phase, cameFrom } = control;
  if (job === "preCopy") return preCopied;
  if (job === "catchUp") return inStep || (!safeguards.copiesBack && cameFrom === "cleanup");
  // Without a record there is nothing to close; of a finished migration only the record goes.
  return job === "drain" && phase === "stable" && (drained || !planned);
}

function startWork(world: World, job: EngineJob, model: Model): World {
  const started = startEngine(world, job, decidingIn(world.control.phase), model);
  const { running } = started.engines;
  if (job !== "catchUp" || !world.control.halfCaughtUp || !running) return started;
  return { ...started, engines: { ...started.engines, running: { ...running, pass: "extras" } } };
}

/** What a run leaves when it has done its work. */
function workEnded(world: World, { job }: Engine, model: Model): World {
  const { control, pods } = world;
  const verified = control.verified || (job === "verify" && writesBoth(pods.ring));
  const isNoted = job === "verify" || (job === "drain" && decidingIn(control.phase) === "target");
  const noted = { ...(isNoted ? noteShards(world) : world), control: { ...control, verified } };
  return control.gate ? passGate(noted, control.gate, model) : workDone(noted, job);
}

function workDone(world: World, job: EngineJob): World {
  const { phase, cutover, drained, planned } = world.control;
  // Without a record nothing is taken off: what came there since is a left-over.
  const isDisturbed = world.pods.writes > 0 || world.loss !== undefined;
  const decides = decidingIn(phase);
  switch (job) {
    case "preCopy":
      return done(world, { preCopied: true });
    case "catchUp":
      return done(world, { inStep: true, halfCaughtUp: false, cutover: cutover || decides === "target" });
    case "verify":
      return done(world);
    case "drain":
      if (decides === "target") return done(world, { drained: true });
      return done(world, { closed: !drained && (planned || !isDisturbed), ...NO_RECORD });
  }
}

const NO_RECORD = { planned: false, preCopied: false, inStep: false, cutover: false } as const;

const done = (world: World, facts: Partial<Control> = {}): World => ({
  ...world,
  control: { ...world.control, ...facts, todo: world.control.todo.slice(1) },
});
