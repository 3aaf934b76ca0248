/** Clients and the requests that they make: any number of tries each, one at a time. */
import type { Emit } from "./checker/explore";
import { noteAnswer } from "./answers";
import { beginAttempt, isAnswered, ownerAsked, stepClaim, type AnsweredStep, type ClaimStep } from "./claims";
import { isEmptied } from "./losses";
import { leftBehind, liveConfigs, other } from "./world";
import type { Attempt, Client, Model, Owner, World } from "./world";

/** Emits what clients and the pods that serve them can do. */
export function clientSteps(world: World, model: Model, emit: Emit<World>): void {
  world.clients.forEach(({ attempt, answer }, i) => {
    if (attempt) requestSteps(world, i, attempt, model, emit);
    else if (answer === undefined && mayStart(world, i)) startSteps(world, i, model, emit);
  });
  orphanSteps(world, model, emit);
}

/** Clients are alike, so they start in order: every other order is this one with other names. */
const mayStart = ({ clients }: World, i: number): boolean => i === 0 || (clients[i - 1]?.asked ?? 0) > 0;

function startSteps(world: World, i: number, model: Model, emit: Emit<World>): void {
  for (const config of liveConfigs(world.pods)) {
    const attempt = beginAttempt(config, world.shards, model);
    const clients = world.clients.map((one, at): Client => (at === i ? { asked: attempt.expiry, attempt } : one));
    emit("client", `client ${i + 1} asks a ${config} pod`, { ...world, clients });
    if (!model.size.swaps) continue;
    for (const astray of ["current", "target"] as const) {
      const misled = clients.map((one, at): Client => (at === i ? { ...one, attempt: { ...attempt, astray } } : one));
      emit("client", `client ${i + 1} asks a ${config} pod, whose addresses are swapped`, {
        ...world,
        clients: misled,
      });
    }
  }
}

function requestSteps(world: World, i: number, attempt: Attempt, model: Model, emit: Emit<World>): void {
  const step = stepOf(world, attempt, i + 1, model);
  const label = `client ${i + 1} through ${attempt.config} pod: ${step.did}`;
  const after = { ...world, shards: step.shards };
  if (isAnswered(step)) {
    emit("pod", `${label} → ${say(step)}`, noteAnswer(after, { client: i, config: attempt.config, ...step }));
    // A crash may also come between the command and the answer.
    emit("pod", `${label}, but the answer is lost`, withAttempt(after, i, undefined));
  } else emit("pod", step.answer ? `${label} → try again` : label, withAttempt(after, i, step.next));
  failureSteps(world, i, attempt, model, emit);
}

/**
 * Carries out the next command of a request. A shard that was emptied has no card, and at an address that leads elsewhere
 * another shard shows its own: then nothing is written there, and nothing read.
 */
export function stepOf(world: World, attempt: Attempt, claim: number, model: Model): ClaimStep {
  const owner = ownerAsked(attempt, model);
  const refused = model.safeguards.backendsAskCards ? cardProblem(world, attempt, owner) : undefined;
  if (refused === undefined) return stepClaim(world.shards, attempt, claim, model);
  return { did: refused, shards: world.shards, answer: "retry" };
}

function cardProblem(world: World, { astray }: Attempt, owner: Owner): string | undefined {
  if (astray === owner) return `at the ${owner} owner's address the ${other(owner)} owner shows its card`;
  return isEmptied(world) && world.loss?.owner === owner ? `the ${owner} owner has no card` : undefined;
}

/** How a request may go unanswered between two commands. */
function failureSteps(world: World, i: number, attempt: Attempt, { size }: Model, emit: Emit<World>): void {
  const [client, pod] = [`client ${i + 1}`, `${attempt.config} pod`];
  const gaveUp = withAttempt(world, i, undefined);
  emit("pod", `${client}'s ${pod} crashes or refuses to go on`, gaveUp);
  if (!size.orphans || world.orphan) return;
  const goesOn = { client: i, attempt, podGone: false };
  emit("pod", `${client} stops waiting; its ${pod} goes on`, { ...gaveUp, orphan: goesOn });
  const orphan = leftBehind(i, attempt);
  if (orphan) emit("pod", `${client}'s ${pod} crashes with a command on its way`, { ...gaveUp, orphan });
}

function orphanSteps(world: World, model: Model, emit: Emit<World>): void {
  const { orphan } = world;
  if (!orphan) return;
  const { client, attempt, podGone } = orphan;
  const step = stepOf(world, attempt, client + 1, model);
  const next = step.next && !podGone ? { ...orphan, attempt: step.next } : undefined;
  const label = `${podGone ? "late" : "given up"} request of client ${client + 1} through ${attempt.config} pod`;
  emit("pod", `${label}: ${step.did}`, { ...world, shards: step.shards, orphan: next });
  emit("pod", `${label} ends`, { ...world, orphan: undefined });
}

const say = ({ answer, stored }: AnsweredStep): string =>
  answer === "first" ? "answered first" : `answered duplicate of claim ${stored.claim}`;

function withAttempt(world: World, i: number, attempt: Attempt | undefined): World {
  const clients = world.clients.map((one, at): Client => (at === i ? { ...one, attempt } : one));
  return { ...world, clients };
}
