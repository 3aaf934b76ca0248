/**
 * For a preview, which must not hang on a shard: what those say that answer in time, in the order of the shards. The others,
 * and those that fail, are left out.
 */
export async function answersInTime<S, T>(
  shards: readonly S[],
  ask: (shard: S) => Promise<T>,
  withinMs: number,
): Promise<readonly T[]> {
  // Whoever has not answered is a hole, which `flat` takes out.
  const answers: [T][] = [];
  const asked = shards.map(async (shard, i) => (answers[i] = [await ask(shard)]));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
  await Promise.race([Promise.allSettled(asked), late]);
  clearTimeout(timer);
  return answers.flat();
}
