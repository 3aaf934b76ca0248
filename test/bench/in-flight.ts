/** Works on items batch by batch, with some batches under way at once. */
export async function inFlight<T>(
  items: readonly T[],
  size: number,
  flight: number,
  work: (batch: readonly T[]) => Promise<unknown>,
): Promise<void> {
  let at = 0;
  const worker = async () => {
    while (at < items.length) {
      const batch = items.slice(at, at + size);
      at += size;
      await work(batch);
    }
  };
  await Promise.all(Array.from({ length: flight }, worker));
}
